//! `grounded_entities`: every text below a pointer occurs in the item's input: nothing is invented.
//!
//! Looked at are the values of objects and lists, however deep; keys, booleans and null are not.
//! Numbers count as their text. White space is folded and case does not matter, and otherwise a
//! value must occur letter by letter. It may be a part of a longer word (`lamp` of "lamps"), but a
//! number is not found within a longer number: `12` does not occur in "HP-70123". JSON drops the
//! zeros at the end of a fraction, so the number 49.9 occurs in "49.90". An empty text invents
//! nothing. Without a pointer an object or list is looked at in the same way, and any other output
//! as one text. The score is the share of values that occur, 1 if there are none.

use serde_json::Value;

use super::Evaluate;
use crate::error::Unusable;
use crate::finding::{Evaluation, Finding};
use crate::pointer::{Pointer, place};
use crate::reading::Reading;
use crate::text::{fold, quoted_list};

#[derive(Debug)]
pub(crate) struct GroundedEntities {
    pointer: Option<Pointer>,
}

impl GroundedEntities {
    pub(crate) fn new(pointer: Option<&String>) -> Result<Self, Unusable> {
        Ok(Self {
            pointer: Pointer::optional(pointer)?,
        })
    }
}

impl Evaluate for GroundedEntities {
    fn evaluate(&self, reading: &Reading<'_>) -> Evaluation {
        let mut texts = Vec::new();
        match &self.pointer {
            Some(pointer) => leaves(reading.value(pointer)?, &mut texts),
            None => match reading.json() {
                Ok(value @ (Value::Object(_) | Value::Array(_))) => leaves(value, &mut texts),
                _ => texts.push(Leaf {
                    text: reading.subject.output.to_owned(),
                    fraction: false,
                }),
            },
        }
        let input = fold(reading.subject.input);
        let invented: Vec<&str> = texts
            .iter()
            .filter(|leaf| !leaf.occurs(&input))
            .map(|leaf| leaf.text.as_str())
            .collect();

        let share = 1.0 - invented.len() as f64 / texts.len().max(1) as f64;
        let place = place(self.pointer.as_ref());
        let detail = if invented.is_empty() {
            format!("everything in {place} occurs in the input")
        } else {
            format!(
                "{place} holds {}, which the input does not",
                quoted_list(invented.iter().copied())
            )
        };
        Ok(Finding::new(invented.is_empty(), detail).with_score(share))
    }
}

/// Every value below, as a text, and whether that is a number with a fraction.
fn leaves(value: &Value, texts: &mut Vec<Leaf>) {
    match value {
        Value::String(text) => texts.push(Leaf {
            text: text.clone(),
            fraction: false,
        }),
        Value::Number(number) => {
            let text = number.to_string();
            let text = text.strip_suffix(".0").unwrap_or(&text).to_owned();
            let fraction = text.contains('.');
            texts.push(Leaf { text, fraction });
        }
        Value::Array(list) => list.iter().for_each(|element| leaves(element, texts)),
        Value::Object(object) => object.values().for_each(|element| leaves(element, texts)),
        Value::Bool(_) | Value::Null => {}
    }
}

struct Leaf {
    text: String,
    fraction: bool,
}

impl Leaf {
    /// Whether the folded input contains the text without cutting a number apart.
    fn occurs(&self, input: &str) -> bool {
        let text = fold(&self.text);
        text.is_empty()
            || starts(input, &text).any(|start| {
                let (before, after) = (&input[..start], &input[start + text.len()..]);
                let after = if self.fraction {
                    after.trim_start_matches('0')
                } else {
                    after
                };
                !cuts(text.chars().next(), before.chars().next_back())
                    && !cuts(text.chars().next_back(), after.chars().next())
            })
    }
}

/// Whether a number goes on from one character to the other.
fn cuts(inside: Option<char>, outside: Option<char>) -> bool {
    inside.is_some_and(char::is_numeric) && outside.is_some_and(char::is_numeric)
}

/// Every place where `text` begins, overlapping ones included.
fn starts<'a>(input: &'a str, text: &'a str) -> impl Iterator<Item = usize> + 'a {
    let places = input.char_indices().map(|(start, _)| start);
    places.filter(move |start| input[*start..].starts_with(text))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::check::CheckResult;

    use crate::Subject;
    use crate::testing::{refused, run_on};

    fn at(pointer: &Value, input: &str, output: &str) -> CheckResult {
        let mut check = json!({"type": "grounded_entities"});
        if !pointer.is_null() {
            check["pointer"] = pointer.clone();
        }
        run_on(
            &check,
            &Subject {
                input,
                output,
                expected: None,
                tokens: None,
            },
        )
    }

    fn grounded(input: &str, entities: &Value) -> bool {
        at(&json!("/e"), input, &json!({"e": entities}).to_string()).passed
    }

    #[test]
    fn case_and_white_space_do_not_matter() {
        let input = "Order HP-10234:\n a  Floor lamp, 49.90 EUR";

        assert!(grounded(
            input,
            &json!({"id": "hp-10234", "product": "floor lamp"})
        ));
        assert!(grounded(
            input,
            &json!([["a floor"], {"deep": {"deeper": 49.90}}])
        ));
        assert!(grounded(input, &json!({})));
        assert!(grounded(
            input,
            &json!({"gift": true, "note": null, "name": ""})
        ));
    }

    #[test]
    fn what_is_invented_is_named() {
        let output = r#"{"e": {"id": "HP-99999", "product": "lamp"}}"#;
        let result = at(&json!("/e"), "The lamp of HP-10234", output);

        assert!(!result.passed);
        assert_eq!(result.score, Some(0.5));
        assert_eq!(
            result.detail,
            "`e` holds \"HP-99999\", which the input does not"
        );
    }

    #[test]
    fn numbers_are_not_cut_out_of_longer_ones() {
        assert!(!grounded("order 70123", &json!(["12"])));
        assert!(!grounded("order 70123", &json!([123])));
        assert!(grounded("order 70123, then 123", &json!([123])));
        assert!(grounded("order HP-70123", &json!(["70123"])));
        assert!(grounded("3 lamps", &json!(["lamp"])));
        assert!(grounded("it was 49.90 EUR, or 42", &json!([49.90, 42.0])));
        assert!(!grounded("it was 49.905 EUR", &json!([49.90])));
    }

    #[test]
    fn missing_values_are_unreadable_and_whole_answers_are_one_text() {
        assert!(!at(&json!("/e"), "x", "{}").passed);
        assert!(!at(&json!("/e"), "x", "x").passed);
        assert!(at(&Value::Null, "It was Ada Lovelace.", "Ada Lovelace\n").passed);
        assert!(!at(&Value::Null, "It was Ada Lovelace.", "Grace Hopper").passed);
        assert!(at(&Value::Null, "It was Ada.", r#"{"name": "Ada"}"#).passed);
    }

    #[test]
    fn a_bad_pointer_is_refused() {
        let error = refused(&json!({"type": "grounded_entities", "pointer": "entities"}));
        assert!(error.contains("`pointer`"), "{error}");
    }
}
