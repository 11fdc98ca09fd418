//! `length`: the number of characters, words or tokens is within bounds.
//!
//! White space at the ends does not count. Characters are Unicode scalar values, words are runs of
//! text between white space. Tokens are those of the evaluated model for the whole output, so they
//! cannot be counted at a pointer, and where their number is not known the output is unreadable.

use shared::check::LengthUnit;

use super::Evaluate;
use super::bounds::Bounds;
use crate::error::Unusable;
use crate::finding::{Evaluation, Finding, Unreadable};
use crate::pointer::{Pointer, place};
use crate::reading::Reading;
use crate::text::counted;

#[derive(Debug)]
pub(crate) struct Length {
    pointer: Option<Pointer>,
    unit: LengthUnit,
    bounds: Bounds,
}

impl Length {
    pub(crate) fn new(
        pointer: Option<&String>,
        unit: LengthUnit,
        min: Option<u32>,
        max: Option<u32>,
    ) -> Result<Self, Unusable> {
        if unit == LengthUnit::Tokens && pointer.is_some() {
            let problem = "cannot be set for tokens, which are counted for the whole output: leave \
                           it out, or count words or characters";
            return Err(Unusable::new("pointer", problem));
        }
        Ok(Self {
            pointer: Pointer::optional(pointer)?,
            unit,
            bounds: Bounds::new(min, max)?,
        })
    }

    fn count(&self, reading: &Reading<'_>) -> Result<usize, Unreadable> {
        let unknown = || Unreadable("the number of tokens of this answer is not known".to_owned());
        match self.unit {
            LengthUnit::Tokens => reading.subject.tokens.ok_or_else(unknown),
            LengthUnit::Characters => {
                Ok(reading.text(self.pointer.as_ref())?.trim().chars().count())
            }
            LengthUnit::Words => Ok(reading
                .text(self.pointer.as_ref())?
                .split_whitespace()
                .count()),
        }
    }
}

impl Evaluate for Length {
    fn evaluate(&self, reading: &Reading<'_>) -> Evaluation {
        let count = self.count(reading)?;
        let noun = match self.unit {
            LengthUnit::Characters => "character",
            LengthUnit::Words => "word",
            LengthUnit::Tokens => "token",
        };
        let (place, wanted) = (place(self.pointer.as_ref()), self.bounds.wanted());
        let detail = format!("{place} has {} ({wanted} asked for)", counted(count, noun));
        Ok(Finding::new(self.bounds.contain(count), detail))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Subject;
    use crate::testing::{refused, run, run_on};

    #[test]
    fn counts_characters_not_bytes() {
        let check = json!({"type": "length", "unit": "characters", "max": 4});

        assert!(run(&check, " äöüß\n").passed);
        assert_eq!(
            run(&check, "fünf!").detail,
            "the answer has 5 characters (at most 4 asked for)"
        );
    }

    #[test]
    fn counts_words_at_a_pointer() {
        let check = json!({"type": "length", "unit": "words", "pointer": "/a", "min": 2});

        assert!(run(&check, r#"{"a": "two  words"}"#).passed);
        assert_eq!(
            run(&check, r#"{"a": "one"}"#).detail,
            "`a` has 1 word (at least 2 asked for)"
        );
        assert!(!run(&check, "two words").passed);
    }

    #[test]
    fn takes_the_number_of_tokens_from_the_subject() {
        let subject = |tokens| Subject {
            input: "",
            output: "word",
            expected: None,
            tokens,
        };
        let check = json!({"type": "length", "unit": "tokens", "max": 3, "negate": true});

        assert!(run_on(&check, &subject(Some(4))).passed);
        assert!(!run_on(&check, &subject(Some(3))).passed);
        assert!(run_on(&check, &subject(None)).detail.contains("not known"));
    }

    #[test]
    fn unusable_parameters_are_refused() {
        let check = json!({"type": "length", "unit": "tokens", "pointer": "/a", "max": 1});
        assert!(refused(&check).contains("`pointer` cannot be set for tokens"));
        assert!(refused(&json!({"type": "length", "unit": "words"})).contains("at least one"));
    }
}
