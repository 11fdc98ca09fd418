//! `question_count`: the number of question marks is within bounds.
//!
//! Every mark counts, also the second one of "??" and one within an address: `?`, and the marks
//! `？` (wide), `؟` (Arabic) and `;` (Greek, U+037E). An opening `¿` does not.

use super::Evaluate;
use super::bounds::Bounds;
use crate::error::Unusable;
use crate::finding::{Evaluation, Finding};
use crate::pointer::{Pointer, place};
use crate::reading::Reading;
use crate::text::{counted, quote};

const MARKS: [char; 4] = ['?', '\u{ff1f}', '\u{61f}', '\u{37e}'];

#[derive(Debug)]
pub(crate) struct QuestionCount {
    pointer: Option<Pointer>,
    bounds: Bounds,
}

impl QuestionCount {
    pub(crate) fn new(
        pointer: Option<&String>,
        min: Option<u32>,
        max: Option<u32>,
    ) -> Result<Self, Unusable> {
        Ok(Self {
            pointer: Pointer::optional(pointer)?,
            bounds: Bounds::new(min, max)?,
        })
    }
}

impl Evaluate for QuestionCount {
    fn evaluate(&self, reading: &Reading<'_>) -> Evaluation {
        let text = reading.text(self.pointer.as_ref())?;
        let count = text.matches(MARKS).count();

        let (place, wanted) = (place(self.pointer.as_ref()), self.bounds.wanted());
        let marks = counted(count, "question mark");
        let detail = format!("{place} has {marks} ({wanted} asked for): {}", quote(&text));
        Ok(Finding::new(self.bounds.contain(count), detail))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{refused, run};

    #[test]
    fn counts_marks_at_a_pointer() {
        let check = json!({"type": "question_count", "pointer": "/step", "min": 1, "max": 1});

        assert!(run(&check, r#"{"step": "Which one?", "why": "?"}"#).passed);
        assert_eq!(
            run(&check, r#"{"step": "Which? When?"}"#).detail,
            "`step` has 2 question marks (exactly 1 asked for): \"Which? When?\""
        );
        assert!(!run(&check, r#"{"step": "Tell us."}"#).passed);
        assert!(!run(&check, "{}").passed);
    }

    #[test]
    fn knows_the_marks_of_other_scripts() {
        let check = json!({"type": "question_count", "min": 1, "max": 1});

        for output in ["いつですか？", "متى؟", "¿Cuándo?"] {
            assert!(run(&check, output).passed, "{output}");
        }
    }

    #[test]
    fn unusable_bounds_are_refused() {
        assert!(refused(&json!({"type": "question_count"})).contains("`max` is missing"));
        let crossed = json!({"type": "question_count", "min": 2, "max": 1});
        assert!(refused(&crossed).contains("`min` is 2"));
    }
}
