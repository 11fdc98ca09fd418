//! `regex`: a regular expression is found somewhere in the text.
//!
//! The syntax of the crate `regex`: Unicode, linear time, without look-around and back references.
//! `(?i)` ignores case, `(?s)` lets the dot match line ends, `^` and `$` are the ends of the text.
//! The output is taken as it is, white space at its ends included.

use regex::Regex;

use super::Evaluate;
use crate::error::Unusable;
use crate::finding::{Evaluation, Finding};
use crate::pointer::{Pointer, place};
use crate::reading::Reading;
use crate::text::{cut, one_line, quote};

#[derive(Debug)]
pub(crate) struct Expression {
    pointer: Option<Pointer>,
    regex: Regex,
}

impl Expression {
    pub(crate) fn new(pointer: Option<&String>, pattern: &str) -> Result<Self, Unusable> {
        if pattern.is_empty() {
            let problem = "is empty, which every text matches: write what is to be found";
            return Err(Unusable::new("pattern", problem));
        }
        let regex = Regex::new(pattern).map_err(|error| {
            let reason = cut(&one_line(&error.to_string()), 300);
            let problem = format!("is no regular expression without look-around: {reason}");
            Unusable::new("pattern", problem)
        })?;
        Ok(Self {
            pointer: Pointer::optional(pointer)?,
            regex,
        })
    }
}

impl Evaluate for Expression {
    fn evaluate(&self, reading: &Reading<'_>) -> Evaluation {
        let text = reading.text(self.pointer.as_ref())?;
        let (place, pattern) = (place(self.pointer.as_ref()), cut(self.regex.as_str(), 80));
        let found = self.regex.find(&text);
        let (verb, shown, link) = match found {
            Some(found) => ("contains", quote(found.as_str()), "which matches"),
            None => ("is", quote(&text), "where nothing matches"),
        };
        let detail = format!("{place} {verb} {shown}, {link} {pattern}");
        Ok(Finding::new(found.is_some(), detail))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{refused, run};

    #[test]
    fn is_found_anywhere() {
        let check = json!({"type": "regex", "pattern": r"\bHP-\d{5}\b"});

        assert!(run(&check, "Order HP-10234 is late.").passed);
        let result = run(&check, "Order HP-1 is late.");
        assert_eq!(
            result.detail,
            r#"the answer is "Order HP-1 is late.", where nothing matches \bHP-\d{5}\b"#
        );
    }

    #[test]
    fn negated_it_names_what_must_not_be_there() {
        let check =
            json!({"type": "regex", "pointer": "/a", "pattern": "(?i)guarantee", "negate": true});

        assert!(run(&check, r#"{"a": "We look into it."}"#).passed);
        let result = run(&check, r#"{"a": "We GUARANTEE it."}"#);
        assert!(
            result
                .detail
                .starts_with("not allowed: `a` contains \"GUARANTEE\""),
            "{result:?}"
        );
        assert!(!run(&check, "We look into it.").passed);
    }

    #[test]
    fn unusable_patterns_are_refused() {
        for pattern in ["", "(", "(?=a)", r"(a)\1", "a{1000000}{1000}"] {
            let error = refused(&json!({"type": "regex", "pattern": pattern}));
            assert!(error.starts_with("check `check`: `pattern` is "), "{error}");
        }
    }
}
