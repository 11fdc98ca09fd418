//! The innermost loops for few rows, on processors with vectors.
//!
//! Written out, because the compiler does not keep the sums of a tile in registers by itself. Each
//! multiplies R rows of x by C of the weight: with what is loaded for them, the sums of a whole tile
//! fill the registers.

use std::arch::x86_64::{
    __m512, __m512bh, __m512i, __mmask16, __mmask32, _mm_add_ps, _mm_storeu_ps, _mm256_add_ps,
    _mm256_castpd_ps, _mm256_castps256_ps128, _mm256_extractf128_ps, _mm256_fmadd_ps,
    _mm256_loadu_ps, _mm256_setzero_ps, _mm256_storeu_ps, _mm512_add_ps, _mm512_castpd_ps,
    _mm512_castps_pd, _mm512_castps512_ps256, _mm512_dpbf16_ps, _mm512_extractf64x4_pd,
    _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_maskz_loadu_epi16,
    _mm512_maskz_loadu_ps, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_unpackhi_pd,
    _mm512_unpackhi_ps, _mm512_unpacklo_pd, _mm512_unpacklo_ps,
};

use half::bf16;

use super::way::{Column, HALVES, LANES, Number, ROWS, fold};

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

/// The same of all columns of a tile.
#[target_feature(enable = "avx512f")]
#[inline]
fn columns<const R: usize, const C: usize>(sums: &[[__m512; R]; C]) -> [Column; C] {
    let mut columns = [[0.0; ROWS]; C];
    for (to, sums) in columns.iter_mut().zip(sums) {
        *to = column(sums);
    }
    columns
}

#[target_feature(enable = "avx512f")]
pub(super) fn full<const R: usize, const C: usize>(
    rows: &[f32],
    weights: &[f32],
    width: usize,
) -> [Column; C] {
    let (whole, steps) = (width / LANES, width.div_ceil(LANES));
    let rest: __mmask16 = (1 << (width - whole * LANES)) - 1;
    let (rows, weights) = (&rows[..R * steps * LANES], &weights[..C * width]);
    let mut sums = [[_mm512_setzero_ps(); R]; C];
    let mut w = [_mm512_setzero_ps(); C];
    for step in 0..steps {
        for (row, w) in w.iter_mut().enumerate() {
            #[expect(unsafe_code, reason = "loads through a pointer, unchecked")]
            // SAFETY: so many rows were sliced off above; behind the last whole register only
            // what is left of the row is read.
            unsafe {
                let first = weights.as_ptr().add(row * width + step * LANES);
                *w = if step < whole {
                    _mm512_loadu_ps(first)
                } else {
                    _mm512_maskz_loadu_ps(rest, first)
                };
            }
        }
        for row in 0..R {
            #[expect(unsafe_code, reason = "loads through a pointer, unchecked")]
            // SAFETY: so many steps were sliced off above.
            let x = unsafe { _mm512_loadu_ps(rows.as_ptr().add((step * R + row) * LANES)) };
            for (sums, w) in sums.iter_mut().zip(&w) {
                sums[row] = _mm512_fmadd_ps(x, *w, sums[row]);
            }
        }
    }
    columns(&sums)
}

#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub(super) fn brain<const R: usize, const C: usize>(
    rows: &[bf16],
    weights: &[bf16],
    width: usize,
) -> [Column; C] {
    let (whole, steps) = (width / HALVES, width.div_ceil(HALVES));
    let rest: __mmask32 = (1 << (width - whole * HALVES)) - 1;
    let (rows, weights) = (&rows[..R * steps * HALVES], &weights[..C * width]);
    let mut sums = [[_mm512_setzero_ps(); R]; C];
    let mut w = [_mm512_setzero_si512(); C];
    for step in 0..steps {
        for (row, w) in w.iter_mut().enumerate() {
            #[expect(unsafe_code, reason = "loads through a pointer, unchecked")]
            // SAFETY: so many rows were sliced off above; behind the last whole register only
            // what is left of the row is read.
            unsafe {
                let first = weights.as_ptr().add(row * width + step * HALVES);
                *w = if step < whole {
                    _mm512_loadu_si512(first.cast())
                } else {
                    _mm512_maskz_loadu_epi16(rest, first.cast())
                };
            }
        }
        for row in 0..R {
            #[expect(
                unsafe_code,
                reason = "loads through a pointer, takes bits for numbers"
            )]
            // SAFETY: so many steps were sliced off above. All 512 bits mean something in either
            // kind.
            unsafe {
                let first = rows.as_ptr().add((step * R + row) * HALVES);
                let x = _mm512_loadu_si512(first.cast());
                let x = std::mem::transmute::<__m512i, __m512bh>(x);
                for (sums, w) in sums.iter_mut().zip(&w) {
                    let w = std::mem::transmute::<__m512i, __m512bh>(*w);
                    sums[row] = _mm512_dpbf16_ps(sums[row], x, w);
                }
            }
        }
    }
    columns(&sums)
}
