//! `list_f1`: the list at a pointer, taken as a set, comes close to the expected one.
//!
//! Elements are compared as JSON; order and repetition do not count. With `c` elements in common,
//! F1 is `2c / (found + expected)`: the harmonic mean of precision and recall. Two empty lists have
//! an F1 of 1. What is no list is unreadable.

use serde_json::Value;

use super::Evaluate;
use super::same::same;
use crate::error::Unusable;
use crate::finding::{Evaluation, Finding, Unreadable};
use crate::pointer::Pointer;
use crate::reading::{Reading, shown};

#[derive(Debug)]
pub(crate) struct ListF1 {
    pointer: Pointer,
    threshold: f64,
}

impl ListF1 {
    pub(crate) fn new(pointer: &str, threshold: f64) -> Result<Self, Unusable> {
        if !(0.0..=1.0).contains(&threshold) {
            let problem = format!("is {threshold}: give a share from 0 to 1, such as 0.5");
            return Err(Unusable::new("threshold", problem));
        }
        Ok(Self {
            pointer: Pointer::new(pointer)?,
            threshold,
        })
    }

    fn expected<'a>(&self, reading: &'a Reading<'_>) -> Result<Vec<&'a Value>, Unreadable> {
        let value = reading.expected_value(&self.pointer)?;
        let whose = format!("the item's expected {}", self.pointer);
        as_set(value, &whose)
    }
}

impl Evaluate for ListF1 {
    fn evaluate(&self, reading: &Reading<'_>) -> Evaluation {
        let expected = self.expected(reading)?;
        let value = reading.value(&self.pointer)?;
        let found = as_set(value, &self.pointer.to_string())?;

        let missing = without(&expected, &found);
        let surplus = without(&found, &expected);
        let both = found.len() + expected.len();
        let common = found.len() - surplus.len();
        let f1 = if both == 0 {
            1.0
        } else {
            2.0 * common as f64 / both as f64
        };

        let pointer = &self.pointer;
        let mut detail = format!(
            "{pointer} has an F1 of {f1:.2} ({} asked for)",
            self.threshold
        );
        for (word, values) in [("missing", missing), ("too many", surplus)] {
            if !values.is_empty() {
                let list: Vec<String> = values.into_iter().map(shown).collect();
                detail = format!("{detail}; {word}: {}", list.join(", "));
            }
        }
        // Two thirds compared with 0.6666666666666666 must not hang on the last digit.
        Ok(Finding::new(f1 + 1e-9 >= self.threshold, detail).with_score(f1))
    }

    fn check_expected(&self, reading: &Reading<'_>) -> Result<(), Unreadable> {
        self.expected(reading).map(|_| ())
    }
}

/// The elements of a list, each once.
fn as_set<'a>(value: &'a Value, whose: &str) -> Result<Vec<&'a Value>, Unreadable> {
    let Value::Array(list) = value else {
        return Err(Unreadable(format!(
            "{whose} is {}, which is no list",
            shown(value)
        )));
    };
    let mut set: Vec<&Value> = Vec::new();
    for element in list {
        if !set.iter().any(|known| same(known, element)) {
            set.push(element);
        }
    }
    Ok(set)
}

fn without<'a>(list: &[&'a Value], others: &[&Value]) -> Vec<&'a Value> {
    let absent = |one: &&&Value| !others.iter().any(|other| same(one, other));
    list.iter().filter(absent).copied().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{refused, run_expecting};

    fn check() -> Value {
        json!({"type": "list_f1", "pointer": "/l", "threshold": 0.5})
    }

    fn score(found: &Value, expected: &Value) -> f64 {
        let (output, expected) = (json!({"l": found}), json!({"l": expected}));
        run_expecting(&check(), &output.to_string(), &expected)
            .score
            .unwrap()
    }

    #[test]
    fn order_and_repetition_do_not_count() {
        for (found, expected, f1) in [
            (json!([]), json!([]), 1.0),
            (json!(["b", "a", "a"]), json!(["a", "b"]), 1.0),
            (json!(["a"]), json!(["a", "b"]), 2.0 / 3.0),
            (json!(["a", "c"]), json!(["a", "b"]), 0.5),
            (json!(["c"]), json!(["a", "b"]), 0.0),
            (json!([]), json!(["a"]), 0.0),
            (json!(["a"]), json!([]), 0.0),
        ] {
            assert!(
                (score(&found, &expected) - f1).abs() < 1e-12,
                "{found} {expected}"
            );
        }
    }

    #[test]
    fn names_what_is_missing_and_what_is_too_much() {
        let result = run_expecting(&check(), r#"{"l": ["date"]}"#, &json!({"l": ["reason"]}));
        assert_eq!(
            result.detail,
            "`l` has an F1 of 0.00 (0.5 asked for); missing: \"reason\"; too many: \"date\""
        );
    }

    #[test]
    fn what_is_no_list_fails_both_ways() {
        for negate in [false, true] {
            let mut check = check();
            check["negate"] = json!(negate);
            for output in [r#"{"l": "a"}"#, "{}", "prose"] {
                assert!(
                    !run_expecting(&check, output, &json!({"l": ["a"]})).passed,
                    "{output}"
                );
            }
            assert!(!run_expecting(&check, r#"{"l": []}"#, &json!({"l": "a"})).passed);
        }
    }

    #[test]
    fn a_threshold_in_percent_is_refused() {
        let check = json!({"type": "list_f1", "pointer": "/l", "threshold": 50.0});
        assert!(refused(&check).contains("`threshold` is 50"));
    }
}
