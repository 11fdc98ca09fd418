//! `required_keys`: the output is a JSON object with at least these keys, in any order.
//!
//! The values do not matter: a key whose value is null is there. Another JSON value than an object
//! lacks them all. Negated, it passes if at least one is missing. An output that is no JSON is
//! unreadable.

use super::Evaluate;
use crate::error::Unusable;
use crate::finding::{Evaluation, Finding};
use crate::reading::Reading;
use crate::text::quoted_list;

#[derive(Debug)]
pub(crate) struct RequiredKeys {
    keys: Vec<String>,
}

impl RequiredKeys {
    pub(crate) fn new(keys: &[String]) -> Result<Self, Unusable> {
        if keys.is_empty() {
            let problem = "is empty: list the keys that the object must have";
            return Err(Unusable::new("keys", problem));
        }
        Ok(Self {
            keys: keys.to_vec(),
        })
    }
}

impl Evaluate for RequiredKeys {
    fn evaluate(&self, reading: &Reading<'_>) -> Evaluation {
        let Some(object) = reading.json()?.as_object() else {
            return Ok(Finding::new(
                false,
                "the answer is JSON, but no object with keys",
            ));
        };
        let missing: Vec<&str> = self
            .keys
            .iter()
            .map(String::as_str)
            .filter(|key| !object.contains_key(*key))
            .collect();
        Ok(if missing.is_empty() {
            Finding::new(true, "the answer has all the keys")
        } else {
            Finding::new(false, format!("the answer lacks {}", quoted_list(missing)))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{refused, run};

    #[test]
    fn names_the_missing_keys() {
        let check = json!({"type": "required_keys", "keys": ["a", "b", "c"]});

        assert!(run(&check, r#"{"c": null, "b": 2, "a": 1, "more": 0}"#).passed);
        assert_eq!(
            run(&check, r#"{"b": 1}"#).detail,
            "the answer lacks \"a\", \"c\""
        );
        assert!(!run(&check, "[]").passed);
        assert!(!run(&check, "a b c").passed);
    }

    #[test]
    fn negated_it_passes_if_one_is_missing() {
        let check = json!({"type": "required_keys", "keys": ["a", "b"], "negate": true});

        assert!(run(&check, r#"{"a": 1}"#).passed);
        assert!(!run(&check, r#"{"a": 1, "b": 2}"#).passed);
        assert!(!run(&check, "prose").passed);
    }

    #[test]
    fn an_empty_list_is_refused() {
        assert!(refused(&json!({"type": "required_keys", "keys": []})).contains("`keys` is empty"));
    }
}
