//! `valid_json`: the whole output is one JSON value.
//!
//! White space around it is allowed; a code fence, a sentence before or after it, a second value
//! and nesting deeper than 128 are not. Of keys that occur twice the last one counts. Any text can
//! be judged, so the negated check passes for what is no JSON.

use super::Evaluate;
use crate::finding::{Evaluation, Finding};
use crate::reading::Reading;

#[derive(Debug)]
pub(crate) struct ValidJson;

impl Evaluate for ValidJson {
    fn evaluate(&self, reading: &Reading<'_>) -> Evaluation {
        Ok(match reading.json() {
            Ok(_) => Finding::new(true, "the answer is one JSON value"),
            Err(unreadable) => Finding::new(false, unreadable.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::run;

    #[test]
    fn one_value_and_nothing_else() {
        let check = json!({"type": "valid_json"});

        for output in ["{}", " [1, 2]\n", "\"text\"", "3"] {
            assert!(run(&check, output).passed, "{output}");
        }
        for output in [
            "",
            "{} {}",
            "{\"a\": 1} That is all.",
            "```json\n{}\n```",
            "{'a': 1}",
        ] {
            let result = run(&check, output);
            assert!(!result.passed, "{output}");
            assert!(
                result
                    .detail
                    .starts_with("the answer is not one JSON value: "),
                "{result:?}"
            );
        }
    }

    #[test]
    fn negated_it_passes_for_prose() {
        let check = json!({"type": "valid_json", "negate": true});

        assert!(run(&check, "Good morning!").passed);
        assert_eq!(
            run(&check, "{}").detail,
            "not allowed: the answer is one JSON value"
        );
    }
}
