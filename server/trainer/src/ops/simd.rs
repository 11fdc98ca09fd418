//! Vector arithmetic on slices: the compiler vectorises it, once for every instruction set.
//!
//! Sums run in 16 lanes that are added in a fixed order, and no multiplication is fused with an
//! addition, so that a result depends neither on the instruction set nor on the threads.

/// Defines a function that is compiled twice, for the baseline and for AVX2, and chosen when called.
macro_rules! vectorized {
    (
        $(#[$meta:meta])*
        pub(super) fn $name:ident($($arg:ident: $kind:ty),* $(,)?) $(-> $result:ty)? $body:block
    ) => {
        $(#[$meta])*
        pub(super) fn $name($($arg: $kind),*) $(-> $result)? {
            // Inlined, so that it takes the caller's instruction set.
            #[inline(always)]
            fn body($($arg: $kind),*) $(-> $result)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn wide($($arg: $kind),*) $(-> $result)? {
                    body($($arg),*)
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    #[expect(unsafe_code, reason = "calls a function compiled for AVX2")]
                    // SAFETY: the processor has AVX2, as the line above found.
                    return unsafe { wide($($arg),*) };
                }
            }
            body($($arg),*)
        }
    };
}
pub(super) use vectorized;

/// Independent sums, enough to fill two AVX2 registers.
pub(super) const LANES: usize = 16;

/// e^x for every finite x, to about two units in the last place; below -87 it is e^-87.
///
/// Splits x into n·ln 2 + r with |r| <= ln 2 / 2, sums the series for e^r to degree 7 and puts n
/// into the exponent. Adding 1.5·2^23 rounds to the nearest whole number and leaves it in the low
/// bits.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let r = x - whole * LN2_HIGH - whole * LN2_LOW;
    let mut sum = 1.0 / 5040.0;
    sum = sum * r + 1.0 / 720.0;
    sum = sum * r + 1.0 / 120.0;
    sum = sum * r + 1.0 / 24.0;
    sum = sum * r + 1.0 / 6.0;
    sum = sum * r + 0.5;
    sum = sum * r + 1.0;
    sum = sum * r + 1.0;
    sum * f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000))
}

/// Folds lanes in a fixed order.
pub(super) fn fold(lanes: &[f32; LANES]) -> f32 {
    let eight = |at: usize| lanes[at] + lanes[at + 8];
    let four = |at: usize| eight(at) + eight(at + 4);
    let two = |at: usize| four(at) + four(at + 2);
    two(0) + two(1)
}

vectorized! {
    /// Σ aᵢ·bᵢ.
    pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
        let mut lanes = [0f32; LANES];
        let (a_chunks, a_rest) = a.as_chunks::<LANES>();
        let (b_chunks, b_rest) = b.as_chunks::<LANES>();
        for (x, y) in a_chunks.iter().zip(b_chunks) {
            for lane in 0..LANES {
                lanes[lane] += x[lane] * y[lane];
            }
        }
        let mut sum = fold(&lanes);
        for (x, y) in a_rest.iter().zip(b_rest) {
            sum += x * y;
        }
        sum
    }
}

vectorized! {
    /// The largest element; negative infinity of none.
    pub(super) fn maximum(values: &[f32]) -> f32 {
        let mut lanes = [f32::NEG_INFINITY; LANES];
        let (chunks, rest) = values.as_chunks::<LANES>();
        for chunk in chunks {
            for lane in 0..LANES {
                lanes[lane] = if chunk[lane] > lanes[lane] { chunk[lane] } else { lanes[lane] };
            }
        }
        let largest = lanes.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        rest.iter().copied().fold(largest, f32::max)
    }
}

vectorized! {
    /// Replaces each x by e^(scale·x - shift) and returns their sum.
    pub(super) fn exp_sum(values: &mut [f32], scale: f32, shift: f32) -> f32 {
        let mut lanes = [0f32; LANES];
        let (chunks, rest) = values.as_chunks_mut::<LANES>();
        for chunk in chunks {
            for lane in 0..LANES {
                chunk[lane] = exp(chunk[lane] * scale - shift);
                lanes[lane] += chunk[lane];
            }
        }
        let mut sum = fold(&lanes);
        for value in rest {
            *value = exp(*value * scale - shift);
            sum += *value;
        }
        sum
    }
}

vectorized! {
    /// Multiplies each element.
    pub(super) fn scale(values: &mut [f32], factor: f32) {
        for value in values {
            *value *= factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_two_units_in_the_last_place() {
        let mut worst = 0f64;
        for step in -8600..8800 {
            let x = step as f32 * 0.01;
            let exact = f64::from(x).exp();
            worst = worst.max((f64::from(exp(x)) / exact - 1.0).abs());
        }
        assert!(worst < 2.4e-7, "worst relative error {worst:e}");
    }

    #[test]
    fn sums_do_not_lose_the_rest() {
        let values: Vec<f32> = (0..37).map(|x| x as f32).collect();
        assert!((dot(&values, &values) - 16206.0).abs() < f32::EPSILON);
        assert!((maximum(&values) - 36.0).abs() < f32::EPSILON);
    }
}
