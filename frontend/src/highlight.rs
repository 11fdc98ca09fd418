//! Cuts JSON into parts to be coloured. Text that is not JSON, such as a model's broken answer, is
//! cut as far as it makes sense and never refused: joined, the parts are always the whole text.

/// What a part of the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Anything else.
    Plain,
    /// The name of a member.
    Key,
    /// A text.
    Text,
    /// A number.
    Number,
    /// `true`, `false` or `null`.
    Word,
}

impl Part {
    /// The class that colours it.
    #[must_use]
    pub const fn class(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Key => Some("code__key"),
            Self::Text => Some("code__string"),
            Self::Number => Some("code__number"),
            Self::Word => Some("code__word"),
        }
    }
}

/// The parts of a JSON text in their order.
#[must_use]
pub fn json(text: &str) -> Vec<(Part, String)> {
    let mut parts: Vec<(Part, String)> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (part, length) = next_part(rest, first);
        let (taken, after) = rest.split_at(length);
        match parts.last_mut() {
            Some((last, text)) if *last == part && part == Part::Plain => text.push_str(taken),
            _ => parts.push((part, taken.to_owned())),
        }
        rest = after;
    }
    parts
}

fn next_part(rest: &str, first: char) -> (Part, usize) {
    let run = |belongs: fn(char) -> bool| {
        let end = rest.find(|letter| !belongs(letter));
        end.unwrap_or(rest.len())
    };
    match first {
        '"' => {
            let length = string_length(rest);
            let after = rest[length..].trim_start();
            let part = if after.starts_with(':') {
                Part::Key
            } else {
                Part::Text
            };
            (part, length)
        }
        '-' | '0'..='9' => (
            Part::Number,
            run(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E')),
        ),
        first if first.is_alphabetic() => {
            let length = run(char::is_alphanumeric);
            let is_word = matches!(&rest[..length], "true" | "false" | "null");
            (if is_word { Part::Word } else { Part::Plain }, length)
        }
        other => (Part::Plain, other.len_utf8()),
    }
}

/// A JSON object or list on several lines, its members in their own order; `None` for anything
/// else.
#[must_use]
pub fn pretty(text: &str) -> Option<String> {
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if first == '"' {
            string_length(rest)
        } else {
            first.len_utf8()
        };
        let (taken, after) = rest.split_at(length);
        rest = after.trim_start();
        let is_empty = matches!(first, '{' | '[') && rest.starts_with(['}', ']']);
        match first {
            '{' | '[' => depth += 1,
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if !out.ends_with(['{', '[']) {
                    new_line(&mut out, depth);
                }
            }
            _ => {}
        }
        out.push_str(taken);
        match first {
            '{' | '[' if !is_empty => new_line(&mut out, depth),
            ',' => new_line(&mut out, depth),
            ':' => out.push(' '),
            _ => {}
        }
    }
    Some(out)
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    for _ in 0..depth {
        out.push_str("  ");
    }
}

/// The length in bytes of the string that `rest` begins with; all of it if it never ends.
fn string_length(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Part> {
        let is_told = |part: &Part| *part != Part::Plain;
        json(text)
            .into_iter()
            .map(|(part, _)| part)
            .filter(is_told)
            .collect()
    }

    #[test]
    fn names_and_values_are_told_apart() {
        use Part::{Key, Number, Text, Word};
        let text = r#"{"intent" : "a \"b\"", "n": [-1.5e3, true, null]}"#;
        assert_eq!(kinds(text), [Key, Text, Key, Number, Word, Word]);
    }

    #[test]
    fn json_is_set_out_in_its_own_order() {
        let text = r#" {"b": [1,{"c": "x, {y}"}], "a":{} ,"d":[]}"#;
        let lines = [
            "{",
            "  \"b\": [",
            "    1,",
            "    {",
            "      \"c\": \"x, {y}\"",
            "    }",
            "  ],",
            "  \"a\": {},",
            "  \"d\": []",
            "}",
        ];
        assert_eq!(pretty(text).unwrap(), lines.join("\n"));
        for other in ["7", "Sure! {}", "{\"a\": }", ""] {
            assert_eq!(pretty(other), None);
        }
    }

    #[test]
    fn no_text_is_lost_however_broken() {
        for text in [
            "",
            "{\"a\": \"unfinished",
            "Sure! {\"é\": 01x}",
            "\"\\",
            "💡\n\t\"x\"",
        ] {
            let joined: String = json(text).into_iter().map(|(_, text)| text).collect();
            assert_eq!(joined, text);
        }
    }
}
