//! The one error of the crate.

/// Why a statistic could not be computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StatisticsError {
    /// There is nothing to compute from.
    #[error("there are no items: a rate or a difference needs at least one")]
    NoItems,
    /// There is something, but not enough for a spread.
    #[error("{found} items are too few: at least {needed} are needed")]
    TooFew {
        /// How many there are.
        found: usize,
        /// How many it takes.
        needed: usize,
    },
    /// More items passed than there are.
    #[error("{passed} passed of {total}: the first number cannot be the larger one")]
    MoreThanAll {
        /// Items that passed.
        passed: u64,
        /// All items.
        total: u64,
    },
    /// The two sides of a pairing differ in length.
    #[error(
        "{baseline} values of the baseline and {candidate} of the candidate cannot be paired: \
         give one of each for every item"
    )]
    Unpaired {
        /// Values of the baseline.
        baseline: usize,
        /// Values of the candidate.
        candidate: usize,
    },
    /// A value is infinite or not a number.
    #[error("value {index} of the {side} is not a finite number")]
    NotFinite {
        /// `baseline` or `candidate`.
        side: &'static str,
        /// Its position, from 0.
        index: usize,
    },
    /// A parameter lies outside its range.
    #[error("{name} is {value}, but must be {range}")]
    OutOfRange {
        /// The parameter.
        name: &'static str,
        /// What it was.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
    /// A p-value lies outside 0 to 1.
    #[error("the p-value of `{hypothesis}` is {p_value}, but must be between 0 and 1")]
    PValue {
        /// The hypothesis.
        hypothesis: String,
        /// What it was.
        p_value: f64,
    },
    /// A hypothesis is named twice.
    #[error("the hypothesis `{0}` is listed twice: each counts once in the correction")]
    Repeated(String),
}
