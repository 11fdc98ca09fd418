//! Pointers into JSON (RFC 6901), checked when a check is made.

use std::fmt;

use serde_json::Value;

use crate::error::Unusable;

/// A valid pointer. Displayed as a person reads it: `` `entities/order_id` ``.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pointer(String);

impl Pointer {
    pub(crate) fn new(text: &str) -> Result<Self, Unusable> {
        if !text.is_empty() && !text.starts_with('/') {
            let problem =
                format!("is \"{text}\": a pointer begins with a slash, such as \"/{text}\"");
            return Err(Unusable::new("pointer", problem));
        }
        let escapes = text.split('~').skip(1);
        if escapes
            .into_iter()
            .any(|rest| !rest.starts_with(['0', '1']))
        {
            let problem =
                format!("is \"{text}\": write ~ in a key as ~0, and a slash in a key as ~1");
            return Err(Unusable::new("pointer", problem));
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn optional(text: Option<&String>) -> Result<Option<Self>, Unusable> {
        text.map(|text| Self::new(text)).transpose()
    }

    pub(crate) fn find<'a>(&self, document: &'a Value) -> Option<&'a Value> {
        document.pointer(&self.0)
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.strip_prefix('/') {
            Some(path) => write!(formatter, "`{path}`"),
            None => formatter.write_str("the answer"),
        }
    }
}

/// What a check looks at, for its messages.
pub(crate) fn place(pointer: Option<&Pointer>) -> String {
    pointer.map_or_else(|| "the answer".to_owned(), Pointer::to_string)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_nested_escaped_and_numbered_values() {
        let document = json!({"a": {"b/c": [10, 20]}, "": "empty"});
        let find = |text: &str| Pointer::new(text).unwrap().find(&document).cloned();

        assert_eq!(find("/a/b~1c/1"), Some(json!(20)));
        assert_eq!(find("/"), Some(json!("empty")));
        assert_eq!(find(""), Some(document.clone()));
        assert_eq!(find("/a/missing"), None);
    }

    #[test]
    fn says_what_would_be_right() {
        let error = Pointer::new("intent").unwrap_err().of("c");
        assert!(error.to_string().contains("such as \"/intent\""), "{error}");
        assert!(Pointer::new("/a~b").is_err());
        assert!(Pointer::new("/a~").is_err());
    }
}
