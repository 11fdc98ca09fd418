//! From the results of an item's checks to passed or failed.

use shared::check::{Check, CheckResult, PassRule};

use crate::CheckError;
use crate::error::Unusable;

/// Sums of weights such as 0.1 + 0.2 are rounded; a share this close counts as reached.
const ROUNDING: f64 = 1e-9;

/// Whether an item passed.
///
/// - All checks: each has a passing result.
/// - Weighted score: [`weighted_score`] reaches the threshold.
///
/// A check without a result counts as failed. Without checks, or where all weights are zero,
/// nothing was shown, and the item does not pass.
pub fn verdict(rule: &PassRule, checks: &[Check], results: &[CheckResult]) -> bool {
    match rule {
        PassRule::AllChecks => {
            !checks.is_empty() && checks.iter().all(|check| passed(check, results))
        }
        PassRule::WeightedScore { threshold } => {
            weighted_score(checks, results).is_some_and(|score| score + ROUNDING >= *threshold)
        }
    }
}

/// The weights of the passed checks over the weights of all, from 0 to 1; `None` without weights.
pub fn weighted_score(checks: &[Check], results: &[CheckResult]) -> Option<f64> {
    let all: f64 = checks.iter().map(|check| check.weight).sum();
    let reached = checks
        .iter()
        .filter(|check| passed(check, results))
        .map(|check| check.weight);
    (all > 0.0).then(|| reached.sum::<f64>() / all)
}

/// Whether a rule can be used: the threshold lies above 0, because 0 would pass everything, and
/// not above 1.
pub fn check_rule(rule: &PassRule) -> Result<(), CheckError> {
    match rule {
        PassRule::WeightedScore { threshold } if !(*threshold > 0.0 && *threshold <= 1.0) => {
            let problem = format!("is {threshold}: give a share above 0 and up to 1, such as 0.8");
            Err(Unusable::new("threshold", problem).of("pass rule"))
        }
        PassRule::WeightedScore { .. } | PassRule::AllChecks => Ok(()),
    }
}

fn passed(check: &Check, results: &[CheckResult]) -> bool {
    results
        .iter()
        .any(|result| result.name == check.name && result.passed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::checks;

    fn result(name: &str, passed: bool) -> CheckResult {
        CheckResult {
            name: name.to_owned(),
            passed,
            score: None,
            detail: String::new(),
        }
    }

    fn three() -> Vec<Check> {
        checks(&json!([
            {"name": "a", "type": "refusal", "weight": 0.1},
            {"name": "b", "type": "refusal", "weight": 0.2},
            {"name": "c", "type": "refusal", "weight": 0.7},
        ]))
    }

    #[test]
    fn all_checks_means_each_one() {
        let checks = three();
        let mut results = vec![result("c", true), result("a", true), result("b", true)];
        assert!(verdict(&PassRule::AllChecks, &checks, &results));

        results[0].passed = false;
        assert!(!verdict(&PassRule::AllChecks, &checks, &results));
        assert!(!verdict(&PassRule::AllChecks, &checks, &results[1..]));
    }

    #[test]
    fn a_weighted_score_reaches_its_threshold_in_spite_of_rounding() {
        let results = [result("a", true), result("b", true), result("c", false)];
        let rule = |threshold| PassRule::WeightedScore { threshold };

        assert!(verdict(&rule(0.3), &three(), &results));
        assert!(!verdict(&rule(0.31), &three(), &results));
    }

    #[test]
    fn nothing_checked_is_nothing_shown() {
        let weightless = checks(&json!([{"name": "a", "type": "refusal", "weight": 0.0}]));
        let rule = PassRule::WeightedScore { threshold: 0.5 };

        assert!(!verdict(&PassRule::AllChecks, &[], &[]));
        assert!(!verdict(&rule, &weightless, &[result("a", true)]));
        assert_eq!(weighted_score(&[], &[]), None);
    }

    #[test]
    fn thresholds_are_shares() {
        assert!(check_rule(&PassRule::AllChecks).is_ok());
        assert!(check_rule(&PassRule::WeightedScore { threshold: 1.0 }).is_ok());
        for threshold in [0.0, -0.5, 80.0, f64::NAN] {
            assert!(check_rule(&PassRule::WeightedScore { threshold }).is_err());
        }
    }
}
