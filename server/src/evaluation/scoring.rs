//! One answer: its checks, whether it passed, and what failed.

use std::collections::BTreeSet;

use checks::{CheckError, Checker, verdict, weighted_score};
use shared::{
    check::{Check, CheckResult},
    evaluation::EvaluationResult,
    suite::SuiteItem,
};

use super::{Criteria, guard};
use crate::inference::Candidate;

/// Judges answers to the items of one suite.
#[derive(Debug)]
pub struct Scorer {
    criteria: Criteria,
    checker: Checker,
}

impl Scorer {
    /// Prepares the suite's checks.
    ///
    /// # Errors
    /// If a check has unusable parameters.
    pub fn new(criteria: Criteria) -> Result<Self, CheckError> {
        Ok(Self {
            checker: Checker::new(&criteria.checks)?,
            criteria,
        })
    }

    /// What answers are judged by.
    #[must_use]
    pub const fn criteria(&self) -> &Criteria {
        &self.criteria
    }

    /// Judges an answer to the item at a position.
    ///
    /// # Errors
    /// If a check of the item has unusable parameters; a suite with such an item is refused when it
    /// is made.
    pub fn score(
        &self,
        position: i64,
        item: SuiteItem,
        given: Candidate,
    ) -> Result<EvaluationResult, CheckError> {
        let Candidate { answer, score } = given;
        let checker = self.checker.with(&item.content.checks)?;
        let checks: Vec<&Check> = self.criteria.checks_of(&item.content).collect();
        let subject = guard::OwnedSubject {
            input: item.content.input.clone(),
            output: answer.text.clone(),
            expected: item.content.expected.clone(),
            tokens: answer.text_tokens,
        };
        let results = guard::run(checker, &checks, subject);
        let owned: Vec<Check> = checks.iter().map(|check| (*check).clone()).collect();
        let passed = verdict(&self.criteria.rule, &owned, &results);
        let failed: Vec<&Check> = failed(&owned, &results);
        let categories: BTreeSet<_> = failed
            .iter()
            .filter(|_| !passed)
            .map(|check| self.criteria.category(check))
            .collect();
        let clauses: BTreeSet<&String> = failed
            .iter()
            .filter_map(|check| check.clause.as_ref())
            .collect();
        Ok(EvaluationResult {
            position,
            output: answer.text,
            passed,
            score: weighted_score(&owned, &results).unwrap_or(0.0),
            categories: categories.into_iter().collect(),
            failed_clauses: clauses.into_iter().cloned().collect(),
            checks: results,
            item,
            prompt_tokens: as_i64(answer.prompt_tokens),
            output_tokens: as_i64(answer.output_tokens),
            latency_ms: answer.latency_ms,
            cut_off: answer.cut_off,
            reward_score: score,
        })
    }
}

/// The checks that did not pass.
fn failed<'a>(checks: &'a [Check], results: &[CheckResult]) -> Vec<&'a Check> {
    let passed = |check: &Check| {
        let mut results = results.iter();
        results.any(|result| result.name == check.name && result.passed)
    };
    checks.iter().filter(|check| !passed(check)).collect()
}

fn as_i64(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::{
        check::PassRule,
        evaluation::FailureCategory::{self, Format, InstructionFollowing, Knowledge, Safety},
        spec::Clause,
    };
    use uuid::Uuid;

    use super::*;
    use crate::inference::Answer;

    fn criteria(rule: PassRule) -> Criteria {
        let checks: Vec<Check> = serde_json::from_value(json!([
            { "name": "json", "type": "valid_json", "clause": "json-only" },
            { "name": "short", "type": "length", "unit": "words", "max": 3, "clause": "gone" },
            { "name": "calm", "type": "keywords", "none_of": ["damn"], "clause": "calm" },
        ]))
        .unwrap();
        let clauses: Vec<Clause> = serde_json::from_value(json!([
            { "key": "json-only", "text": "t", "kind": "knowledge", "priority": "must" },
            { "key": "calm", "text": "t", "kind": "style", "priority": "must" },
        ]))
        .unwrap();
        Criteria::new(checks, rule, &clauses)
    }

    fn score(rule: PassRule, output: &str) -> EvaluationResult {
        let content = serde_json::from_value(json!({
            "key": "a", "input": "Hello", "coverage": "edge",
            "checks": [{ "name": "own", "type": "refusal", "negate": true }],
        }))
        .unwrap();
        let item = SuiteItem {
            id: Uuid::nil().into(),
            content,
        };
        let answer = Answer {
            text: output.to_owned(),
            prompt_tokens: 3,
            output_tokens: 2,
            text_tokens: 1,
            latency_ms: 1.5,
            cut_off: false,
        };
        let given = Candidate {
            answer,
            score: None,
        };
        let scorer = Scorer::new(criteria(rule)).unwrap();
        scorer.score(4, item, given).unwrap()
    }

    #[test]
    fn a_failure_is_sorted_by_its_clause_and_else_by_its_check() {
        let result = score(PassRule::AllChecks, "damn you and all of it");
        assert!(!result.passed);
        // The clause of `json` is about knowledge; that of `short` is in no spec.
        assert_eq!(result.categories, [InstructionFollowing, Knowledge]);
        assert_eq!(result.failed_clauses, ["calm", "gone", "json-only"]);
        assert!((result.score - 0.25).abs() < 1e-12);
        let refused = score(PassRule::AllChecks, "I cannot help with that.");
        assert!(refused.categories.contains(&Safety));
    }

    #[test]
    fn a_passed_item_has_no_category_even_where_a_check_failed() {
        let rule = PassRule::WeightedScore { threshold: 0.7 };
        let result = score(rule, "well now");
        assert!(result.passed);
        assert_eq!(result.categories, [] as [FailureCategory; 0]);
        assert_eq!(result.failed_clauses, ["json-only"]);
        let names: Vec<_> = result
            .checks
            .iter()
            .map(|check| check.name.as_str())
            .collect();
        assert_eq!(names, ["json", "short", "calm", "own"]);
    }

    #[test]
    fn without_a_clause_the_kind_of_the_check_decides() {
        let criteria = criteria(PassRule::AllChecks);
        for (kind, category) in [
            (json!({ "type": "required_keys", "keys": ["a"] }), Format),
            (json!({ "type": "exact_match" }), Knowledge),
            (json!({ "type": "refusal" }), Safety),
            (
                json!({ "type": "question_count", "max": 1 }),
                InstructionFollowing,
            ),
        ] {
            let mut check = kind;
            check["name"] = json!("c");
            let check: Check = serde_json::from_value(check).unwrap();
            assert_eq!(criteria.category(&check), category);
        }
    }
}
