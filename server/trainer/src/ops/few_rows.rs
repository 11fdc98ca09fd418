//! `x·Wᵀ` for a few rows, as in decoding: the weight is read once, as it lies in memory, where a
//! general product would first rearrange all of it.

use candle_core::{CpuStorage, InplaceOp3, Layout, Result, bail};
use rayon::prelude::*;

use super::cpu::{self, SharedMut};
use super::simd::{self, vectorized};

/// Up to so many rows are worth it.
pub(super) const FEW: usize = 16;
/// Rows of the weight in one piece of work.
const PIECE: usize = 32;
/// Rows of x that share one reading of a weight row.
const TOGETHER: usize = 4;

/// `dst = x · weightᵀ`; rows of `dst` may lie apart, `x` and `weight` are contiguous.
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
        let weight = cpu::source(weight, weight_layout)?;
        let (stride, start) = (dst_layout.stride()[0], dst_layout.start_offset());
        let dst = &mut cpu::floats_mut(dst)?[start..start + (rows - 1) * stride + columns];
        let dst = SharedMut::new(dst);
        weight
            .par_chunks(PIECE * width)
            .enumerate()
            .for_each(|(piece, block)| {
                for (index, weight) in block.chunks_exact(width).enumerate() {
                    let column = piece * PIECE + index;
                    each_row(x, weight, |row, value| {
                        #[expect(
                            unsafe_code,
                            reason = "tasks write disjoint columns of one matrix"
                        )]
                        // SAFETY: row and column lie within the slice above, and each column belongs
                        // to one task.
                        unsafe {
                            dst.pointer().add(row * stride + column).write(value);
                        }
                    });
                }
            });
        Ok(())
    }
}

fn each_row(x: &[f32], weight: &[f32], mut write: impl FnMut(usize, f32)) {
    let width = weight.len();
    for (group, block) in x.chunks(TOGETHER * width).enumerate() {
        let first = group * TOGETHER;
        if block.len() == TOGETHER * width {
            for (index, value) in dots(block, weight).into_iter().enumerate() {
                write(first + index, value);
            }
        } else {
            for (index, row) in block.chunks_exact(width).enumerate() {
                write(first + index, simd::dot(row, weight));
            }
        }
    }
}

vectorized! {
    /// The products of four rows with one. Each is summed as [`simd::dot`] does, so that a row's
    /// result does not depend on its neighbours.
    pub(super) fn dots(rows: &[f32], weight: &[f32]) -> [f32; 4] {
        let width = weight.len();
        let (one, others) = rows.split_at(width);
        let (two, others) = others.split_at(width);
        let (three, four) = others.split_at(width);
        let (w, w_rest) = weight.as_chunks::<{ simd::LANES }>();
        let [one, two, three, four] = [one, two, three, four].map(|row| row.as_chunks::<{ simd::LANES }>());
        let [mut e, mut f, mut g, mut h] = [[0f32; simd::LANES]; TOGETHER];
        let all = w.iter().zip(one.0).zip(two.0).zip(three.0).zip(four.0);
        for ((((w, a), b), c), d) in all {
            for lane in 0..simd::LANES {
                e[lane] += a[lane] * w[lane];
                f[lane] += b[lane] * w[lane];
                g[lane] += c[lane] * w[lane];
                h[lane] += d[lane] * w[lane];
            }
        }
        let mut sums = [e, f, g, h].each_ref().map(simd::fold);
        for (sum, row) in sums.iter_mut().zip([one.1, two.1, three.1, four.1]) {
            for (x, w) in row.iter().zip(w_rest) {
                *sum += x * w;
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Tensor};

    use crate::ops::{gemm, linear};

    #[test]
    fn few_rows_agree_with_the_general_product() {
        for rows in [1, 3, 4, 6, 16] {
            let x = Tensor::randn(0f32, 1.0, (rows, 70), &Device::Cpu).unwrap();
            let weight = Tensor::randn(0f32, 1.0, (45, 70), &Device::Cpu).unwrap();
            let wide = Tensor::zeros((rows, 60), DType::F32, &Device::Cpu).unwrap();
            let expected = Tensor::zeros((rows, 45), DType::F32, &Device::Cpu).unwrap();
            let dst = wide.narrow(1, 7, 45).unwrap();
            linear(&dst, &x, &weight).unwrap();
            gemm(&expected, &x, &weight.t().unwrap()).unwrap();
            let difference = (dst - expected).unwrap().abs().unwrap().max_all().unwrap();
            assert!(difference.to_scalar::<f32>().unwrap() < 1e-4, "{rows} rows");
            let outside = wide
                .narrow(1, 52, 8)
                .unwrap()
                .abs()
                .unwrap()
                .max_all()
                .unwrap();
            assert!(outside.to_scalar::<f32>().unwrap() == 0.0);
        }
    }
}
