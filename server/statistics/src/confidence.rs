//! Confidence levels, one- or two-sided, and the intervals they lead to.
//!
//! Every interval of this crate has two ends. A one-sided statement uses one of them: the lower
//! end of a two-sided interval at 95 % is the one-sided bound at 97.5 %. [`Confidence`] keeps the
//! share that is left out at *each* end, so that the two ways of speaking cannot be mixed up.

use crate::StatisticsError;
use crate::distribution::{normal_quantile, t_quantile};

/// How sure an interval or a bound is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Confidence {
    tail: f64,
}

impl Confidence {
    /// An interval that covers the truth with this probability, leaving out `(1 - level) / 2` at
    /// each end. 0.95 is what reports use.
    pub fn two_sided(level: f64) -> Result<Self, StatisticsError> {
        Self::checked(level).map(|level| Self {
            tail: (1.0 - level) / 2.0,
        })
    }

    /// A bound that the truth stays on one side of with this probability, leaving out `1 - level`
    /// there. The interval of a one-sided 95 % has the ends of a two-sided 90 %.
    pub fn one_sided(level: f64) -> Result<Self, StatisticsError> {
        Self::checked(level).map(|level| Self { tail: 1.0 - level })
    }

    /// The probability left out at each end.
    pub const fn tail(self) -> f64 {
        self.tail
    }

    /// The level as an interval: `1 - 2 tail`.
    pub fn two_sided_level(self) -> f64 {
        1.0 - 2.0 * self.tail
    }

    /// The level as a bound on one side: `1 - tail`.
    pub fn one_sided_level(self) -> f64 {
        1.0 - self.tail
    }

    /// The quantile of the standard normal distribution that this leads to; 1.96 for 95 %.
    pub(crate) fn z(self) -> f64 {
        -normal_quantile(self.tail)
    }

    /// The same of Student's t with these degrees of freedom.
    pub(crate) fn t(self, degrees_of_freedom: f64) -> f64 {
        -t_quantile(self.tail, degrees_of_freedom)
    }

    fn checked(level: f64) -> Result<f64, StatisticsError> {
        if (0.5..1.0).contains(&level) {
            return Ok(level);
        }
        Err(StatisticsError::OutOfRange {
            name: "the confidence level",
            value: level,
            range: "at least 0.5 and below 1, such as 0.95",
        })
    }
}

/// A range of values that fit the data, both ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The least.
    pub lower: f64,
    /// The greatest.
    pub upper: f64,
}

impl Interval {
    /// Whether a value lies inside.
    pub fn contains(&self, value: f64) -> bool {
        self.lower <= value && value <= self.upper
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_speaking_meet() {
        let two = Confidence::two_sided(0.95).unwrap();
        let one = Confidence::one_sided(0.975).unwrap();

        assert!((two.tail() - one.tail()).abs() < 1e-15);
        assert!((two.z() - 1.959_963_984_540_054).abs() < 1e-12);
        assert!((one.two_sided_level() - 0.95).abs() < 1e-12);
        assert!((two.one_sided_level() - 0.975).abs() < 1e-12);
    }

    #[test]
    fn a_level_in_percent_or_without_meaning_is_refused() {
        for level in [95.0, 1.0, 0.0, 0.49, -0.1, f64::NAN] {
            let error = Confidence::two_sided(level).unwrap_err();
            assert!(error.to_string().contains("such as 0.95"), "{error}");
            assert!(Confidence::one_sided(level).is_err());
        }
    }
}
