//! An interval for a paired mean without assuming a bell curve.

use crate::mean_difference::{differences, mean};
use crate::{Confidence, Difference, Interval, StatisticsError};

/// The mean of `candidate - baseline` with a bootstrap percentile interval.
///
/// Draws `resamples` times as many items as there are, with replacement, and takes the two
/// quantiles of their means that `confidence` leaves outside (linear between order statistics).
/// Too narrow for fewer than about 20 items; 2000 resamples and more are usual.
///
/// `below` is the random source: `below(n)` gives a whole number from 0 to `n - 1`, each with the
/// same probability. The same source gives the same interval. A number out of range is wrapped.
///
/// Source: B. Efron, R. J. Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
pub fn bootstrap_mean_difference(
    baseline: &[f64],
    candidate: &[f64],
    confidence: Confidence,
    resamples: usize,
    mut below: impl FnMut(usize) -> usize,
) -> Result<Difference, StatisticsError> {
    let differences = differences(baseline, candidate)?;
    if resamples < 100 {
        return Err(StatisticsError::OutOfRange {
            name: "the number of resamples",
            value: resamples as f64,
            range: "at least 100, such as 2000",
        });
    }
    let count = differences.len();
    let mut means: Vec<f64> = (0..resamples)
        .map(|_| {
            (0..count)
                .map(|_| differences[below(count) % count])
                .sum::<f64>()
                / count as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let interval = Interval {
        lower: quantile(&means, confidence.tail()),
        upper: quantile(&means, 1.0 - confidence.tail()),
    };
    Ok(Difference {
        value: mean(&differences),
        interval,
    })
}

/// The quantile of sorted values, linear between neighbours.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and the length"
    )]
    let at = place.floor() as usize;
    let next = (at + 1).min(sorted.len() - 1);
    sorted[at] + (sorted[next] - sorted[at]) * (place - place.floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual() -> Confidence {
        Confidence::two_sided(0.95).unwrap()
    }

    #[test]
    fn one_item_and_equal_differences_give_a_point() {
        for (before, after) in [(vec![1.0], vec![3.0]), (vec![1.0, 5.0], vec![3.0, 7.0])] {
            let mut turn = 0;
            let result = bootstrap_mean_difference(&before, &after, usual(), 100, |_| {
                turn += 1;
                turn
            })
            .unwrap();
            assert_eq!(
                result.interval,
                Interval {
                    lower: 2.0,
                    upper: 2.0
                }
            );
        }
    }

    #[test]
    fn too_few_resamples_and_no_items_are_refused() {
        let error = bootstrap_mean_difference(&[1.0], &[2.0], usual(), 10, |_| 0).unwrap_err();
        assert!(error.to_string().contains("at least 100"), "{error}");
        let nothing = bootstrap_mean_difference(&[], &[], usual(), 1000, |_| 0);
        assert_eq!(nothing, Err(StatisticsError::NoItems));
    }
}
