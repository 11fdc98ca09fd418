//! Reads pairs from the lines of a file: preference rows as TRL has them, or `messages` with
//! `response_a` and `response_b`. A line that can not be used is named with its reason; the others
//! are used.

use serde_json::{Map, Value};
use shared::{
    message::{Message, Speaker},
    queue::NewPair,
};

/// A line that can not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its number, from 1.
    pub line: usize,
    /// Why.
    pub reason: String,
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// The pairs, in the order of their lines.
    pub pairs: Vec<NewPair>,
    /// The lines that can not be used.
    pub rejected: Vec<Rejected>,
}

/// Reads JSONL; empty lines are nothing.
#[must_use]
pub fn read(text: &str) -> Contents {
    let mut contents = Contents::default();
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    for (at, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        match pair(line) {
            Ok(pair) => contents.pairs.push(pair),
            Err(reason) => contents.rejected.push(Rejected {
                line: at + 1,
                reason,
            }),
        }
    }
    contents
}

fn pair(line: &str) -> Result<NewPair, String> {
    let row: Value = serde_json::from_str(line).map_err(|error| format!("is no JSON: {error}"))?;
    let Value::Object(row) = row else {
        return Err("is no object".to_owned());
    };
    if row.contains_key("chosen") {
        preference(&row)
    } else if row.contains_key("response_a") {
        compared(&row)
    } else {
        Err("has neither `chosen` and `rejected` nor `response_a` and `response_b`".to_owned())
    }
}

fn compared(row: &Map<String, Value>) -> Result<NewPair, String> {
    let source = |name: &str| text_of(row, name).unwrap_or_default();
    Ok(NewPair {
        messages: prompt(row)?,
        response_a: text_of(row, "response_a").ok_or("`response_a` is no text")?,
        response_b: text_of(row, "response_b").ok_or("`response_b` is no text")?,
        source_a: source("source_a"),
        source_b: source("source_b"),
    })
}

fn preference(row: &Map<String, Value>) -> Result<NewPair, String> {
    let (before, chosen) = side(row, "chosen")?;
    let (_, rejected) = side(row, "rejected")?;
    let mut messages = prompt(row)?;
    // Without a prompt of its own, a side is the whole conversation.
    messages.extend(before);
    Ok(NewPair {
        messages,
        response_a: chosen,
        response_b: rejected,
        source_a: "chosen in the file".to_owned(),
        source_b: "rejected in the file".to_owned(),
    })
}

fn text_of(row: &Map<String, Value>, name: &str) -> Option<String> {
    row.get(name)?.as_str().map(str::to_owned)
}

fn prompt(row: &Map<String, Value>) -> Result<Vec<Message>, String> {
    match row.get("messages").or_else(|| row.get("prompt")) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(vec![Message::user(text.clone())]),
        Some(list) => turns(list).map_err(|error| format!("the prompt {error}")),
    }
}

fn turns(value: &Value) -> Result<Vec<Message>, String> {
    serde_json::from_value(value.clone())
        .map_err(|error| format!("is no list of turns with `role` and `content`: {error}"))
}

/// The turns before a response, and the response.
fn side(row: &Map<String, Value>, name: &str) -> Result<(Vec<Message>, String), String> {
    let value = row.get(name).ok_or_else(|| format!("has no `{name}`"))?;
    if let Some(text) = value.as_str() {
        return Ok((Vec::new(), text.to_owned()));
    }
    let mut turns = turns(value).map_err(|error| format!("`{name}` {error}"))?;
    match turns.pop() {
        Some(last) if last.role == Speaker::Assistant => Ok((turns, last.content)),
        _ => Err(format!(
            "`{name}` does not end with a turn of the assistant"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preference_rows_of_both_kinds_are_read() {
        let text = "\u{feff}{\"prompt\": \"Q\", \"chosen\": \"good\", \"rejected\": \"bad\"}\n\n\
            {\"chosen\": [{\"role\": \"user\", \"content\": \"Q\"}, {\"role\": \"assistant\", \
            \"content\": \"good\"}], \"rejected\": [{\"role\": \"user\", \"content\": \"Q\"}, \
            {\"role\": \"assistant\", \"content\": \"bad\"}]}";
        let contents = read(text);
        assert_eq!(contents.rejected, []);
        assert_eq!(contents.pairs.len(), 2);
        for pair in contents.pairs {
            assert_eq!(pair.messages, [Message::user("Q")]);
            assert_eq!(
                (pair.response_a.as_str(), pair.response_b.as_str()),
                ("good", "bad")
            );
        }
    }

    #[test]
    fn a_bad_line_is_named_and_stops_nothing() {
        let text = "{\"messages\": [], \"response_a\": \"x\", \"response_b\": \"y\"}\n{\n\
            {\"prompt\": \"Q\"}\n{\"prompt\": \"Q\", \"chosen\": \"x\"}";
        let contents = read(text);
        assert_eq!(contents.pairs.len(), 1);
        let lines: Vec<usize> = contents.rejected.iter().map(|one| one.line).collect();
        assert_eq!(lines, [2, 3, 4]);
        assert_eq!(contents.rejected[2].reason, "has no `rejected`");
    }
}
