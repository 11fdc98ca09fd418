//! The difference of two paired pass rates with its interval.
//!
//! # Why Tango's interval
//! Newcombe's square-and-add interval (1998, method 10) and Tango's score interval are the two that
//! comparisons of methods keep recommending (Newcombe 1998, Statistics in Medicine 17, 2635-2650;
//! Fagerland, Lydersen, Laake 2014, Statistics in Medicine 33, 2850-2875). Tango's is taken because
//! - it is the inversion of the score test of non-inferiority, so that the interval in the report
//!   and the guard that decides can never contradict each other;
//! - it needs no repair in the tables that evaluations have all the time: no fixed items, no broken
//!   ones, or neither. With nothing discordant among `n` items it reaches from `-z²/(n+z²)` to
//!   `z²/(n+z²)`, which is what so few items can exclude, whatever the pass rate;
//! - it is a function of fixed, broken and total alone, and stays within -1 to 1.

use crate::{Confidence, Interval, PairedTable, StatisticsError};

/// A difference of rates with the interval around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Candidate minus baseline, as seen.
    pub value: f64,
    /// Differences that fit the data.
    pub interval: Interval,
}

/// The candidate's pass rate minus the baseline's on the same items, with Tango's score interval.
///
/// The ends are the two `δ` with `T(δ) = ±z`, where with `b = fixed`, `c = broken`
/// ```text
/// T(δ) = (b - c - nδ) / √(n (2q + δ(1 - δ)))
/// q    = (√(B² - 4AC) - B) / 2A,   A = 2n,   B = (2n - b + c) δ - b - c,   C = -c δ (1 - δ)
/// ```
/// and `q` is the most likely share of broken items if the true difference were `δ`. `T` falls
/// from one end of -1 to 1 to the other, so the ends are found by bisection.
///
/// Source: T. Tango (1998), Statistics in Medicine 17, 891-908.
pub fn paired_difference(
    table: &PairedTable,
    confidence: Confidence,
) -> Result<Difference, StatisticsError> {
    let value = table.difference()?;
    let z = confidence.z();
    let lower = bisect(-1.0, value, |delta| score(table, delta) > z);
    let upper = bisect(value, 1.0, |delta| score(table, delta) > -z);
    Ok(Difference {
        value,
        interval: Interval { lower, upper },
    })
}

/// How many standard errors the data lie above a difference of `delta`.
fn score(table: &PairedTable, delta: f64) -> f64 {
    let n = table.total() as f64;
    let (fixed, broken) = (table.fixed as f64, table.broken as f64);

    let distance = fixed - broken - n * delta;
    if distance == 0.0 {
        return 0.0;
    }
    let share = likely_share_broken(n, fixed, broken, delta);
    let variance = (n * (2.0 * share + delta * (1.0 - delta))).max(0.0);
    // Where only one outcome is possible the variance is zero, and the data rule `delta` out.
    distance / variance.sqrt()
}

/// `q` of the formula: the larger root of `A q² + B q + C`.
fn likely_share_broken(n: f64, fixed: f64, broken: f64, delta: f64) -> f64 {
    let a = 2.0 * n;
    let b = (2.0 * n - fixed + broken) * delta - fixed - broken;
    let c = -broken * delta * (1.0 - delta);
    let root = (b * b - 4.0 * a * c).max(0.0).sqrt();
    // Either form is exact algebra; each is used where it adds, because subtracting loses digits.
    if b > 0.0 {
        -2.0 * c / (b + root)
    } else {
        (root - b) / (2.0 * a)
    }
}

/// Where `above` turns from true to false between `low` and `high`, to the last bit.
fn bisect(mut low: f64, mut high: f64, above: impl Fn(f64) -> bool) -> f64 {
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return middle;
        }
        if above(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_95(both_passed: u64, broken: u64, fixed: u64, both_failed: u64) -> Difference {
        let table = PairedTable {
            both_passed,
            broken,
            fixed,
            both_failed,
        };
        paired_difference(&table, Confidence::two_sided(0.95).unwrap()).unwrap()
    }

    /// Airway reactivity before and after a transplantation, as in Fagerland, Lydersen, Laake
    /// (2014): -0.517 to -0.026.
    #[test]
    fn a_published_value() {
        let difference = at_95(1, 7, 1, 12);

        assert!((difference.value + 6.0 / 21.0).abs() < 1e-12);
        assert!(
            (difference.interval.lower + 0.517).abs() < 5e-4,
            "{difference:?}"
        );
        assert!(
            (difference.interval.upper + 0.026).abs() < 5e-4,
            "{difference:?}"
        );
    }

    #[test]
    fn nothing_discordant_leaves_what_so_few_items_can_exclude() {
        let z_squared = 1.959_963_984_540_054_f64.powi(2);
        for (passed, failed) in [(80, 0), (0, 80), (50, 30), (1, 0)] {
            let n = f64::from(u32::try_from(passed + failed).unwrap());
            let interval = at_95(passed, 0, 0, failed).interval;

            assert!(
                (interval.upper - z_squared / (n + z_squared)).abs() < 1e-12,
                "{interval:?}"
            );
            assert!(
                (interval.lower + interval.upper).abs() < 1e-12,
                "{interval:?}"
            );
        }
    }

    #[test]
    fn swapping_the_models_turns_the_interval_round() {
        let (one, other) = (at_95(20, 3, 11, 6), at_95(20, 11, 3, 6));

        assert!((one.interval.lower + other.interval.upper).abs() < 1e-12);
        assert!((one.interval.upper + other.interval.lower).abs() < 1e-12);
    }

    #[test]
    fn everything_broken_or_fixed_stays_within_bounds() {
        for difference in [at_95(0, 9, 0, 0), at_95(0, 0, 9, 0), at_95(0, 1, 0, 0)] {
            let Interval { lower, upper } = difference.interval;
            assert!(
                -1.0 <= lower && lower < upper && upper <= 1.0,
                "{difference:?}"
            );
            assert!(
                difference.interval.contains(difference.value),
                "{difference:?}"
            );
        }
    }

    #[test]
    fn no_items_are_refused() {
        let confidence = Confidence::two_sided(0.95).unwrap();
        let result = paired_difference(&PairedTable::default(), confidence);
        assert_eq!(result, Err(StatisticsError::NoItems));
    }
}
