//! JSONL files of training rows.
//!
//! The formats are TRL's: `prompt` and `completion`, the same with `label` (true or false),
//! `messages`, or `prompt`, `chosen` and `rejected`; texts or lists of messages. Without a `prompt`,
//! `chosen` and `rejected` are whole conversations and the prompt is how they begin. Beside them may
//! stand `margin`, and how many annotators preferred which, `votes_chosen` and `votes_rejected`. A row
//! with none of these is a plain text, `text`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Map, Value};
use shared::dataset::RowContent;
use shared::message::{Message, Speaker};

use super::judged::{margin, votes};
use crate::error::{Result, TrainerError};

/// One row to learn from.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The line it stands on, from 1.
    pub line: usize,
    /// What it teaches: a completion, with a label or without, a conversation, a preference or a plain
    /// text.
    pub content: RowContent,
    /// Descriptions of tools for the template, from the column `tools`.
    pub tools: Option<Value>,
}

impl Row {
    /// The row as an answer to imitate: of a preference its better side, any other as it is.
    #[must_use]
    pub fn into_answer(mut self) -> Self {
        if let RowContent::Preference { prompt, chosen, .. } = self.content {
            self.content = RowContent::Completion {
                prompt,
                completion: chosen,
            };
        }
        self
    }
}

/// Reads the rows of a JSONL file; empty lines are passed over.
///
/// # Errors
/// [`TrainerError::Row`] for the first line that is no row, naming the line and what to change.
pub fn read_rows(path: &Path) -> Result<Vec<Row>> {
    let unreadable = |source| TrainerError::Io {
        action: "cannot read",
        path: path.to_path_buf(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut rows = Vec::new();
    for (index, text) in BufReader::new(file).lines().enumerate() {
        let text = text.map_err(unreadable)?;
        if text.trim().is_empty() {
            continue;
        }
        let row = Row::parse(index + 1, &text).map_err(|reason| TrainerError::Row {
            row: index + 1,
            path: path.to_path_buf(),
            reason,
        })?;
        rows.push(row);
    }
    Ok(rows)
}

impl Row {
    /// Reads one line of JSONL; the error is a sentence without the place.
    pub fn parse(line: usize, text: &str) -> Result<Self, String> {
        let object: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| format!("it is no JSON object: {error}"))?;
        Ok(Self {
            line,
            content: content(&object)?,
            tools: tools(&object)?,
        })
    }
}

/// Which format a row has follows from its keys.
fn content(object: &Map<String, Value>) -> Result<RowContent, String> {
    let has = |key: &str| present(object, key).is_some();
    if has("chosen") || has("rejected") {
        preference(object)
    } else if has("completion") {
        let prompt = messages(object, "prompt", Speaker::User)?;
        let completion = messages(object, "completion", Speaker::Assistant)?;
        // Any other label is a column that means something elsewhere, such as a class.
        Ok(match object.get("label") {
            Some(Value::Bool(desirable)) => RowContent::Unpaired {
                prompt,
                completion,
                desirable: *desirable,
            },
            _ => RowContent::Completion { prompt, completion },
        })
    } else if has("messages") {
        conversation(object)
    } else if has("text") {
        text(object)
    } else {
        let keys: Vec<&str> = object.keys().map(String::as_str).collect();
        Err(format!(
            "it has the keys {keys:?}; a row needs prompt and completion, or messages, or prompt, \
             chosen and rejected, or text"
        ))
    }
}

fn text(object: &Map<String, Value>) -> Result<RowContent, String> {
    let text = object["text"].as_str().ok_or("text must be a text")?;
    Ok(RowContent::Text {
        text: text.to_owned(),
    })
}

fn conversation(object: &Map<String, Value>) -> Result<RowContent, String> {
    if object["messages"].is_string() {
        return Err("messages must be a list of {role, content}".to_owned());
    }
    let messages = messages(object, "messages", Speaker::User)?;
    if messages
        .iter()
        .any(|message| message.role == Speaker::Assistant)
    {
        Ok(RowContent::Conversation { messages })
    } else {
        Err("messages has no turn of the assistant, so there is nothing to learn".to_owned())
    }
}

fn preference(object: &Map<String, Value>) -> Result<RowContent, String> {
    let mut chosen = messages(object, "chosen", Speaker::Assistant)?;
    let mut rejected = messages(object, "rejected", Speaker::Assistant)?;
    if chosen == rejected {
        return Err("chosen and rejected are the same, so there is nothing to prefer".to_owned());
    }
    let prompt = if present(object, "prompt").is_some() {
        messages(object, "prompt", Speaker::User)?
    } else {
        shared_beginning(object, &mut chosen, &mut rejected)?
    };
    Ok(RowContent::Preference {
        prompt,
        chosen,
        rejected,
        votes: votes(object)?,
        margin: margin(object)?,
    })
}

/// Takes the messages with which both responses begin out of them.
fn shared_beginning(
    object: &Map<String, Value>,
    chosen: &mut Vec<Message>,
    rejected: &mut Vec<Message>,
) -> Result<Vec<Message>, String> {
    if object["chosen"].is_string() || object["rejected"].is_string() {
        return Err(
            "prompt is missing; it can only be left out where chosen and rejected are lists of \
             messages with the same beginning"
                .to_owned(),
        );
    }
    let pairs = chosen.iter().zip(rejected.iter());
    let length = pairs.take_while(|(one, other)| one == other).count();
    let prompt: Vec<Message> = chosen.drain(..length).collect();
    rejected.drain(..length);
    if prompt.is_empty() || chosen.is_empty() || rejected.is_empty() {
        return Err(
            "prompt is missing, and chosen and rejected have no common beginning followed by \
             different responses"
                .to_owned(),
        );
    }
    Ok(prompt)
}

pub(super) fn present<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    object.get(key).filter(|value| !value.is_null())
}

/// A text as one message of `role`, or a list of messages.
fn messages(object: &Map<String, Value>, key: &str, role: Speaker) -> Result<Vec<Message>, String> {
    let value = present(object, key).ok_or_else(|| format!("{key} is missing"))?;
    let messages = match value {
        Value::String(text) => vec![Message::new(role, text)],
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(index, message)| one_message(key, index, message))
            .collect::<Result<_, _>>()?,
        _ => return Err(format!("{key} must be a text or a list of messages")),
    };
    if messages.is_empty() {
        return Err(format!("{key} is empty"));
    }
    Ok(messages)
}

fn one_message(key: &str, index: usize, value: &Value) -> Result<Message, String> {
    let mut value = value.clone();
    let absent = value.get("content").is_none_or(Value::is_null);
    // As in transformers what is null is not there: tables of rows have every key in every turn.
    if let Some(object) = value.as_object_mut() {
        object.retain(|_, value| !value.is_null());
    }
    // A turn that only calls tools has no text.
    if let Some(object) = value
        .as_object_mut()
        .filter(|object| absent && object.contains_key("tool_calls"))
    {
        object.insert("content".to_owned(), Value::from(""));
    }
    serde_json::from_value(value).map_err(|error| {
        format!("{key}[{index}] is no message {{role, content}} with texts: {error}")
    })
}

/// Tools come as a list, or as the JSON text of one.
fn tools(object: &Map<String, Value>) -> Result<Option<Value>, String> {
    match present(object, "tools") {
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => serde_json::from_str(text)
            .map(Some)
            .map_err(|error| format!("tools is no JSON: {error}")),
        other => Ok(other.cloned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RowContent, String> {
        Row::parse(1, text).map(|row| row.content)
    }

    #[test]
    fn texts_become_messages() {
        let completion = RowContent::Completion {
            prompt: vec![Message::user("a")],
            completion: vec![Message::assistant("b")],
        };
        assert_eq!(
            parse(r#"{"prompt": "a", "completion": "b"}"#),
            Ok(completion.clone())
        );
        assert_eq!(
            parse(r#"{"prompt": "a", "completion": "b", "label": "card_arrival"}"#),
            Ok(completion)
        );
        let unwanted = RowContent::Unpaired {
            prompt: vec![Message::user("a")],
            completion: vec![Message::assistant("b")],
            desirable: false,
        };
        assert_eq!(
            parse(r#"{"prompt": "a", "completion": "b", "label": false}"#),
            Ok(unwanted)
        );
        let preference = RowContent::Preference {
            prompt: vec![Message::user("a")],
            chosen: vec![Message::assistant("b")],
            rejected: vec![Message::assistant("c")],
            votes: None,
            margin: None,
        };
        let text = r#"{"prompt": "a", "chosen": "b", "rejected": [{"role": "assistant", "content": "c"}]}"#;
        assert_eq!(parse(text), Ok(preference));
    }

    #[test]
    fn a_text_is_a_row_where_nothing_else_is() {
        let text = RowContent::Text { text: "a".into() };
        assert_eq!(parse(r#"{"text": "a", "label": true}"#), Ok(text));
        let messages = r#"{"text": "a", "messages": [{"role": "assistant", "content": "b"}]}"#;
        let messages = parse(messages).unwrap();
        assert!(matches!(messages, RowContent::Conversation { .. }));
    }

    #[test]
    fn the_prompt_can_be_the_common_beginning() {
        let text = r#"{"chosen": [{"role":"user","content":"a"},{"role":"assistant","content":"b"}],
            "rejected": [{"role":"user","content":"a"},{"role":"assistant","content":"c"}]}"#;
        let expected = RowContent::Preference {
            prompt: vec![Message::user("a")],
            chosen: vec![Message::assistant("b")],
            rejected: vec![Message::assistant("c")],
            votes: None,
            margin: None,
        };
        assert_eq!(parse(text), Ok(expected));
    }

    #[test]
    fn further_keys_reach_the_template() {
        let text = r#"{"messages": [{"role": "user", "content": "a"},
            {"role": "assistant", "content": null, "tool_calls": [{"name": "f"}], "name": null}],
            "tools": "[{\"name\": \"f\"}]"}"#;
        let row = Row::parse(1, text).unwrap();
        assert_eq!(row.tools.unwrap()[0]["name"], "f");
        let RowContent::Conversation { messages } = row.content else {
            panic!("not a conversation");
        };
        assert_eq!(messages[1].other.keys().collect::<Vec<_>>(), ["tool_calls"]);
        assert_eq!(messages[1].content, "");
    }

    #[test]
    fn errors_say_what_is_wrong() {
        for (text, word) in [
            ("[1]", "no JSON object"),
            (r#"{"body": "a"}"#, "body"),
            (r#"{"text": ["a"]}"#, "text must be"),
            (r#"{"completion": "a"}"#, "prompt is missing"),
            (r#"{"prompt": 3, "completion": "a"}"#, "prompt must be"),
            (r#"{"prompt": [], "completion": "a"}"#, "prompt is empty"),
            (r#"{"prompt": "a", "chosen": "b"}"#, "rejected is missing"),
            (r#"{"chosen": "b", "rejected": "c"}"#, "prompt is missing"),
            (
                r#"{"prompt": "a", "chosen": "b", "rejected": "b"}"#,
                "the same",
            ),
            (
                r#"{"messages": [{"role": "user"}]}"#,
                "missing field `content`",
            ),
            (r#"{"messages": [{"content": "a"}]}"#, "messages[0]"),
            (
                r#"{"messages": [{"role": "user", "content": "a"}]}"#,
                "assistant",
            ),
        ] {
            let message = parse(text).unwrap_err();
            assert!(message.contains(word), "{text}: {message}");
        }
    }

    #[test]
    fn a_file_names_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("train.jsonl");
        std::fs::write(&path, "{\"prompt\": \"a\", \"completion\": \"b\"}\n\n{}\n").unwrap();
        let message = read_rows(&path).unwrap_err().to_string();
        assert!(message.starts_with("row 3 of "), "{message}");
    }
}
