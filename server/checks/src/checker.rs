//! A list of checks, prepared once and run on every output.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::Value;
use shared::check::{Check, CheckResult};

use crate::CheckError;
use crate::error::Unusable;
use crate::finding::Evaluation;
use crate::kinds::{Evaluate, prepare};
use crate::reading::Reading;
use crate::text::cut;

/// What checks are run on.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The item's input, as its author wrote it.
    pub input: &'a str,
    /// What the model answered.
    pub output: &'a str,
    /// The item's expected output: JSON, a string, or a string that holds JSON.
    pub expected: Option<&'a Value>,
    /// The number of tokens of the output, where it is known.
    pub tokens: Option<usize>,
}

/// Prepared checks. Can be shared between threads.
#[derive(Debug)]
pub struct Checker {
    checks: Vec<Prepared>,
}

#[derive(Clone, Debug)]
struct Prepared {
    name: String,
    negate: bool,
    check: Arc<dyn Evaluate>,
}

impl Checker {
    /// Compiles expressions and schemas, and refuses parameters that no output could satisfy or
    /// that have no meaning. A name may occur only once.
    pub fn new(checks: &[Check]) -> Result<Self, CheckError> {
        Self { checks: Vec::new() }.with(checks)
    }

    /// These checks and more: a suite's, prepared once, and those of one of its items. Names are
    /// unique over all of them.
    pub fn with(&self, checks: &[Check]) -> Result<Self, CheckError> {
        let mut all = self.checks.clone();
        let mut names: HashSet<String> = all.iter().map(|known| known.name.clone()).collect();
        for check in checks {
            let of_check = |unusable: Unusable| unusable.of(&check.name);
            check_common(check, &mut names).map_err(of_check)?;
            all.push(Prepared {
                name: check.name.clone(),
                negate: check.negate,
                check: prepare(&check.kind).map_err(of_check)?.into(),
            });
        }
        Ok(Self { checks: all })
    }

    /// Whether an item has what its checks compare with: an expected output with a value, of the
    /// right type, at each pointer. For suites as they are written; [`run`](Self::run) fails the
    /// check of such an item.
    pub fn check_expected(&self, expected: Option<&Value>) -> Result<(), CheckError> {
        let subject = Subject {
            input: "",
            output: "",
            expected,
            tokens: None,
        };
        let reading = Reading::new(&subject);
        for prepared in &self.checks {
            prepared
                .check
                .check_expected(&reading)
                .map_err(|unreadable| {
                    let problem =
                        format!("cannot be used: {}; add it or drop the check", unreadable.0);
                    Unusable::new("expected", problem).of(&prepared.name)
                })?;
        }
        Ok(())
    }

    /// The result of every check, in the order they were given.
    pub fn run(&self, subject: &Subject<'_>) -> Vec<CheckResult> {
        let reading = Reading::new(subject);
        self.checks
            .iter()
            .map(|prepared| prepared.run(&reading))
            .collect()
    }
}

impl Prepared {
    fn run(&self, reading: &Reading<'_>) -> CheckResult {
        let evaluation = self.check.evaluate(reading);
        let (passed, score, detail) = self.judge(evaluation);
        let detail = if passed {
            String::new()
        } else {
            cut(&detail, 400)
        };
        CheckResult {
            name: self.name.clone(),
            passed,
            score,
            detail,
        }
    }

    fn judge(&self, evaluation: Evaluation) -> (bool, Option<f64>, String) {
        match evaluation {
            Err(unreadable) => (false, None, unreadable.0),
            Ok(found) if self.negate => (
                !found.holds,
                found.score,
                format!("not allowed: {}", found.detail),
            ),
            Ok(found) => (found.holds, found.score, found.detail),
        }
    }
}

fn check_common(check: &Check, names: &mut HashSet<String>) -> Result<(), Unusable> {
    if check.name.trim().is_empty() {
        return Err(Unusable::new(
            "name",
            "is empty: give the check a name to find its results by",
        ));
    }
    if !names.insert(check.name.clone()) {
        let problem = "is used by two checks: a suite's and its items' checks run together, so \
                       give each its own name";
        return Err(Unusable::new("name", problem));
    }
    if !(check.weight.is_finite() && check.weight >= 0.0) {
        let problem = format!("is {}: a weight is a number from 0 up", check.weight);
        return Err(Unusable::new("weight", problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{checks, refused, run};

    #[test]
    fn can_be_shared_between_threads() {
        fn shareable<T: Send + Sync>() {}
        shareable::<Checker>();
    }

    #[test]
    fn negation_turns_a_verdict_but_does_not_excuse_the_unreadable() {
        let check = json!({"type": "keywords", "pointer": "/a", "any_of": ["yes"], "negate": true});

        assert!(run(&check, r#"{"a": "no"}"#).passed);
        let found = run(&check, r#"{"a": "yes"}"#);
        assert_eq!(
            (found.passed, found.detail.as_str()),
            (false, "not allowed: `a` contains \"yes\"")
        );
        assert_eq!(run(&check, "{}").detail, "the answer has no `a`");
        assert!(!run(&check, "no JSON").passed);
    }

    #[test]
    fn results_keep_the_order_and_passed_ones_need_no_words() {
        let list = checks(&json!([
            {"name": "b", "type": "valid_json"},
            {"name": "a", "type": "question_count", "max": 0},
        ]));
        let subject = Subject {
            input: "",
            output: "{}",
            expected: None,
            tokens: None,
        };

        let results = Checker::new(&list).unwrap().run(&subject);

        let names: Vec<_> = results.iter().map(|result| result.name.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
        assert!(
            results
                .iter()
                .all(|result| result.passed && result.detail.is_empty())
        );
    }

    #[test]
    fn an_items_checks_join_those_of_its_suite() {
        let suite = Checker::new(&checks(&json!([{"name": "a", "type": "valid_json"}]))).unwrap();
        let item = checks(&json!([{"name": "b", "type": "question_count", "max": 0}]));
        let subject = Subject {
            input: "",
            output: "?",
            expected: None,
            tokens: None,
        };

        let failed = suite.with(&item).unwrap().run(&subject);

        assert_eq!(failed.iter().filter(|result| !result.passed).count(), 2);
        assert_eq!(suite.run(&subject).len(), 1);
        let same_name = checks(&json!([{"name": "a", "type": "refusal"}]));
        assert_eq!(suite.with(&same_name).unwrap_err().parameter, "name");
    }

    #[test]
    fn names_and_weights_are_checked() {
        let twice =
            checks(&json!([{"name": "a", "type": "refusal"}, {"name": "a", "type": "valid_json"}]));
        let error = Checker::new(&twice).unwrap_err();
        assert_eq!((error.check.as_str(), error.parameter), ("a", "name"));

        assert!(refused(&json!({"type": "refusal", "name": " "})).contains("`name` is empty"));
        assert!(refused(&json!({"type": "refusal", "weight": -1.0})).contains("`weight` is -1"));
    }

    #[test]
    fn items_without_what_their_checks_compare_with_are_found() {
        let list = checks(&json!([{"name": "same", "type": "pointer_equals", "pointer": "/a"}]));
        let checker = Checker::new(&list).unwrap();

        assert!(checker.check_expected(Some(&json!({"a": 1}))).is_ok());
        for expected in [None, Some(json!({"b": 1})), Some(json!("text"))] {
            let error = checker.check_expected(expected.as_ref()).unwrap_err();
            assert_eq!(
                (error.check.as_str(), error.parameter),
                ("same", "expected")
            );
        }
    }
}
