//! One clause, compared over the items of all suites that test it.

use shared::{check::Check, evaluation::EvaluationResult, report::ClauseComparison};
use statistics::{Confidence, StatisticsError};

use super::{paired::Pairing, suites::Matched};

/// Compares each clause that some item tests; the others have nothing to say.
pub(super) fn compare(
    suites: &[Matched<'_>],
    clauses: &[(String, String)],
    confidence: Confidence,
) -> Result<Vec<ClauseComparison>, StatisticsError> {
    let mut compared = Vec::new();
    for (key, text) in clauses {
        let verdicts: Vec<(bool, bool)> = suites
            .iter()
            .flat_map(|suite| {
                let tested = suite
                    .pairs()
                    .filter(|(old, _)| is_tested(key, &suite.suite.checks, old));
                tested.map(|(old, new)| (is_kept(key, old), is_kept(key, new)))
            })
            .collect();
        if verdicts.is_empty() {
            continue;
        }
        let pairing = Pairing::of(verdicts, confidence)?;
        compared.push(ClauseComparison {
            key: key.clone(),
            text: text.clone(),
            baseline: pairing.baseline,
            candidate: pairing.candidate,
            difference: pairing.difference,
        });
    }
    Ok(compared)
}

/// Whether a check of the suite or of the item tests the clause.
fn is_tested(key: &str, of_suite: &[Check], result: &EvaluationResult) -> bool {
    let of_item = &result.item.content.checks;
    let mut checks = of_suite.iter().chain(of_item);
    checks.any(|check| check.clause.as_deref() == Some(key))
}

fn is_kept(key: &str, result: &EvaluationResult) -> bool {
    !result.failed_clauses.iter().any(|failed| failed == key)
}
