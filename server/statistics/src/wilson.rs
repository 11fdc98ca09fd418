//! One pass rate with its interval.

use crate::{Confidence, Interval, StatisticsError};

/// A share of items with the interval around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// The share that was seen.
    pub value: f64,
    /// Shares that fit the data.
    pub interval: Interval,
}

/// The rate `passed / total` with Wilson's score interval.
///
/// With `p = passed / n` and `z` the normal quantile, the ends are
/// `(p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)`. It stays within 0 to 1 and says something
/// for none and for all, where the textbook interval shrinks to a point.
///
/// Source: E. B. Wilson (1927), Journal of the American Statistical Association 22, 209-212;
/// recommended by L. D. Brown, T. T. Cai, A. DasGupta (2001), Statistical Science 16, 101-133.
pub fn wilson(passed: u64, total: u64, confidence: Confidence) -> Result<Rate, StatisticsError> {
    if total == 0 {
        return Err(StatisticsError::NoItems);
    }
    if passed > total {
        return Err(StatisticsError::MoreThanAll { passed, total });
    }
    let n = total as f64;
    let p = passed as f64 / n;
    let z_squared = confidence.z().powi(2);
    let centre = p + z_squared / (2.0 * n);
    let spread = (z_squared * (p * (1.0 - p) / n + z_squared / (4.0 * n * n))).sqrt();
    let scale = 1.0 + z_squared / n;

    // Rounding must not leave the exact ends of none and all.
    let lower = if passed == 0 {
        0.0
    } else {
        (centre - spread) / scale
    };
    let upper = if passed == total {
        1.0
    } else {
        (centre + spread) / scale
    };
    Ok(Rate {
        value: p,
        interval: Interval { lower, upper },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_95(passed: u64, total: u64) -> Rate {
        wilson(passed, total, Confidence::two_sided(0.95).unwrap()).unwrap()
    }

    /// R. G. Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3.
    #[test]
    fn published_values() {
        for (passed, total, lower, upper) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let interval = at_95(passed, total).interval;
            assert!(
                (interval.lower - lower).abs() < 5e-5,
                "{passed}/{total}: {interval:?}"
            );
            assert!(
                (interval.upper - upper).abs() < 5e-5,
                "{passed}/{total}: {interval:?}"
            );
        }
    }

    #[test]
    fn all_and_none_are_mirrored_and_closed() {
        let (none, all) = (at_95(0, 30), at_95(30, 30));

        assert_eq!((none.value, none.interval.lower), (0.0, 0.0));
        assert_eq!((all.value, all.interval.upper), (1.0, 1.0));
        assert!((none.interval.upper - (1.0 - all.interval.lower)).abs() < 1e-12);
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        let confidence = Confidence::two_sided(0.95).unwrap();

        assert_eq!(wilson(0, 0, confidence), Err(StatisticsError::NoItems));
        let error = wilson(3, 2, confidence).unwrap_err();
        assert_eq!(
            error,
            StatisticsError::MoreThanAll {
                passed: 3,
                total: 2
            }
        );
    }
}
