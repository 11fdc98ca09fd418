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

/// The products of up to [`ROWS`] rows of x with one row of the weight.
type Column = [f32; ROWS];

/// A way of multiplying.
pub(super) trait Way {
    /// The numbers of x.
    type X: Copy + Sync;
    /// The numbers of the weight.
    type Weight: Copy + Sync;
    /// Rows of the weight in a tile.
    const COLUMNS: usize;
    /// The products of a tile.
    type Tile: AsRef<[Column]>;

    /// The products of up to [`ROWS`] rows of x and [`Self::COLUMNS`] of the weight.
    fn tile(rows: &[Self::X], weights: &[Self::Weight], width: usize) -> Self::Tile;

    /// The products of up to [`ROWS`] rows of x and one of the weight.
    fn column(rows: &[Self::X], weight: &[Self::Weight], width: usize) -> Column;
}

/// A number that is multiplied with 32 bits.
pub(super) trait Number: WithDType {
    fn wide(self) -> f32;

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

/// Numbers rounded to bfloat16.
pub(super) fn rounded(x: &[f32]) -> Vec<bf16> {
    let halves = x.iter().map(|number| kernel::round(*number));
    halves.map(bf16::from_bits).collect()
}

/// Any processor.
pub(super) struct Plain<T>(PhantomData<T>);

impl<T: Number> Way for Plain<T> {
    type X = f32;
    type Weight = T;
    const COLUMNS: usize = 1;
    type Tile = [Column; 1];

    fn tile(rows: &[f32], weights: &[T], width: usize) -> Self::Tile {
        [Self::column(rows, weights, width)]
    }

    fn column(rows: &[f32], weight: &[T], width: usize) -> Column {
        let mut column = [0.0; ROWS];
        for (product, x) in column.iter_mut().zip(rows.chunks_exact(width)) {
            let mut lanes = [0f32; 8];
            let ((x, x_rest), (w, w_rest)) = (x.as_chunks::<8>(), weight.as_chunks::<8>());
            for (x, w) in x.iter().zip(w) {
                for lane in 0..8 {
                    lanes[lane] += x[lane] * w[lane].wide();
                }
            }
            let rest = x_rest.iter().zip(w_rest);
            *product = rest.fold(fold(lanes), |sum, (x, w)| sum + x * w.wide());
        }
        column
    }
}

/// Adds lanes in a fixed order.
#[inline]
fn fold([a, b, c, d, e, f, g, h]: [f32; 8]) -> f32 {
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

/// Chooses the function for the number of rows; on other processors nobody asks.
macro_rules! by_rows {
    ($name:ident::<$columns:literal $(, $kind:ty)?>($rows:ident, $weights:ident, $width:ident)) => {{
        #[cfg(target_arch = "x86_64")]
        #[expect(unsafe_code, reason = "calls a function compiled for what the processor has")]
        // SAFETY: whoever chose this way asked whether the processor can.
        return unsafe {
            match $rows.len() / $width.max(1) {
                1 => vectors::$name::<1, $columns $(, $kind)?>($rows, $weights, $width),
                2 => vectors::$name::<2, $columns $(, $kind)?>($rows, $weights, $width),
                3 => vectors::$name::<3, $columns $(, $kind)?>($rows, $weights, $width),
                _ => vectors::$name::<ROWS, $columns $(, $kind)?>($rows, $weights, $width),
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
    type Tile = [Column; 3];

    fn tile(rows: &[f32], weights: &[T], width: usize) -> Self::Tile {
        by_rows!(widened::<3, T>(rows, weights, width))
    }

    fn column(rows: &[f32], weight: &[T], width: usize) -> Column {
        let one = |rows: &[f32]| -> [Column; 1] { by_rows!(widened::<1, T>(rows, weight, width)) };
        one(rows)[0]
    }
}

impl Way for Full {
    type X = f32;
    type Weight = f32;
    const COLUMNS: usize = 6;
    type Tile = [Column; 6];

    fn tile(rows: &[f32], weights: &[f32], width: usize) -> Self::Tile {
        by_rows!(full::<6>(rows, weights, width))
    }

    fn column(rows: &[f32], weight: &[f32], width: usize) -> Column {
        let one = |rows: &[f32]| -> [Column; 1] { by_rows!(full::<1>(rows, weight, width)) };
        one(rows)[0]
    }
}

impl Way for Brain {
    type X = bf16;
    type Weight = bf16;
    const COLUMNS: usize = 6;
    type Tile = [Column; 6];

    fn tile(rows: &[bf16], weights: &[bf16], width: usize) -> Self::Tile {
        by_rows!(brain::<6>(rows, weights, width))
    }

    fn column(rows: &[bf16], weight: &[bf16], width: usize) -> Column {
        let one = |rows: &[bf16]| -> [Column; 1] { by_rows!(brain::<1>(rows, weight, width)) };
        one(rows)[0]
    }
}

/// Written out, because the compiler does not keep the sums of a tile in registers by itself. Each
/// multiplies R rows of x by C of the weight: with what is loaded for them, the sums of a whole tile
/// fill the registers.
#[cfg(target_arch = "x86_64")]
mod vectors {
    use std::arch::x86_64::{
        __m512, __m512bh, __m512i, __mmask16, __mmask32, _mm_add_ps, _mm_storeu_ps, _mm256_add_ps,
        _mm256_castpd_ps, _mm256_castps256_ps128, _mm256_extractf128_ps, _mm256_fmadd_ps,
        _mm256_loadu_ps, _mm256_setzero_ps, _mm256_storeu_ps, _mm512_add_ps, _mm512_castpd_ps,
        _mm512_castps_pd, _mm512_castps512_ps256, _mm512_dpbf16_ps, _mm512_extractf64x4_pd,
        _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_maskz_loadu_epi16,
        _mm512_maskz_loadu_ps, _mm512_setzero_ps, _mm512_unpackhi_pd, _mm512_unpackhi_ps,
        _mm512_unpacklo_pd, _mm512_unpacklo_ps,
    };

    use half::bf16;

    use super::{Column, Number, ROWS, fold};

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn widened<const R: usize, const C: usize, T: Number>(
        rows: &[f32],
        weights: &[T],
        width: usize,
    ) -> [Column; C] {
        let (rows, weights) = (&rows[..R * width], &weights[..C * width]);
        let whole = width / 8 * 8;
        let mut sums = [[_mm256_setzero_ps(); R]; C];
        for at in (0..whole).step_by(8) {
            let mut w = [_mm256_setzero_ps(); C];
            for (row, w) in w.iter_mut().enumerate() {
                #[expect(unsafe_code, reason = "loads through a pointer, unchecked")]
                // SAFETY: `at + 8` is at most `width`, and so many rows were sliced off above.
                unsafe {
                    *w = T::eight(weights.as_ptr().add(row * width + at));
                }
            }
            for row in 0..R {
                #[expect(unsafe_code, reason = "loads through a pointer, unchecked")]
                // SAFETY: as above.
                let x = unsafe { _mm256_loadu_ps(rows.as_ptr().add(row * width + at)) };
                for (sums, w) in sums.iter_mut().zip(w) {
                    sums[row] = _mm256_fmadd_ps(x, w, sums[row]);
                }
            }
        }
        let mut products = [[0.0; ROWS]; C];
        for (column, (products, sums)) in products.iter_mut().zip(sums).enumerate() {
            let weight = &weights[column * width + whole..(column + 1) * width];
            for (row, (product, sum)) in products.iter_mut().zip(sums).enumerate() {
                let mut lanes = [0f32; 8];
                #[expect(unsafe_code, reason = "stores through a pointer")]
                // SAFETY: the array has as many numbers as the register.
                unsafe {
                    _mm256_storeu_ps(lanes.as_mut_ptr(), sum);
                }
                let x = &rows[row * width + whole..(row + 1) * width];
                let rest = x.iter().zip(weight);
                *product = rest.fold(fold(lanes), |sum, (x, w)| x.mul_add(w.wide(), sum));
            }
        }
        products
    }

    /// Adds up the lanes of each sum; all of them at once, because one by one it takes as long as
    /// multiplying short rows does.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn column<const R: usize>(sums: &[__m512; R]) -> Column {
        let mut four = [_mm512_setzero_ps(); ROWS];
        four[..R].copy_from_slice(sums);
        let pair = |one, other| {
            let (low, high) = (
                _mm512_unpacklo_ps(one, other),
                _mm512_unpackhi_ps(one, other),
            );
            _mm512_castps_pd(_mm512_add_ps(low, high))
        };
        let (one, other) = (pair(four[0], four[1]), pair(four[2], four[3]));
        let (low, high) = (
            _mm512_unpacklo_pd(one, other),
            _mm512_unpackhi_pd(one, other),
        );
        // Four parts of the four sums, one behind the other.
        let parts = _mm512_add_ps(_mm512_castpd_ps(low), _mm512_castpd_ps(high));
        let upper = _mm512_extractf64x4_pd::<1>(_mm512_castps_pd(parts));
        let half = _mm256_add_ps(_mm512_castps512_ps256(parts), _mm256_castpd_ps(upper));
        let sums = _mm_add_ps(
            _mm256_castps256_ps128(half),
            _mm256_extractf128_ps::<1>(half),
        );
        let mut column = [0.0; ROWS];
        #[expect(unsafe_code, reason = "stores through a pointer")]
        // SAFETY: the array has as many numbers as the register.
        unsafe {
            _mm_storeu_ps(column.as_mut_ptr(), sums);
        }
        column
    }

    #[target_feature(enable = "avx512f")]
    pub(super) fn full<const R: usize, const C: usize>(
        rows: &[f32],
        weights: &[f32],
        width: usize,
    ) -> [Column; C] {
        let (rows, weights) = (&rows[..R * width], &weights[..C * width]);
        let whole = width / 16 * 16;
        let rest: __mmask16 = (1 << (width - whole)) - 1;
        let mut sums = [[_mm512_setzero_ps(); R]; C];
        for at in (0..width).step_by(16) {
            let load = |first: *const f32| {
                #[expect(unsafe_code, reason = "loads through a pointer, unchecked")]
                // SAFETY: so many rows were sliced off above; behind the last whole register only
                // what is left of the row is read.
                unsafe {
                    if at < whole {
                        _mm512_loadu_ps(first.add(at))
                    } else {
                        _mm512_maskz_loadu_ps(rest, first.add(at))
                    }
                }
            };
            let mut w = [_mm512_setzero_ps(); C];
            for (w, row) in w.iter_mut().zip(weights.chunks_exact(width)) {
                *w = load(row.as_ptr());
            }
            for (row, x) in rows.chunks_exact(width).enumerate() {
                let x = load(x.as_ptr());
                for (sums, w) in sums.iter_mut().zip(w) {
                    sums[row] = _mm512_fmadd_ps(x, w, sums[row]);
                }
            }
        }
        sums.map(|sums| column(&sums))
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    pub(super) fn brain<const R: usize, const C: usize>(
        rows: &[bf16],
        weights: &[bf16],
        width: usize,
    ) -> [Column; C] {
        let (rows, weights) = (&rows[..R * width], &weights[..C * width]);
        let whole = width / 32 * 32;
        let rest: __mmask32 = (1 << (width - whole)) - 1;
        let mut sums = [[_mm512_setzero_ps(); R]; C];
        for at in (0..width).step_by(32) {
            let load = |first: *const bf16| -> __m512bh {
                #[expect(unsafe_code, reason = "loads through a pointer, unchecked")]
                // SAFETY: so many rows were sliced off above; behind the last whole register only
                // what is left of the row is read. All 512 bits mean something in either kind.
                unsafe {
                    let halves: __m512i = if at < whole {
                        _mm512_loadu_si512(first.add(at).cast())
                    } else {
                        _mm512_maskz_loadu_epi16(rest, first.add(at).cast())
                    };
                    std::mem::transmute(halves)
                }
            };
            let mut w = [load(weights.as_ptr()); C];
            for (w, row) in w.iter_mut().zip(weights.chunks_exact(width)) {
                *w = load(row.as_ptr());
            }
            for (row, x) in rows.chunks_exact(width).enumerate() {
                let x = load(x.as_ptr());
                for (sums, w) in sums.iter_mut().zip(w) {
                    sums[row] = _mm512_dpbf16_ps(sums[row], x, w);
                }
            }
        }
        sums.map(|sums| column(&sums))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<W: Way<Weight = T>, T: Copy>(x: impl Fn(f32) -> W::X, number: impl Fn(f32) -> T) {
        let width = 45;
        let value = |at: usize, seed: usize| ((at * 37 + seed) % 101) as f32 / 7.0 - 7.0;
        let rows: Vec<_> = (0..ROWS * width).map(|at| x(value(at, 3))).collect();
        let weights: Vec<_> = (0..W::COLUMNS * width)
            .map(|at| number(value(at, 8)))
            .collect();
        for count in 1..=ROWS {
            let tile = W::tile(&rows[..count * width], &weights, width);
            for (index, weight) in weights.chunks_exact(width).enumerate() {
                for (row, x) in rows.chunks_exact(width).take(count).enumerate() {
                    let alone = W::column(x, weight, width)[0];
                    assert!(tile.as_ref()[index][row].to_bits() == alone.to_bits());
                }
            }
        }
    }

    #[test]
    fn a_product_is_the_same_in_a_tile_and_alone() {
        let same = |number: f32| number;
        check::<Plain<f32>, _>(same, same);
        check::<Plain<bf16>, _>(same, bf16::from_f32);
        if Widened::<f32>::is_there() {
            check::<Widened<f32>, _>(same, same);
            check::<Widened<bf16>, _>(same, bf16::from_f32);
        }
        if <kernel::Full as kernel::Kernel>::is_there() {
            check::<Full, _>(same, same);
        }
        if <kernel::Brain as kernel::Kernel>::is_there() {
            check::<Brain, _>(bf16::from_f32, bf16::from_f32);
        }
    }
}
