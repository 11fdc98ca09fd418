//! `exact_match`: the output equals a text, the given one or else the item's expected output.
//!
//! White space at the ends of both does not count. If the item's expected output is JSON, or a
//! string that holds an object or a list, the output is read as JSON and compared as such, so that
//! spaces and the order of keys do not matter; then case always matters.

use std::borrow::Cow;

use serde_json::Value;

use super::Evaluate;
use super::same::same;
use crate::finding::{Evaluation, Finding, Unreadable};
use crate::reading::{Reading, shown};
use crate::text::quote;

#[derive(Debug)]
pub(crate) struct ExactMatch {
    expected: Option<String>,
    ignore_case: bool,
}

impl ExactMatch {
    pub(crate) fn new(expected: Option<&str>, ignore_case: bool) -> Self {
        Self {
            expected: expected.map(str::to_owned),
            ignore_case,
        }
    }

    fn compare(&self, output: &str, expected: &str) -> Finding {
        let (output, expected) = (output.trim(), expected.trim());
        let fold = |text| {
            if self.ignore_case {
                Cow::Owned(str::to_lowercase(text))
            } else {
                Cow::Borrowed(text)
            }
        };
        let holds = fold(output) == fold(expected);
        finding(holds, &quote(output), &quote(expected))
    }
}

impl Evaluate for ExactMatch {
    fn evaluate(&self, reading: &Reading<'_>) -> Evaluation {
        let output = reading.subject.output;
        if let Some(expected) = &self.expected {
            return Ok(self.compare(output, expected));
        }
        match reading.expected()? {
            Value::String(expected) => Ok(self.compare(output, expected)),
            expected => {
                let found = reading.json()?;
                Ok(finding(
                    same(found, expected),
                    &shown(found),
                    &shown(expected),
                ))
            }
        }
    }

    fn check_expected(&self, reading: &Reading<'_>) -> Result<(), Unreadable> {
        if self.expected.is_some() {
            Ok(())
        } else {
            reading.expected().map(|_| ())
        }
    }
}

fn finding(holds: bool, found: &str, expected: &str) -> Finding {
    if holds {
        Finding::new(true, format!("the answer is {found}"))
    } else {
        Finding::new(false, format!("the answer is {found}, expected {expected}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{run, run_expecting};

    #[test]
    fn a_given_text() {
        let check = json!({"type": "exact_match", "expected": "Paris"});

        assert!(run(&check, "\nParis ").passed);
        assert_eq!(
            run(&check, "paris").detail,
            "the answer is \"paris\", expected \"Paris\""
        );
        let check = json!({"type": "exact_match", "expected": "PARIS", "ignore_case": true});
        assert!(run(&check, "Paris").passed);
    }

    #[test]
    fn the_expected_output_of_the_item() {
        let check = json!({"type": "exact_match"});

        assert!(run_expecting(&check, "42", &json!(" 42 ")).passed);
        assert!(!run_expecting(&check, "43", &json!("42")).passed);
        assert!(!run(&check, "42").passed);
    }

    #[test]
    fn json_is_compared_as_json() {
        let check = json!({"type": "exact_match"});
        for expected in [json!({"a": 1, "b": "X"}), json!("{\"a\": 1, \"b\": \"X\"}")] {
            assert!(run_expecting(&check, r#"{"b":"X","a":1.0}"#, &expected).passed);
            assert!(!run_expecting(&check, r#"{"b":"x","a":1}"#, &expected).passed);
            assert!(!run_expecting(&check, "no JSON", &expected).passed);
        }
    }

    #[test]
    fn negated_it_passes_for_another_text() {
        let check = json!({"type": "exact_match", "expected": "no", "negate": true});
        assert!(run(&check, "yes").passed);
        assert!(!run(&check, "no").passed);
    }
}
