//! `x·Wᵀ` for a few rows, as in decoding: the weight is read once, as it lies in memory, where a
//! general product would first rearrange all of it.

use candle_core::{CpuStorage, InplaceOp3, Layout, Result, bail};
use rayon::prelude::*;

use super::cpu::{self, SharedMut};

/// Up to so many rows are worth it.
pub(super) const FEW: usize = 64;
/// Rows of the weight in one piece of work.
const PIECE: usize = 36;
/// Rows of x, and of the weight, that are multiplied together: their twelve sums and what is loaded
/// for them fill the registers of AVX2.
const TILE: (usize, usize) = (4, 3);
/// Numbers in one sum's register.
const LANES: usize = 8;

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
                for (group, weights) in block.chunks(TILE.1 * width).enumerate() {
                    let first = piece * PIECE + group * TILE.1;
                    let end = first * width + weights.len();
                    let next = &weight[end..weight.len().min(end + TILE.1 * width)];
                    each_product(x, weights, next, width, |row, index, value| {
                        #[expect(
                            unsafe_code,
                            reason = "tasks write disjoint columns of one matrix"
                        )]
                        // SAFETY: row and column lie within the slice above, and each column belongs
                        // to one task.
                        unsafe {
                            let place = row * stride + first + index;
                            dst.pointer().add(place).write(value);
                        }
                    });
                }
            });
        Ok(())
    }
}

/// Calls `write(row of x, row of weights, product)` for all of them, and has `next` fetched from
/// memory meanwhile.
fn each_product(
    x: &[f32],
    weights: &[f32],
    next: &[f32],
    width: usize,
    mut write: impl FnMut(usize, usize, f32),
) {
    let groups = x.chunks(TILE.0 * width);
    let share = next.len().div_ceil(groups.len().max(1)).max(1);
    let mut ahead = next.chunks(share);
    for (group, rows) in groups.enumerate() {
        let first = group * TILE.0;
        prefetch(ahead.next().unwrap_or_default());
        let count = rows.len() / width.max(1);
        if weights.len() == TILE.1 * width {
            for (index, sums) in tile(rows, weights, width).iter().enumerate() {
                for (row, sum) in sums.iter().take(count).enumerate() {
                    write(first + row, index, *sum);
                }
            }
            continue;
        }
        for (row, x) in rows.chunks_exact(width).enumerate() {
            for (index, weight) in weights.chunks_exact(width).enumerate() {
                write(first + row, index, product(x, weight));
            }
        }
    }
}

/// Asks for numbers that are needed soon.
fn prefetch(values: &[f32]) {
    #[cfg(target_arch = "x86_64")]
    for line in values.chunks(16) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        #[expect(unsafe_code, reason = "takes a pointer")]
        // SAFETY: the pointer comes from a slice; a prefetch reads nothing that a program sees.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = values;
}

/// The products of up to four rows of x and three of the weight, by weight and row of x. Each is
/// summed as [`product`] does, so that a row's result does not depend on its neighbours.
fn tile(rows: &[f32], weights: &[f32], width: usize) -> [[f32; TILE.0]; TILE.1] {
    let count = rows.len() / width.max(1);
    #[cfg(target_arch = "x86_64")]
    if fused::is_there() {
        #[expect(unsafe_code, reason = "calls a function compiled for AVX2 and FMA")]
        // SAFETY: the processor has both, as the line above found.
        return unsafe {
            match count {
                1 => fused::tile::<1>(rows, weights, width),
                2 => fused::tile::<2>(rows, weights, width),
                3 => fused::tile::<3>(rows, weights, width),
                _ => fused::tile::<{ TILE.0 }>(rows, weights, width),
            }
        };
    }
    let mut products = [[0.0; TILE.0]; TILE.1];
    for (products, weight) in products.iter_mut().zip(weights.chunks_exact(width)) {
        for (product, x) in products
            .iter_mut()
            .zip(rows.chunks_exact(width))
            .take(count)
        {
            *product = plain(x, weight);
        }
    }
    products
}

/// The product of one row of x and one of the weight.
fn product(x: &[f32], weight: &[f32]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if fused::is_there() {
        #[expect(unsafe_code, reason = "calls a function compiled for AVX2 and FMA")]
        // SAFETY: the processor has both, as the line above found.
        return unsafe { fused::product(x, weight) };
    }
    plain(x, weight)
}

/// A product by eight sums, on processors that fuse no multiplication with an addition.
fn plain(x: &[f32], weight: &[f32]) -> f32 {
    let ((x, x_rest), (w, w_rest)) = (x.as_chunks::<LANES>(), weight.as_chunks::<LANES>());
    let mut lanes = [0f32; LANES];
    for (x, w) in x.iter().zip(w) {
        for lane in 0..LANES {
            lanes[lane] += x[lane] * w[lane];
        }
    }
    let rest = x_rest.iter().zip(w_rest);
    rest.fold(fold(lanes), |sum, (x, w)| sum + x * w)
}

/// Adds lanes in a fixed order.
#[inline]
fn fold([a, b, c, d, e, f, g, h]: [f32; LANES]) -> f32 {
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// The same for processors with AVX2 and FMA. Written out, because the compiler does not keep the
/// sums of a tile in registers by itself.
#[cfg(target_arch = "x86_64")]
mod fused {
    use std::arch::x86_64::{
        __m256, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_setzero_ps, _mm256_storeu_ps,
    };

    use super::{LANES, TILE, fold};

    pub(super) fn is_there() -> bool {
        std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
    }

    /// The products of the first R rows of x; those of others are zero.
    #[target_feature(enable = "avx2,fma")]
    pub(super) fn tile<const R: usize>(
        rows: &[f32],
        weights: &[f32],
        width: usize,
    ) -> [[f32; TILE.0]; TILE.1] {
        let (rows, weights) = (&rows[..R * width], &weights[..TILE.1 * width]);
        let whole = width / LANES * LANES;
        let mut sums = [[_mm256_setzero_ps(); R]; TILE.1];
        for at in (0..whole).step_by(LANES) {
            let mut w = [_mm256_setzero_ps(); TILE.1];
            for (row, w) in w.iter_mut().enumerate() {
                #[expect(unsafe_code, reason = "loads through a pointer, unchecked")]
                // SAFETY: `at + LANES` is at most `width`, and so many rows were sliced off above.
                unsafe {
                    *w = _mm256_loadu_ps(weights.as_ptr().add(row * width + at));
                }
            }
            // Three of these and one of x leave room for twelve sums.
            for row in 0..R {
                #[expect(unsafe_code, reason = "loads through a pointer, unchecked")]
                // SAFETY: as above.
                let x = unsafe { _mm256_loadu_ps(rows.as_ptr().add(row * width + at)) };
                for (sums, w) in sums.iter_mut().zip(w) {
                    sums[row] = _mm256_fmadd_ps(x, w, sums[row]);
                }
            }
        }
        let mut products = [[0.0; TILE.0]; TILE.1];
        for (weight, (products, sums)) in products.iter_mut().zip(sums).enumerate() {
            let weight = &weights[weight * width..(weight + 1) * width];
            for (row, (product, sum)) in products.iter_mut().zip(sums).enumerate() {
                let x = &rows[row * width..(row + 1) * width];
                *product = finish(sum, &x[whole..], &weight[whole..]);
            }
        }
        products
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn product(x: &[f32], weight: &[f32]) -> f32 {
        let whole = weight.len().min(x.len()) / LANES * LANES;
        let mut sum = _mm256_setzero_ps();
        for at in (0..whole).step_by(LANES) {
            #[expect(unsafe_code, reason = "loads through pointers, unchecked")]
            // SAFETY: `at + LANES` is at most the length of the shorter one.
            let (x, w) = unsafe {
                let (x, w) = (x.as_ptr().add(at), weight.as_ptr().add(at));
                (_mm256_loadu_ps(x), _mm256_loadu_ps(w))
            };
            sum = _mm256_fmadd_ps(x, w, sum);
        }
        finish(sum, &x[whole..], &weight[whole..])
    }

    #[target_feature(enable = "avx2,fma")]
    #[inline]
    fn finish(sum: __m256, x: &[f32], weight: &[f32]) -> f32 {
        let mut lanes = [0f32; LANES];
        #[expect(unsafe_code, reason = "stores through a pointer")]
        // SAFETY: the array has as many numbers as the register.
        unsafe {
            _mm256_storeu_ps(lanes.as_mut_ptr(), sum);
        }
        let mut sum = fold(lanes);
        for (x, w) in x.iter().zip(weight) {
            sum = x.mul_add(*w, sum);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Tensor};

    use super::*;
    use crate::ops::{gemm, linear};

    #[test]
    fn few_rows_agree_with_the_general_product() {
        for rows in [1, 3, 4, 6, 33, 64] {
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

    #[test]
    fn a_product_is_the_same_in_a_tile_and_alone() {
        let numbers = |count: usize, seed: usize| -> Vec<f32> {
            (0..count)
                .map(|at| ((at * 37 + seed) % 101) as f32 / 7.0 - 7.0)
                .collect()
        };
        let width = 45;
        let (rows, weights) = (numbers(TILE.0 * width, 3), numbers(TILE.1 * width, 8));
        for count in 1..=TILE.0 {
            let rows = &rows[..count * width];
            let sums = tile(rows, &weights, width);
            for (sums, weight) in sums.iter().zip(weights.chunks_exact(width)) {
                for (sum, x) in sums.iter().zip(rows.chunks_exact(width)) {
                    assert!(sum.to_bits() == product(x, weight).to_bits());
                }
            }
        }
    }
}
