//! The difference of two paired means: latency, tokens, weighted scores.

use crate::{Confidence, Interval, StatisticsError};

/// A mean difference with Student's interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanDifference {
    /// Candidate minus baseline, in the unit of the values.
    pub value: f64,
    /// The standard error of `value`.
    pub standard_error: f64,
    /// Differences that fit the data.
    pub interval: Interval,
}

/// The mean of `candidate - baseline` over the items, with an interval from Student's t.
///
/// With `d` the differences, `s` their standard deviation (divisor `n - 1`) and `t` the quantile
/// with `n - 1` degrees of freedom: `mean(d) ± t s / √n`. Needs two items. If all differences are
/// equal the interval is a point. Where few very large values rule, as with latency, compare with
/// [`bootstrap_mean_difference`](crate::bootstrap_mean_difference).
///
/// Source: Student (1908), Biometrika 6, 1-25.
pub fn paired_mean_difference(
    baseline: &[f64],
    candidate: &[f64],
    confidence: Confidence,
) -> Result<MeanDifference, StatisticsError> {
    let differences = differences(baseline, candidate)?;
    if differences.len() < 2 {
        return Err(StatisticsError::TooFew {
            found: differences.len(),
            needed: 2,
        });
    }
    let n = differences.len() as f64;
    let value = mean(&differences);
    let squares: f64 = differences.iter().map(|one| (one - value).powi(2)).sum();
    let standard_error = (squares / (n - 1.0) / n).sqrt();
    let reach = confidence.t(n - 1.0) * standard_error;
    let interval = Interval {
        lower: value - reach,
        upper: value + reach,
    };
    Ok(MeanDifference {
        value,
        standard_error,
        interval,
    })
}

/// Candidate minus baseline of each item; at least one.
pub(crate) fn differences(
    baseline: &[f64],
    candidate: &[f64],
) -> Result<Vec<f64>, StatisticsError> {
    if baseline.len() != candidate.len() {
        let (baseline, candidate) = (baseline.len(), candidate.len());
        return Err(StatisticsError::Unpaired {
            baseline,
            candidate,
        });
    }
    if baseline.is_empty() {
        return Err(StatisticsError::NoItems);
    }
    for (side, values) in [("baseline", baseline), ("candidate", candidate)] {
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            return Err(StatisticsError::NotFinite { side, index });
        }
    }
    Ok(baseline
        .iter()
        .zip(candidate)
        .map(|(before, after)| after - before)
        .collect())
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual() -> Confidence {
        Confidence::two_sided(0.95).unwrap()
    }

    #[test]
    fn two_items_by_hand() {
        // Differences 1 and 3: mean 2, standard error 1, t with one degree of freedom 12.706.
        let result = paired_mean_difference(&[1.0, 2.0], &[2.0, 5.0], usual()).unwrap();

        assert!((result.value - 2.0).abs() < 1e-15);
        assert!((result.standard_error - 1.0).abs() < 1e-15);
        assert!(
            (result.interval.upper - 14.706_204_736_174_7).abs() < 1e-9,
            "{result:?}"
        );
    }

    #[test]
    fn equal_differences_leave_no_doubt() {
        let result = paired_mean_difference(&[1.0, 2.0, 3.0], &[1.5, 2.5, 3.5], usual()).unwrap();
        assert_eq!(
            result.interval,
            Interval {
                lower: 0.5,
                upper: 0.5
            }
        );
    }

    #[test]
    fn what_cannot_be_paired_is_refused() {
        let result = |before: &[f64], after: &[f64]| paired_mean_difference(before, after, usual());

        assert_eq!(result(&[], &[]), Err(StatisticsError::NoItems));
        assert_eq!(
            result(&[1.0], &[2.0]),
            Err(StatisticsError::TooFew {
                found: 1,
                needed: 2
            })
        );
        assert_eq!(
            result(&[1.0], &[2.0, 3.0]),
            Err(StatisticsError::Unpaired {
                baseline: 1,
                candidate: 2
            })
        );
        assert_eq!(
            result(&[1.0, 2.0], &[2.0, f64::NAN]),
            Err(StatisticsError::NotFinite {
                side: "candidate",
                index: 1
            })
        );
    }
}
