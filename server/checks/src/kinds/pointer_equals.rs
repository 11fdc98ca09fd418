//! `pointer_equals`: the value at a pointer is the same as in the item's expected output.
//!
//! Values are compared as JSON: the order of keys does not matter, 1 is 1.0, texts are equal letter
//! by letter. An output that lacks the value fails, and so does every output of an item whose
//! expected output lacks it. [`value_text`](crate::value_text) gives the two labels for a confusion
//! table.

use super::Evaluate;
use super::same::same;
use crate::error::Unusable;
use crate::finding::{Evaluation, Finding, Unreadable};
use crate::pointer::Pointer;
use crate::reading::{Reading, shown};

#[derive(Debug)]
pub(crate) struct PointerEquals {
    pointer: Pointer,
}

impl PointerEquals {
    pub(crate) fn new(pointer: &str) -> Result<Self, Unusable> {
        Ok(Self {
            pointer: Pointer::new(pointer)?,
        })
    }
}

impl Evaluate for PointerEquals {
    fn evaluate(&self, reading: &Reading<'_>) -> Evaluation {
        let expected = reading.expected_value(&self.pointer)?;
        let found = reading.value(&self.pointer)?;
        let pointer = &self.pointer;
        Ok(if same(found, expected) {
            Finding::new(true, format!("{pointer} is {}, as expected", shown(found)))
        } else {
            let detail = format!(
                "{pointer} is {}, expected {}",
                shown(found),
                shown(expected)
            );
            Finding::new(false, detail)
        })
    }

    fn check_expected(&self, reading: &Reading<'_>) -> Result<(), Unreadable> {
        reading.expected_value(&self.pointer).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{refused, run, run_expecting};

    #[test]
    fn says_what_was_found_and_what_expected() {
        let check = json!({"type": "pointer_equals", "pointer": "/intent"});
        let expected = json!({"intent": "billing"});

        assert!(run_expecting(&check, r#"{"intent": "billing", "more": 1}"#, &expected).passed);
        let result = run_expecting(&check, r#"{"intent": "refund"}"#, &expected);
        assert_eq!(
            result.detail,
            "`intent` is \"refund\", expected \"billing\""
        );
    }

    #[test]
    fn expected_may_be_a_string_that_holds_json() {
        let check = json!({"type": "pointer_equals", "pointer": "/a/0"});
        let expected = json!("{\"a\": [1]}");

        assert!(run_expecting(&check, r#"{"a": [1.0]}"#, &expected).passed);
    }

    #[test]
    fn what_is_missing_fails_both_ways() {
        for negate in [false, true] {
            let check = json!({"type": "pointer_equals", "pointer": "/a", "negate": negate});
            let expected = json!({"a": 1});

            assert!(!run_expecting(&check, r#"{"b": 1}"#, &expected).passed);
            assert!(!run_expecting(&check, "prose", &expected).passed);
            assert!(!run_expecting(&check, r#"{"a": 1}"#, &json!({})).passed);
            assert!(
                run(&check, r#"{"a": 1}"#)
                    .detail
                    .contains("no expected output")
            );
        }
        let check = json!({"type": "pointer_equals", "pointer": "/a", "negate": true});
        assert!(run_expecting(&check, r#"{"a": 2}"#, &json!({"a": 1})).passed);
    }

    #[test]
    fn a_bad_pointer_is_refused() {
        let error = refused(&json!({"type": "pointer_equals", "pointer": "intent"}));
        assert!(error.contains("such as \"/intent\""), "{error}");
    }
}
