//! `x·Wᵀ` for a few rows, as in decoding: the weight is read once, as it lies in memory, where a
//! general product would first rearrange all of it. `way` says how on which processor, `vectors` has
//! the loops.

#[cfg(target_arch = "x86_64")]
mod vectors;
mod way;

use candle_core::{CpuStorage, InplaceOp3, Layout, Result, bail};
use half::bf16;
use rayon::prelude::*;

use self::way::{Brain, Full, Number, Plain, Way, Widened};
use super::kernel::{self, Kernel};
use crate::ops::cpu::{self, SharedMut};

/// Up to so many rows are worth it.
pub(super) const FEW: usize = 64;
/// Rows of the weight in one piece of work.
const PIECE: usize = 36;

/// `dst = x · weightᵀ`; rows of `dst` may lie apart, `x` and `weight` are contiguous. The weight may
/// be in bfloat16.
pub(super) struct FewRows;

impl InplaceOp3 for FewRows {
    fn name(&self) -> &'static str {
        "trainer-few-rows"
    }

    fn cpu_fwd(
        &self,
        dst: &mut CpuStorage,
        dst_layout: &Layout,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<()> {
        let (rows, columns) = dst_layout.shape().dims2()?;
        let (outputs, width) = weight_layout.shape().dims2()?;
        if x_layout.shape().dims2()? != (rows, width) || columns != outputs || rows == 0 {
            bail!("cannot multiply {x_layout:?} by {weight_layout:?} into {dst_layout:?}");
        }
        let x = cpu::source(x, x_layout)?;
        let (stride, start) = (dst_layout.stride()[0], dst_layout.start_offset());
        let dst = &mut cpu::floats_mut(dst)?[start..start + (rows - 1) * stride + columns];
        let out = Out {
            data: SharedMut::new(dst),
            stride,
            width,
        };
        if let CpuStorage::BF16(_) = weight {
            let weight = cpu::source_of::<bf16>(weight, weight_layout)?;
            if kernel::Brain::is_there() {
                out.products::<Brain>(x, weight, true);
            } else {
                out.widened_products(x, weight, true);
            }
        } else {
            out.full_products(x, cpu::source(weight, weight_layout)?, true);
        }
        Ok(())
    }
}

/// `dst = x · rowsᵀ` on this thread: `[m, n]` of `[m, width]` and `[n, width]`, without gaps.
pub(in crate::ops) fn products(dst: &mut [f32], x: &[f32], rows: &[f32], width: usize) {
    debug_assert_eq!(dst.len() * width * width, x.len() * rows.len());
    let out = Out {
        stride: rows.len() / width.max(1),
        data: SharedMut::new(dst),
        width,
    };
    out.full_products(x, rows, false);
}

/// Where products go.
struct Out {
    data: SharedMut,
    /// From one row to the next.
    stride: usize,
    /// Terms of each product.
    width: usize,
}

impl Out {
    /// Writes the products of all rows of x and of a weight of 32 bits.
    fn full_products(&self, x: &[f32], weight: &[f32], threads: bool) {
        if kernel::Full::is_there() {
            self.products::<Full>(x, weight, threads);
        } else {
            self.widened_products(x, weight, threads);
        }
    }

    /// The same without AVX-512.
    fn widened_products<T: Number>(&self, x: &[f32], weight: &[T], threads: bool) {
        if Widened::<T>::is_there() {
            self.products::<Widened<T>>(x, weight, threads);
        } else {
            self.products::<Plain<T>>(x, weight, threads);
        }
    }

    /// Writes the products of all rows of x and of the weight.
    fn products<W: Way>(&self, x: &[f32], weight: &[W::Weight], threads: bool) {
        let width = self.width;
        let x = W::packed(x, width);
        let products = |(piece, block): (usize, &[W::Weight])| {
            for (group, weights) in block.chunks(W::COLUMNS * width).enumerate() {
                let first = piece * PIECE + group * W::COLUMNS;
                let end = first * width + weights.len();
                let next = &weight[end..weight.len().min(end + W::COLUMNS * width)];
                self.group::<W>(&x, weights, next, first);
            }
        };
        if threads {
            let pieces = weight.par_chunks(PIECE * width).enumerate();
            pieces.for_each(products);
        } else {
            weight.chunks(PIECE * width).enumerate().for_each(products);
        }
    }

    /// The products of all packed rows of x with some rows of the weight, the first of which has a number;
    /// `next` is fetched from memory meanwhile.
    fn group<W: Way>(&self, x: &[W::X], weights: &[W::Weight], next: &[W::Weight], first: usize) {
        let width = self.width;
        let packed_width = W::packed_width(width);
        let groups = x.chunks(way::ROWS * packed_width);
        let share = next.len().div_ceil(groups.len().max(1)).max(1);
        let mut ahead = next.chunks(share);
        for (group, rows) in groups.enumerate() {
            way::prefetch(ahead.next().unwrap_or_default());
            let row = group * way::ROWS;
            let count = rows.len() / packed_width;
            match weights.len() / width {
                6 => self.write(row, first, &W::tile::<6>(rows, weights, width), count),
                3 => self.write(row, first, &W::tile::<3>(rows, weights, width), count),
                _ => {
                    for (index, weight) in weights.chunks_exact(width).enumerate() {
                        let column = W::tile::<1>(rows, weight, width);
                        self.write(row, first + index, &column, count);
                    }
                }
            }
        }
    }

    /// Writes the products of some rows of x, by row of the weight.
    fn write(&self, row: usize, column: usize, products: &[[f32; way::ROWS]], rows: usize) {
        for (index, products) in products.iter().enumerate() {
            for (lane, product) in products.iter().take(rows).enumerate() {
                #[expect(unsafe_code, reason = "tasks write disjoint columns of one matrix")]
                // SAFETY: row and column lie within the destination, and each column belongs to one
                // task.
                unsafe {
                    let place = (row + lane) * self.stride + column + index;
                    self.data.pointer().add(place).write(*product);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Tensor};

    use crate::ops::{Products, linear};

    #[test]
    fn few_rows_agree_with_the_general_product() {
        for (rows, kind) in [1, 3, 4, 6, 33, 64]
            .into_iter()
            .flat_map(|rows| [(rows, DType::F32), (rows, DType::BF16)])
        {
            let x = Tensor::randn(0f32, 1.0, (rows, 71), &Device::Cpu).unwrap();
            let weight = Tensor::randn(0f32, 1.0, (45, 71), &Device::Cpu).unwrap();
            let weight = weight.to_dtype(kind).unwrap();
            let wide = Tensor::zeros((rows, 60), DType::F32, &Device::Cpu).unwrap();
            let expected = Tensor::zeros((rows, 45), DType::F32, &Device::Cpu).unwrap();
            let dst = wide.narrow(1, 7, 45).unwrap();
            linear(&dst, &x, &weight).unwrap();
            Products::default()
                .gemm(&expected, &x, &weight.t().unwrap())
                .unwrap();
            let largest = |tensor: Tensor| {
                let largest = tensor.abs().unwrap().max_all().unwrap();
                largest.to_scalar::<f32>().unwrap()
            };
            assert!(largest((dst - expected).unwrap()) < 1e-4, "{rows} {kind:?}");
            assert!(largest(wide.narrow(1, 52, 8).unwrap()) == 0.0);
        }
    }
}
