//! The ways of multiplying a few rows, by what the processor can and what the weight is.
//!
//! Each sums a product in the same order whether it is made in a tile or alone, so that a row's result
//! does not depend on its neighbours.

use std::marker::PhantomData;

use candle_core::WithDType;
use half::bf16;

use crate::ops::gemm::kernel;

/// Rows of x that are multiplied together.
pub(super) const ROWS: usize = 4;
/// Numbers of 32 bits in a register of AVX-512.
pub(super) const LANES: usize = 16;
/// Numbers of 16 bits in one.
pub(super) const HALVES: usize = 32;

/// The products of up to [`ROWS`] rows of x with one row of the weight.
pub(super) type Column = [f32; ROWS];

/// A way of multiplying.
pub(super) trait Way {
    /// The numbers of x.
    type X: Copy + Sync;
    /// The numbers of the weight.
    type Weight: Copy + Sync;
    /// Rows of the weight in a whole tile: 6, 3 or 1.
    const COLUMNS: usize;
    /// The rows of x in the order in which tiles read them, [`ROWS`] by [`ROWS`].
    fn packed(x: &[f32], width: usize) -> Vec<Self::X>;

    /// Numbers that a packed row takes.
    fn packed_width(width: usize) -> usize {
        width
    }

    /// The products of up to [`ROWS`] rows of x, packed, and C of the weight.
    fn tile<const C: usize>(
        rows: &[Self::X],
        weights: &[Self::Weight],
        width: usize,
    ) -> [Column; C];
}

/// Rows in steps of S numbers: the first step of each row of a group, then the second ones, filled up
/// with zeros, so that a tile reads on through memory.
fn in_steps<const S: usize, X: Copy + Default>(
    x: &[f32],
    width: usize,
    number: impl Fn(f32) -> X,
) -> Vec<X> {
    let rows = x.len() / width.max(1);
    let mut packed = vec![X::default(); rows * width.next_multiple_of(S)];
    let mut steps = packed.as_chunks_mut::<S>().0.iter_mut();
    for group in x.chunks((ROWS * width).max(1)) {
        for first in (0..width).step_by(S) {
            for (row, step) in group.chunks_exact(width).zip(&mut steps) {
                let numbers = &row[first..width.min(first + S)];
                for (place, x) in step.iter_mut().zip(numbers) {
                    *place = number(*x);
                }
            }
        }
    }
    packed
}

/// A number that is multiplied with 32 bits.
pub(super) trait Number: WithDType {
    fn wide(self) -> f32;

    /// What a number is rounded to that is multiplied with one of this kind, whatever the processor
    /// can.
    fn rounded(x: f32) -> f32;

    /// Eight of them, widened.
    ///
    /// # Safety
    /// The processor has AVX2, and so many can be read.
    #[cfg(target_arch = "x86_64")]
    #[expect(unsafe_code, reason = "reads through a pointer, compiled for AVX2")]
    unsafe fn eight(first: *const Self) -> std::arch::x86_64::__m256;
}

impl Number for f32 {
    #[inline]
    fn wide(self) -> f32 {
        self
    }

    #[inline]
    fn rounded(x: f32) -> f32 {
        x
    }

    #[cfg(target_arch = "x86_64")]
    #[expect(unsafe_code, reason = "reads through a pointer, compiled for AVX2")]
    #[target_feature(enable = "avx2")]
    #[inline]
    unsafe fn eight(first: *const Self) -> std::arch::x86_64::__m256 {
        // SAFETY: the caller says that so many can be read.
        unsafe { std::arch::x86_64::_mm256_loadu_ps(first) }
    }
}

impl Number for bf16 {
    #[inline]
    fn wide(self) -> f32 {
        self.to_f32()
    }

    #[inline]
    fn rounded(x: f32) -> f32 {
        rounded(x).to_f32()
    }

    #[cfg(target_arch = "x86_64")]
    #[expect(unsafe_code, reason = "reads through a pointer, compiled for AVX2")]
    #[target_feature(enable = "avx2")]
    #[inline]
    unsafe fn eight(first: *const Self) -> std::arch::x86_64::__m256 {
        use std::arch::x86_64::{
            _mm_loadu_si128, _mm256_castsi256_ps, _mm256_cvtepu16_epi32, _mm256_slli_epi32,
        };
        // SAFETY: the caller says that so many can be read.
        let halves = unsafe { _mm_loadu_si128(first.cast()) };
        // They are the upper halves of numbers of 32 bits.
        _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(halves)))
    }
}

/// Asks for numbers that are needed soon.
pub(super) fn prefetch<T>(values: &[T]) {
    #[cfg(target_arch = "x86_64")]
    for line in values.chunks(64 / size_of::<T>()) {
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

/// The nearest number of 16 bits.
fn rounded(x: f32) -> bf16 {
    bf16::from_bits(kernel::round(x))
}

/// Any processor.
pub(super) struct Plain<T>(PhantomData<T>);

impl<T: Number> Way for Plain<T> {
    type X = f32;
    type Weight = T;
    const COLUMNS: usize = 1;

    fn packed(x: &[f32], _: usize) -> Vec<f32> {
        x.iter().map(|x| T::rounded(*x)).collect()
    }

    fn tile<const C: usize>(rows: &[f32], weights: &[T], width: usize) -> [Column; C] {
        let mut columns = [[0.0; ROWS]; C];
        for (column, weight) in columns.iter_mut().zip(weights.chunks_exact(width)) {
            for (product, x) in column.iter_mut().zip(rows.chunks_exact(width)) {
                *product = plain(x, weight);
            }
        }
        columns
    }
}

fn plain<T: Number>(x: &[f32], weight: &[T]) -> f32 {
    let ((x, x_rest), (w, w_rest)) = (x.as_chunks::<8>(), weight.as_chunks::<8>());
    let mut lanes = [0f32; 8];
    for (x, w) in x.iter().zip(w) {
        for lane in 0..8 {
            lanes[lane] += x[lane] * w[lane].wide();
        }
    }
    let rest = x_rest.iter().zip(w_rest);
    rest.fold(fold(lanes), |sum, (x, w)| sum + x * w.wide())
}

/// Adds lanes in a fixed order.
#[inline]
pub(super) fn fold([a, b, c, d, e, f, g, h]: [f32; 8]) -> f32 {
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// AVX2 and FMA; the weight is widened to 32 bits as it is read.
pub(super) struct Widened<T>(PhantomData<T>);

/// AVX-512 and 32 bits.
pub(super) struct Full;

/// AVX-512 BF16; x was rounded.
pub(super) struct Brain;

impl<T> Widened<T> {
    pub(super) fn is_there() -> bool {
        #[cfg(target_arch = "x86_64")]
        return std::arch::is_x86_feature_detected!("avx2")
            && std::arch::is_x86_feature_detected!("fma");
        #[cfg(not(target_arch = "x86_64"))]
        false
    }
}

/// The body of a tile: chooses the function for the number of rows; on other processors nobody asks.
macro_rules! by_rows {
    ($name:ident::<$columns:ident $(, $kind:ty)?>($rows:ident, $weights:ident, $width:ident)) => {{
        #[cfg(target_arch = "x86_64")]
        #[expect(unsafe_code, reason = "calls a function compiled for what the processor has")]
        // SAFETY: whoever chose this way asked whether the processor can.
        return unsafe {
            use super::vectors::$name;
            match $rows.len() / Self::packed_width($width).max(1) {
                1 => $name::<1, $columns $(, $kind)?>($rows, $weights, $width),
                2 => $name::<2, $columns $(, $kind)?>($rows, $weights, $width),
                3 => $name::<3, $columns $(, $kind)?>($rows, $weights, $width),
                _ => $name::<ROWS, $columns $(, $kind)?>($rows, $weights, $width),
            }
        };
        #[cfg(not(target_arch = "x86_64"))]
        {
            let _ = ($rows, $weights, $width);
            [[0.0; ROWS]; $columns]
        }
    }};
}

impl<T: Number> Way for Widened<T> {
    type X = f32;
    type Weight = T;
    const COLUMNS: usize = 3;

    fn packed(x: &[f32], _: usize) -> Vec<f32> {
        x.iter().map(|x| T::rounded(*x)).collect()
    }

    fn tile<const C: usize>(rows: &[f32], weights: &[T], width: usize) -> [Column; C] {
        by_rows!(widened::<C, T>(rows, weights, width))
    }
}

impl Way for Full {
    type X = f32;
    type Weight = f32;
    const COLUMNS: usize = 6;

    fn packed(x: &[f32], width: usize) -> Vec<f32> {
        in_steps::<LANES, _>(x, width, |x| x)
    }

    fn packed_width(width: usize) -> usize {
        width.next_multiple_of(LANES)
    }

    fn tile<const C: usize>(rows: &[f32], weights: &[f32], width: usize) -> [Column; C] {
        by_rows!(full::<C>(rows, weights, width))
    }
}

impl Way for Brain {
    type X = bf16;
    type Weight = bf16;
    const COLUMNS: usize = 6;

    fn packed(x: &[f32], width: usize) -> Vec<bf16> {
        in_steps::<HALVES, _>(x, width, rounded)
    }

    fn packed_width(width: usize) -> usize {
        width.next_multiple_of(HALVES)
    }

    fn tile<const C: usize>(rows: &[bf16], weights: &[bf16], width: usize) -> [Column; C] {
        by_rows!(brain::<C>(rows, weights, width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<W: Way<Weight = T>, T: Copy>(number: impl Fn(f32) -> T) {
        check_tile::<6, W, T>(&number);
        check_tile::<3, W, T>(&number);
        check_tile::<1, W, T>(&number);
    }

    fn check_tile<const C: usize, W: Way<Weight = T>, T: Copy>(number: impl Fn(f32) -> T) {
        let width = 45;
        let value = |at: usize, seed: usize| ((at * 37 + seed) % 101) as f32 / 7.0 - 7.0;
        let rows: Vec<_> = (0..ROWS * width).map(|at| value(at, 3)).collect();
        let weights: Vec<_> = (0..C * width).map(|at| number(value(at, 8))).collect();
        for count in 1..=ROWS {
            let packed = W::packed(&rows[..count * width], width);
            let tile = W::tile::<C>(&packed, &weights, width);
            for (index, weight) in weights.chunks_exact(width).enumerate() {
                for (row, x) in rows.chunks_exact(width).take(count).enumerate() {
                    let alone = W::tile::<1>(&W::packed(x, width), weight, width)[0][0];
                    assert!(tile[index][row].to_bits() == alone.to_bits());
                }
            }
        }
    }

    #[test]
    fn a_product_is_the_same_in_a_tile_and_alone() {
        let same = |number: f32| number;
        check::<Plain<f32>, _>(same);
        check::<Plain<bf16>, _>(bf16::from_f32);
        if Widened::<f32>::is_there() {
            check::<Widened<f32>, _>(same);
            check::<Widened<bf16>, _>(bf16::from_f32);
        }
        if <kernel::Full as kernel::Kernel>::is_there() {
            check::<Full, _>(same);
        }
        if <kernel::Brain as kernel::Kernel>::is_there() {
            check::<Brain, _>(bf16::from_f32);
        }
    }
}
