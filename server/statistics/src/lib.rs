//! What a regression report states: intervals, paired tests, the guard against regression.
//!
//! Baseline and candidate answer the same items, so everything here that compares them is paired:
//! two rates that look alike can hide ten fixed and ten broken items, and an unpaired test throws
//! away what the pairs know.
//!
//! | question of the report | answer |
//! | --- | --- |
//! | how sure is this rate? | [`wilson()`] |
//! | how much better or worse is the candidate? | [`paired_difference`] |
//! | could the fixed and broken items be chance? | [`mcnemar_exact`], [`mcnemar_mid_p`] |
//! | and with many such questions at once? | [`holm()`] |
//! | may the candidate replace the baseline? | [`guard_against_regression`] |
//! | what could this suite have seen at all? | [`smallest_detectable_effect`], [`fewest_items_that_can_pass`] |
//! | did latency or tokens change? | [`paired_mean_difference`], [`bootstrap_mean_difference`] |
//!
//! Pure functions of counts and slices. What must not go in: reading results, rendering numbers,
//! a random source or a clock of its own, anything that knows of projects or models.
//!
//! # Conventions
//! A difference is candidate minus baseline: above zero, the candidate has more. Rates, levels and
//! margins are shares from 0 to 1, never percent. Nothing panics; what cannot be computed is a
//! [`StatisticsError`].
//!
//! # Adding a statistic
//! 1. One file, with the formula and its source in the documentation of the function.
//! 2. Decide what it gives for no items, for all alike and for one item; test that.
//! 3. Add cases to `tests/reference/generate.py`, store its output, compare in `tests/reference.rs`.

mod bootstrap;
mod confidence;
mod detectable;
mod distribution;
mod error;
mod guard;
mod holm;
mod mcnemar;
mod mean_difference;
mod paired;
mod tango;
mod wilson;

pub use bootstrap::bootstrap_mean_difference;
pub use confidence::{Confidence, Interval};
pub use detectable::smallest_detectable_effect;
pub use error::StatisticsError;
pub use guard::{Guard, GuardVerdict, fewest_items_that_can_pass, guard_against_regression};
pub use holm::{Adjusted, holm};
pub use mcnemar::{mcnemar_exact, mcnemar_mid_p};
pub use mean_difference::{MeanDifference, paired_mean_difference};
pub use paired::PairedTable;
pub use tango::{Difference, paired_difference};
pub use wilson::{Rate, wilson};
