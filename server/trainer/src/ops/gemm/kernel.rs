//! The innermost loops of products, by the kind of numbers that are multiplied.

use half::bf16;

/// Rows of the destination that one call makes.
pub(super) const ROWS: usize = 8;
/// Columns in one register.
pub(super) const LANES: usize = 16;
/// Registers across the destination: with them, 24 sums and what is loaded for them fill the
/// registers of AVX-512.
pub(super) const VECTORS: usize = 3;

/// Where the sums of one call go: up to [`ROWS`] rows of numbers that lie side by side.
#[derive(Clone, Copy)]
pub(super) struct Target {
    /// The first number.
    pub(super) data: *mut f32,
    /// From one row to the next.
    pub(super) row_stride: usize,
    /// Rows that are there.
    pub(super) rows: usize,
    /// Columns that are there.
    pub(super) columns: usize,
    /// What sums are multiplied by.
    pub(super) scale: f32,
    /// Whether they replace what is there, instead of being added to it.
    pub(super) replace: bool,
}

/// A kind of numbers. Both operands are packed into words of 32 bits before they are multiplied.
pub(super) trait Kernel {
    /// The right operand's numbers.
    type Right: Copy + Sync;
    /// Terms of a sum in one word.
    const TERMS: usize;

    /// Whether the processor can.
    fn is_there() -> bool;

    /// The words of successive terms of the left operand; the last one is filled up with zero.
    fn left(terms: &[f32], words: &mut [u32]);

    /// The same of the right operand.
    fn right(terms: &[Self::Right], words: &mut [u32]);

    /// A word of each of several sums of the left operand, from their first and, where words have
    /// two and there is one, second terms.
    fn left_of_each(first: &[f32], second: Option<&[f32]>, words: &mut [u32]);

    /// The same of the right operand.
    fn right_of_each(first: &[Self::Right], second: Option<&[Self::Right]>, words: &mut [u32]);

    /// Multiplies `[ROWS, words]` by `[words, V·LANES]`, both with one word's numbers side by side.
    ///
    /// # Safety
    /// [`Self::is_there`] said so, and all numbers of the target are valid to write and touched by
    /// nobody else.
    #[expect(
        unsafe_code,
        reason = "compiled for AVX-512, and writes through a pointer"
    )]
    unsafe fn tile<const V: usize>(left: &[u32], right: &[u32], target: Target);
}

/// Numbers of 32 bits.
pub(super) struct Full;

impl Kernel for Full {
    type Right = f32;
    const TERMS: usize = 1;

    fn is_there() -> bool {
        #[cfg(target_arch = "x86_64")]
        return std::arch::is_x86_feature_detected!("avx512f");
        #[cfg(not(target_arch = "x86_64"))]
        false
    }

    #[inline]
    fn left(terms: &[f32], words: &mut [u32]) {
        for (word, term) in words.iter_mut().zip(terms) {
            *word = term.to_bits();
        }
    }

    #[inline]
    fn right(terms: &[f32], words: &mut [u32]) {
        Self::left(terms, words);
    }

    #[inline]
    fn left_of_each(first: &[f32], _: Option<&[f32]>, words: &mut [u32]) {
        Self::left(first, words);
    }

    #[inline]
    fn right_of_each(first: &[f32], _: Option<&[f32]>, words: &mut [u32]) {
        Self::left(first, words);
    }

    #[expect(
        unsafe_code,
        reason = "compiled for AVX-512, and writes through a pointer"
    )]
    unsafe fn tile<const V: usize>(left: &[u32], right: &[u32], target: Target) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as the caller promises.
        unsafe {
            wide::full::<V>(left, right, target);
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (left, right, target);
    }
}

/// Numbers of 16 bits, with the exponent of 32 and 8 bits of mantissa (bfloat16). The left operand
/// is rounded to such numbers; products and sums have 32 bits.
pub(super) struct Brain;

/// The nearest number of 16 bits; of two, the even one. What is no number stays none.
#[inline]
pub(super) fn round(number: f32) -> u16 {
    let bits = number.to_bits();
    let rounded = (bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16) as u16;
    if number.is_nan() { 0x7fc0 } else { rounded }
}

#[inline]
fn word(first: u16, second: u16) -> u32 {
    u32::from(first) | (u32::from(second) << 16)
}

#[inline]
fn pairs<T: Copy>(terms: &[T], words: &mut [u32], half: impl Fn(T) -> u16) {
    let (pairs, rest) = terms.as_chunks::<2>();
    for (place, [first, second]) in words.iter_mut().zip(pairs) {
        *place = word(half(*first), half(*second));
    }
    if let [last] = rest {
        words[pairs.len()] = word(half(*last), 0);
    }
}

#[inline]
fn pair_of_each<T: Copy>(
    first: &[T],
    second: Option<&[T]>,
    words: &mut [u32],
    half: impl Fn(T) -> u16,
) {
    if let Some(second) = second {
        for (place, (first, second)) in words.iter_mut().zip(first.iter().zip(second)) {
            *place = word(half(*first), half(*second));
        }
    } else {
        for (place, first) in words.iter_mut().zip(first) {
            *place = word(half(*first), 0);
        }
    }
}

impl Kernel for Brain {
    type Right = bf16;
    const TERMS: usize = 2;

    fn is_there() -> bool {
        #[cfg(target_arch = "x86_64")]
        return Full::is_there()
            && std::arch::is_x86_feature_detected!("avx512bw")
            && std::arch::is_x86_feature_detected!("avx512bf16");
        #[cfg(not(target_arch = "x86_64"))]
        false
    }

    #[inline]
    fn left(terms: &[f32], words: &mut [u32]) {
        pairs(terms, words, round);
    }

    #[inline]
    fn right(terms: &[bf16], words: &mut [u32]) {
        pairs(terms, words, bf16::to_bits);
    }

    #[inline]
    fn left_of_each(first: &[f32], second: Option<&[f32]>, words: &mut [u32]) {
        pair_of_each(first, second, words, round);
    }

    #[inline]
    fn right_of_each(first: &[bf16], second: Option<&[bf16]>, words: &mut [u32]) {
        pair_of_each(first, second, words, bf16::to_bits);
    }

    #[expect(
        unsafe_code,
        reason = "compiled for AVX-512, and writes through a pointer"
    )]
    unsafe fn tile<const V: usize>(left: &[u32], right: &[u32], target: Target) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as the caller promises.
        unsafe {
            wide::brain::<V>(left, right, target);
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (left, right, target);
    }
}

/// Written out, because the compiler does not keep the sums in registers by itself.
#[cfg(target_arch = "x86_64")]
mod wide {
    use std::arch::x86_64::{
        __m512, __m512bh, __m512i, __mmask16, _mm512_dpbf16_ps, _mm512_fmadd_ps, _mm512_loadu_ps,
        _mm512_loadu_si512, _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_mul_ps,
        _mm512_set1_epi32, _mm512_set1_ps, _mm512_setzero_ps,
    };

    use super::{LANES, ROWS, Target};

    /// # Safety
    /// The target is valid to write, and nobody else touches it.
    #[expect(unsafe_code, reason = "writes through a pointer")]
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn full<const V: usize>(left: &[u32], right: &[u32], target: Target) {
        let words = left.len() / ROWS;
        let right = &right[..words * V * LANES];
        let mut acc = [[_mm512_setzero_ps(); V]; ROWS];
        for (left, right) in left
            .as_chunks::<ROWS>()
            .0
            .iter()
            .zip(right.chunks_exact(V * LANES))
        {
            let mut columns = [_mm512_setzero_ps(); V];
            for (index, column) in columns.iter_mut().enumerate() {
                #[expect(unsafe_code, reason = "loads through a pointer")]
                // SAFETY: the chunk has V registers of numbers.
                unsafe {
                    *column = _mm512_loadu_ps(right.as_ptr().add(index * LANES).cast());
                }
            }
            for (row, acc) in acc.iter_mut().enumerate() {
                let term = _mm512_set1_ps(f32::from_bits(left[row]));
                for (acc, column) in acc.iter_mut().zip(columns) {
                    *acc = _mm512_fmadd_ps(term, column, *acc);
                }
            }
        }
        // SAFETY: as the caller promises.
        unsafe { store(&acc, target) }
    }

    /// # Safety
    /// The target is valid to write, and nobody else touches it.
    #[expect(unsafe_code, reason = "writes through a pointer")]
    #[target_feature(enable = "avx512f,avx512bf16")]
    pub(super) unsafe fn brain<const V: usize>(left: &[u32], right: &[u32], target: Target) {
        let words = left.len() / ROWS;
        let right = &right[..words * V * LANES];
        let mut acc = [[_mm512_setzero_ps(); V]; ROWS];
        for (left, right) in left
            .as_chunks::<ROWS>()
            .0
            .iter()
            .zip(right.chunks_exact(V * LANES))
        {
            let mut columns = [halves(_mm512_set1_epi32(0)); V];
            for (index, column) in columns.iter_mut().enumerate() {
                #[expect(unsafe_code, reason = "loads through a pointer")]
                // SAFETY: the chunk has V registers of numbers.
                unsafe {
                    *column = halves(_mm512_loadu_si512(right.as_ptr().add(index * LANES).cast()));
                }
            }
            for (row, acc) in acc.iter_mut().enumerate() {
                let term = halves(_mm512_set1_epi32(left[row].cast_signed()));
                for (acc, column) in acc.iter_mut().zip(columns) {
                    *acc = _mm512_dpbf16_ps(*acc, term, column);
                }
            }
        }
        // SAFETY: as the caller promises.
        unsafe { store(&acc, target) }
    }

    /// A register of words as one of pairs.
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn halves(words: __m512i) -> __m512bh {
        #[expect(unsafe_code, reason = "reads a register as one of another kind")]
        // SAFETY: both are 512 bits, all of which mean something in either.
        unsafe {
            std::mem::transmute(words)
        }
    }

    /// # Safety
    /// The target is valid to write, and nobody else touches it.
    #[expect(unsafe_code, reason = "writes through a pointer")]
    #[target_feature(enable = "avx512f")]
    #[inline]
    unsafe fn store<const V: usize>(acc: &[[__m512; V]; ROWS], target: Target) {
        let scale = _mm512_set1_ps(target.scale);
        for (row, acc) in acc.iter().enumerate().take(target.rows) {
            for (vector, sum) in acc.iter().enumerate() {
                let there = target.columns.saturating_sub(vector * LANES).min(LANES);
                let mask: __mmask16 = ((1_u32 << there) - 1) as __mmask16;
                // SAFETY: the mask leaves out what lies beyond the columns.
                unsafe {
                    let place = target
                        .data
                        .wrapping_add(row * target.row_stride + vector * LANES);
                    let sum = if target.replace {
                        _mm512_mul_ps(scale, *sum)
                    } else {
                        _mm512_fmadd_ps(scale, *sum, _mm512_maskz_loadu_ps(mask, place))
                    };
                    _mm512_mask_storeu_ps(place, mask, sum);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_to_the_nearest_and_to_even() {
        let numbers = [
            0.0,
            -0.0,
            1.0,
            1.003_906_2,
            1.011_718_8,
            -3.7e-12,
            1e38,
            f32::INFINITY,
        ];
        for number in numbers {
            assert_eq!(round(number), bf16::from_f32(number).to_bits(), "{number}");
        }
        assert!(bf16::from_bits(round(f32::NAN)).is_nan());
    }
}
