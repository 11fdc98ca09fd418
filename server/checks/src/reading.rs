//! One subject as the checks read it. The output and the expected output are parsed once, however
//! many checks ask.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde_json::Value;
use serde_json::error::Category;

use crate::Subject;
use crate::finding::Unreadable;
use crate::pointer::Pointer;
use crate::text::{cut, quote};

/// A subject, with what was parsed of it so far.
pub(crate) struct Reading<'a> {
    pub subject: &'a Subject<'a>,
    output: OnceCell<Result<Value, Unreadable>>,
    expected: OnceCell<Option<Cow<'a, Value>>>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(subject: &'a Subject<'a>) -> Self {
        Self {
            subject,
            output: OnceCell::new(),
            expected: OnceCell::new(),
        }
    }

    /// The output as JSON.
    pub(crate) fn json(&self) -> Result<&Value, Unreadable> {
        let parsed = self.output.get_or_init(|| parse(self.subject.output));
        parsed.as_ref().map_err(Clone::clone)
    }

    /// The value of the output at a pointer.
    pub(crate) fn value(&self, pointer: &Pointer) -> Result<&Value, Unreadable> {
        let document = self.json()?;
        let missing = || Unreadable(format!("the answer has no {pointer}"));
        pointer.find(document).ok_or_else(missing)
    }

    /// The text that a check looks at: of the value at the pointer, or all of the output.
    pub(crate) fn text(&self, pointer: Option<&Pointer>) -> Result<Cow<'_, str>, Unreadable> {
        match pointer {
            None => Ok(Cow::Borrowed(self.subject.output)),
            Some(pointer) => self.value(pointer).map(text_of),
        }
    }

    /// The expected output; one that is a string holding a JSON object or list is read as that.
    pub(crate) fn expected(&self) -> Result<&Value, Unreadable> {
        let expected = self
            .expected
            .get_or_init(|| self.subject.expected.map(unwrap_json));
        let missing = || Unreadable("the item has no expected output to compare with".to_owned());
        expected.as_deref().ok_or_else(missing)
    }

    /// The value of the expected output at a pointer.
    pub(crate) fn expected_value(&self, pointer: &Pointer) -> Result<&Value, Unreadable> {
        let document = self.expected()?;
        let missing = || Unreadable(format!("the item's expected output has no {pointer}"));
        pointer.find(document).ok_or_else(missing)
    }
}

/// A string as it is, anything else as JSON.
pub(crate) fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// The value as a person reads it, cut where it is long.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        other => cut(&other.to_string(), 80),
    }
}

/// The text of the value at a pointer of a JSON text, such as the label that a confusion table
/// counts. `None` if the text is no JSON, the pointer is unusable or there is nothing.
pub fn value_text(json: &str, pointer: &str) -> Option<String> {
    let document: Value = serde_json::from_str(json).ok()?;
    document
        .pointer(pointer)
        .map(|value| text_of(value).into_owned())
}

fn unwrap_json(expected: &Value) -> Cow<'_, Value> {
    let Value::String(text) = expected else {
        return Cow::Borrowed(expected);
    };
    match serde_json::from_str(text) {
        Ok(inner @ (Value::Object(_) | Value::Array(_))) => Cow::Owned(inner),
        _ => Cow::Borrowed(expected),
    }
}

fn parse(output: &str) -> Result<Value, Unreadable> {
    let trimmed = output.trim_start();
    serde_json::from_str(output).map_err(|error| {
        let begins_as_json = trimmed.starts_with(['{', '[', '"']);
        let reason = if trimmed.is_empty() {
            "it is empty".to_owned()
        } else if trimmed.starts_with("```") {
            "it is wrapped in a code fence".to_owned()
        } else if !begins_as_json {
            format!("it begins with {}", quote(&cut(trimmed, 40)))
        } else if error.is_eof() {
            "it ends before the value is complete".to_owned()
        } else if error.to_string().starts_with("trailing characters") {
            format!("text follows after the value, at {}", position(&error))
        } else if error.classify() == Category::Syntax {
            format!("its syntax is broken at {}", position(&error))
        } else {
            error.to_string()
        };
        Unreadable(format!("the answer is not one JSON value: {reason}"))
    })
}

fn position(error: &serde_json::Error) -> String {
    format!("line {}, column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reason(output: &str) -> String {
        parse(output).unwrap_err().0
    }

    #[test]
    fn says_what_keeps_an_output_from_being_json() {
        assert!(reason("  ").ends_with("it is empty"));
        assert!(reason("```json\n{}\n```").ends_with("a code fence"));
        assert!(reason("Sure! {}").ends_with("it begins with \"Sure! {}\""));
        assert!(reason("{\"a\": 1").ends_with("before the value is complete"));
        assert!(reason("{}\nDone.").ends_with("after the value, at line 2, column 1"));
        assert!(reason("{a: 1}").ends_with("broken at line 1, column 2"));
        assert!(parse(" {} \n").is_ok());
    }

    #[test]
    fn deep_nesting_is_no_crash() {
        assert!(parse(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn an_expected_string_that_holds_json_is_read_as_json() {
        let subject = |expected| Subject {
            input: "",
            output: "",
            expected,
            tokens: None,
        };
        let pointer = Pointer::new("/a").unwrap();
        let (held, plain) = (json!("{\"a\": 1}"), json!("no JSON"));

        let subject_held = subject(Some(&held));
        assert_eq!(
            Reading::new(&subject_held).expected_value(&pointer),
            Ok(&json!(1))
        );
        let subject_plain = subject(Some(&plain));
        assert!(
            Reading::new(&subject_plain)
                .expected_value(&pointer)
                .is_err()
        );
        assert_eq!(Reading::new(&subject_plain).expected(), Ok(&plain));
        assert!(Reading::new(&subject(None)).expected().is_err());
    }

    #[test]
    fn labels_are_read_for_confusion_tables() {
        assert_eq!(value_text("{\"a\": \"x\"}", "/a").as_deref(), Some("x"));
        assert_eq!(value_text("{\"a\": 2}", "/a").as_deref(), Some("2"));
        assert_eq!(value_text("{}", "/a"), None);
        assert_eq!(value_text("none", "/a"), None);
    }
}
