//! The few distribution functions that the statistics need, from the crate `statrs`.
//!
//! They are here so that no other file depends on it. What must not go in: anything that is a
//! statistic of its own.

use statrs::distribution::{Binomial, ContinuousCDF, Discrete, DiscreteCDF, Normal, StudentsT};

/// The value that a standard normal variable stays below with probability `p`.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// The same for Student's t; not a number where the degrees of freedom are not positive.
pub(crate) fn t_quantile(p: f64, degrees_of_freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, degrees_of_freedom)
        .map_or(f64::NAN, |distribution| distribution.inverse_cdf(p))
}

/// Of `n` fair coins, the probability that `k` show heads, and that at most `k` do.
pub(crate) fn fair_coins(k: u64, n: u64) -> (f64, f64) {
    Binomial::new(0.5, n).map_or((f64::NAN, f64::NAN), |coins| (coins.pmf(k), coins.cdf(k)))
}
