//! `fixed_set`: the text is one of a list, letter by letter.
//!
//! Case matters. White space at the ends of a whole output does not; of a value at a pointer it
//! does.

use super::Evaluate;
use crate::error::Unusable;
use crate::finding::{Evaluation, Finding};
use crate::pointer::{Pointer, place};
use crate::reading::Reading;
use crate::text::{quote, quoted_list};

#[derive(Debug)]
pub(crate) struct FixedSet {
    pointer: Option<Pointer>,
    values: Vec<String>,
}

impl FixedSet {
    pub(crate) fn new(pointer: Option<&String>, values: &[String]) -> Result<Self, Unusable> {
        if values.is_empty() {
            return Err(Unusable::new(
                "values",
                "is empty: list the texts that are allowed",
            ));
        }
        Ok(Self {
            pointer: Pointer::optional(pointer)?,
            values: values.to_vec(),
        })
    }
}

impl Evaluate for FixedSet {
    fn evaluate(&self, reading: &Reading<'_>) -> Evaluation {
        let text = reading.text(self.pointer.as_ref())?;
        let text = if self.pointer.is_none() {
            text.trim()
        } else {
            text.as_ref()
        };
        let holds = self.values.iter().any(|value| value == text);

        let (place, found) = (place(self.pointer.as_ref()), quote(text));
        Ok(if holds {
            Finding::new(true, format!("{place} is {found}"))
        } else {
            let allowed = quoted_list(self.values.iter().map(String::as_str));
            Finding::new(
                false,
                format!("{place} is {found}, which is none of {allowed}"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{refused, run};

    #[test]
    fn a_whole_answer() {
        let check = json!({"type": "fixed_set", "values": ["yes", "no"]});

        assert!(run(&check, " yes\n").passed);
        assert!(!run(&check, "Yes").passed);
        assert_eq!(
            run(&check, "perhaps").detail,
            "the answer is \"perhaps\", which is none of \"yes\", \"no\""
        );
    }

    #[test]
    fn a_value_at_a_pointer() {
        let check = json!({"type": "fixed_set", "pointer": "/grade", "values": ["1", "2"]});

        assert!(run(&check, r#"{"grade": "1"}"#).passed);
        assert!(run(&check, r#"{"grade": 2}"#).passed);
        assert!(!run(&check, r#"{"grade": " 1"}"#).passed);
        assert_eq!(
            run(&check, r#"{"note": 1}"#).detail,
            "the answer has no `grade`"
        );
    }

    #[test]
    fn unusable_parameters_are_refused() {
        assert!(refused(&json!({"type": "fixed_set", "values": []})).contains("`values` is empty"));
        let check = json!({"type": "fixed_set", "values": ["a"], "pointer": "a"});
        assert!(refused(&check).contains("`pointer` is \"a\""));
    }
}
