//! The guard against regression: a test of non-inferiority.
//!
//! "No significant difference" is no reason to replace a model: a suite of five items never finds
//! one. The burden of proof is turned round. The candidate has to show that it is not worse by
//! more than a margin that was set before, and a suite that is too small to show it does not pass.

use crate::{Confidence, Difference, PairedTable, StatisticsError, paired_difference};

/// What a guard found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guard {
    /// Candidate minus baseline with its interval.
    pub difference: Difference,
    /// The largest loss that is accepted, as a share.
    pub margin: f64,
    /// What follows.
    pub verdict: GuardVerdict,
}

impl Guard {
    /// Whether the candidate may go on.
    pub fn passed(&self) -> bool {
        self.verdict == GuardVerdict::NotWorse
    }
}

/// The three things that an interval can say about a margin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuardVerdict {
    /// The whole interval lies above minus the margin: shown not to be worse by that much.
    NotWorse,
    /// The whole interval lies below minus the margin: shown to be worse by more.
    Worse,
    /// Neither is shown; more items would tell. Does not pass.
    Undecided,
}

/// Tests that the candidate is not worse than the baseline by `margin` or more.
///
/// Passes only if the lower end of [`paired_difference`]'s interval is above `-margin`. Only that
/// end decides, so the level of the decision is one-sided: with `Confidence::two_sided(0.95)`, the
/// usual choice (ICH E9, section 3.3.2), it errs with probability 2.5 %; with
/// `Confidence::one_sided(0.95)`, with 5 %. `margin` is a share from 0 up to, not including, 1;
/// with 0 the candidate has to be shown better.
pub fn guard_against_regression(
    table: &PairedTable,
    margin: f64,
    confidence: Confidence,
) -> Result<Guard, StatisticsError> {
    check_margin(margin)?;
    let difference = paired_difference(table, confidence)?;
    let verdict = if difference.interval.lower > -margin {
        GuardVerdict::NotWorse
    } else if difference.interval.upper < -margin {
        GuardVerdict::Worse
    } else {
        GuardVerdict::Undecided
    };
    Ok(Guard {
        difference,
        margin,
        verdict,
    })
}

/// The number of items below which the guard cannot pass, even if not one item was broken.
///
/// With nothing discordant the lower end is `-z²/(n + z²)`, so `n` has to exceed
/// `z² (1 - margin) / margin`: 73 items for a margin of 5 % and a two-sided level of 95 %. `None`
/// for a margin of 0, where no number is enough without fixed items.
pub fn fewest_items_that_can_pass(
    margin: f64,
    confidence: Confidence,
) -> Result<Option<u64>, StatisticsError> {
    check_margin(margin)?;
    let bound = confidence.z().powi(2) * (1.0 - margin) / margin;
    // Above 2^53 counts are no longer exact, and no suite is that large.
    if bound >= 9.0e15 {
        return Ok(None);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative and below 2^53"
    )]
    let whole = bound.floor() as u64;
    Ok(Some(whole + 1))
}

fn check_margin(margin: f64) -> Result<(), StatisticsError> {
    if (0.0..1.0).contains(&margin) {
        return Ok(());
    }
    Err(StatisticsError::OutOfRange {
        name: "the margin",
        value: margin,
        range: "a share from 0 to below 1, such as 0.02",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual() -> Confidence {
        Confidence::two_sided(0.95).unwrap()
    }

    fn verdict(broken: u64, fixed: u64, total: u64, margin: f64) -> GuardVerdict {
        let both_passed = total - broken - fixed;
        let table = PairedTable {
            both_passed,
            broken,
            fixed,
            both_failed: 0,
        };
        guard_against_regression(&table, margin, usual())
            .unwrap()
            .verdict
    }

    #[test]
    fn a_suite_that_is_too_small_does_not_pass_by_being_undecided() {
        assert_eq!(verdict(0, 0, 5, 0.05), GuardVerdict::Undecided);
        assert_eq!(verdict(1, 0, 5, 0.05), GuardVerdict::Undecided);
        assert_eq!(verdict(0, 0, 500, 0.05), GuardVerdict::NotWorse);
    }

    #[test]
    fn loss_beyond_the_margin_is_worse_and_gain_passes() {
        assert_eq!(verdict(60, 2, 200, 0.05), GuardVerdict::Worse);
        assert_eq!(verdict(2, 60, 200, 0.05), GuardVerdict::NotWorse);
        assert_eq!(verdict(2, 60, 200, 0.0), GuardVerdict::NotWorse);
        assert_eq!(verdict(0, 0, 200, 0.0), GuardVerdict::Undecided);
    }

    #[test]
    fn the_fewest_items_are_exactly_those() {
        for margin in [0.01, 0.02, 0.05, 0.1, 0.5] {
            let fewest = fewest_items_that_can_pass(margin, usual())
                .unwrap()
                .unwrap();
            assert_eq!(
                verdict(0, 0, fewest, margin),
                GuardVerdict::NotWorse,
                "{margin}"
            );
            assert_eq!(
                verdict(0, 0, fewest - 1, margin),
                GuardVerdict::Undecided,
                "{margin}"
            );
        }
        assert_eq!(fewest_items_that_can_pass(0.05, usual()), Ok(Some(73)));
        assert_eq!(fewest_items_that_can_pass(0.0, usual()), Ok(None));
    }

    #[test]
    fn a_one_sided_level_asks_for_less_than_the_two_sided_of_the_same_number() {
        let table = PairedTable {
            both_passed: 60,
            ..PairedTable::default()
        };
        let one_sided = Confidence::one_sided(0.95).unwrap();

        assert!(
            !guard_against_regression(&table, 0.05, usual())
                .unwrap()
                .passed()
        );
        assert!(
            guard_against_regression(&table, 0.05, one_sided)
                .unwrap()
                .passed()
        );
    }

    #[test]
    fn unusable_margins_and_no_items_are_refused() {
        let table = PairedTable {
            both_passed: 60,
            ..PairedTable::default()
        };
        for margin in [-0.01, 1.0, 2.0, f64::NAN] {
            let error = guard_against_regression(&table, margin, usual()).unwrap_err();
            assert!(error.to_string().contains("the margin"), "{error}");
        }
        let nothing = guard_against_regression(&PairedTable::default(), 0.05, usual());
        assert_eq!(nothing, Err(StatisticsError::NoItems));
    }
}
