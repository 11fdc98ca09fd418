//! Whether a candidate met what it was held to, and why, in a sentence.

use shared::{report::GateOutcome, suite::Gate};
use statistics::{
    Confidence, GuardVerdict, StatisticsError, fewest_items_that_can_pass, guard_against_regression,
};

use super::{
    paired::Pairing,
    words::{counts, interval, percent, points},
};

/// Decides a gate by the verdicts on its suite.
pub(super) fn decide(
    gate: Gate,
    pairing: &Pairing,
    confidence: Confidence,
) -> Result<GateOutcome, StatisticsError> {
    match gate {
        Gate::Goal {
            min_rate,
            must_improve,
        } => Ok(goal(min_rate, must_improve, pairing, confidence)),
        Gate::Guard { margin } => guard(margin, pairing, confidence),
    }
}

fn goal(
    min_rate: Option<f64>,
    must_improve: bool,
    pairing: &Pairing,
    confidence: Confidence,
) -> GateOutcome {
    let reached = min_rate.is_none_or(|least| pairing.candidate.rate >= least);
    let improved = !must_improve || pairing.difference.lower > 0.0;
    let rate = min_rate.map_or_else(String::new, |least| {
        let word = if reached { "reaches" } else { "misses" };
        format!(" and {word} the goal of {}", percent(least))
    });
    let change = match (must_improve, improved) {
        (false, _) => "",
        (true, true) => ", above zero as the goal asks",
        (true, false) => ", which does not lie above zero as the goal asks",
    };
    let sentence = format!(
        "The candidate passes {}{rate}; against the baseline {}{change}.",
        counts(&pairing.candidate),
        interval(&pairing.difference, confidence.two_sided_level())
    );
    GateOutcome {
        passed: reached && improved,
        sentence,
    }
}

fn guard(
    margin: f64,
    pairing: &Pairing,
    confidence: Confidence,
) -> Result<GateOutcome, StatisticsError> {
    let guard = guard_against_regression(&pairing.table, margin, confidence)?;
    let difference = interval(&pairing.difference, confidence.two_sided_level());
    let limit = points(-margin);
    let verdict = match guard.verdict {
        GuardVerdict::NotWorse => {
            format!("the lower end lies above the limit of {limit}, so a larger loss is ruled out")
        }
        GuardVerdict::Worse => format!("all of the interval lies below the limit of {limit}"),
        GuardVerdict::Undecided => {
            format!("a loss beyond the limit of {limit} cannot be ruled out")
        }
    };
    let items = pairing.table.total();
    let fewest = fewest_items_that_can_pass(margin, confidence)?.filter(|fewest| items < *fewest);
    let too_small = fewest.map_or_else(String::new, |fewest| {
        format!(
            " With {items} items this guard can pass only by improvement; it takes {fewest} items \
             even if nothing is broken."
        )
    });
    let sentence = format!("{difference}: {verdict}.{too_small}");
    Ok(GateOutcome {
        passed: guard.passed(),
        sentence,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairing(fixed: usize, broken: usize, kept: usize, failed: usize) -> Pairing {
        let verdicts = [
            ((false, true), fixed),
            ((true, false), broken),
            ((true, true), kept),
            ((false, false), failed),
        ];
        let verdicts = verdicts
            .into_iter()
            .flat_map(|(verdict, count)| std::iter::repeat_n(verdict, count));
        Pairing::of(verdicts, confidence()).unwrap()
    }

    fn confidence() -> Confidence {
        Confidence::two_sided(0.95).unwrap()
    }

    fn passes(gate: Gate, pairing: &Pairing) -> bool {
        decide(gate, pairing, confidence()).unwrap().passed
    }

    #[test]
    fn a_goal_asks_for_a_rate_and_for_an_interval_above_zero() {
        let gate = |min_rate, must_improve| Gate::Goal {
            min_rate,
            must_improve,
        };
        let better = pairing(30, 2, 40, 8);
        assert!(passes(gate(Some(0.85), true), &better));
        assert!(!passes(gate(Some(0.9), true), &better));
        let equal = pairing(3, 2, 70, 5);
        assert!(!passes(gate(None, true), &equal));
        assert!(passes(gate(Some(0.9), false), &equal));
    }

    #[test]
    fn a_guard_passes_only_when_a_loss_beyond_the_margin_is_ruled_out() {
        let gate = Gate::Guard { margin: 0.05 };
        assert!(passes(gate, &pairing(0, 0, 100, 20)));
        assert!(!passes(gate, &pairing(0, 6, 100, 14)));
        let worse = decide(gate, &pairing(0, 40, 60, 0), confidence()).unwrap();
        assert!(worse.sentence.contains("all of the interval"), "{worse:?}");
        // Too small to be decided, however well it went.
        let small = decide(gate, &pairing(0, 0, 20, 0), confidence()).unwrap();
        assert!(!small.passed);
        assert!(small.sentence.contains("takes 73 items"), "{small:?}");
    }
}
