//! What makes a row's content usable, what identifies it, and what identifies its prompt.

use serde_json::Value;
use sha2::{Digest, Sha256};
use shared::{
    dataset::RowContent,
    message::{Message, Speaker},
};
use store::row_contents::NewContent;

/// Says what is wrong with a content, if anything is.
pub fn check(content: &RowContent) -> Result<(), String> {
    match content {
        RowContent::Completion { prompt, completion }
        | RowContent::Unpaired {
            prompt, completion, ..
        } => {
            check_prompt(prompt)?;
            check_answer("completion", completion)
        }
        RowContent::Preference {
            prompt,
            chosen,
            rejected,
            ..
        } => {
            check_prompt(prompt)?;
            check_answer("chosen", chosen)?;
            check_answer("rejected", rejected)?;
            if chosen == rejected {
                return Err("`chosen` and `rejected` are the same".to_owned());
            }
            Ok(())
        }
        RowContent::Conversation { messages } => check_conversation(messages),
        RowContent::Text { text } if text.trim().is_empty() => Err("`text` is empty".to_owned()),
        RowContent::Text { .. } => Ok(()),
    }
}

fn check_prompt(prompt: &[Message]) -> Result<(), String> {
    match prompt.last().map(|message| message.role) {
        None => Err("`prompt` is empty".to_owned()),
        Some(Speaker::Assistant) => {
            Err("`prompt` ends with the assistant's turn: the answer belongs behind it".to_owned())
        }
        Some(Speaker::System) => Err("`prompt` has no turn of the user".to_owned()),
        Some(_) => check_texts("prompt", prompt),
    }
}

fn check_answer(name: &str, answer: &[Message]) -> Result<(), String> {
    let by_assistant =
        |message: Option<&Message>| message.is_some_and(|m| m.role == Speaker::Assistant);
    if answer.is_empty() {
        return Err(format!("`{name}` is empty"));
    }
    if !by_assistant(answer.first()) || !by_assistant(answer.last()) {
        return Err(format!(
            "`{name}` must begin and end with the assistant's turn"
        ));
    }
    check_texts(name, answer)
}

fn check_conversation(messages: &[Message]) -> Result<(), String> {
    let has = |role| messages.iter().any(|message| message.role == role);
    if !has(Speaker::Assistant) {
        return Err("`messages` has no turn of the assistant".to_owned());
    }
    if !has(Speaker::User) {
        return Err("`messages` has no turn of the user".to_owned());
    }
    check_texts("messages", messages)
}

fn check_texts(name: &str, messages: &[Message]) -> Result<(), String> {
    let empty = messages.iter().position(|message| {
        message.content.trim().is_empty()
            && message.other.is_empty()
            && message.role != Speaker::Tool
    });
    match empty {
        None => Ok(()),
        Some(_) if messages.len() == 1 => Err(format!("`{name}` is empty")),
        Some(index) => Err(format!("turn {} of `{name}` is empty", index + 1)),
    }
}

/// The content as it is stored: canonical JSON, its hash, and the key of its prompt.
pub fn to_stored(content: &RowContent) -> Result<NewContent, String> {
    let text = serde_json::to_string(content).map_err(|error| error.to_string())?;
    Ok(NewContent {
        hash: Sha256::digest(text.as_bytes()).into(),
        kind: content.kind(),
        prompt_key: prompt_key(content),
        content: text,
    })
}

/// A number from 0 to 2^63-1 that depends on the prompt alone, without its case and spacing. Rows
/// with the same prompt stay on the same side of a split.
fn prompt_key(content: &RowContent) -> i64 {
    let mut hasher = Sha256::new();
    match content {
        RowContent::Text { text } => add_text(&mut hasher, text),
        RowContent::Conversation { messages } => {
            let answer = messages.iter().position(|m| m.role == Speaker::Assistant);
            add_messages(&mut hasher, &messages[..answer.unwrap_or(messages.len())]);
        }
        RowContent::Completion { prompt, .. }
        | RowContent::Preference { prompt, .. }
        | RowContent::Unpaired { prompt, .. } => add_messages(&mut hasher, prompt),
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hasher.finalize()[..8]);
    i64::from_be_bytes(first) & i64::MAX
}

/// The instructions of the operator are left out: they tend to be the same in all rows.
fn add_messages(hasher: &mut Sha256, messages: &[Message]) {
    for message in messages
        .iter()
        .filter(|message| message.role != Speaker::System)
    {
        hasher.update(message.role.as_str());
        add_text(hasher, &message.content);
    }
}

fn add_text(hasher: &mut Sha256, text: &str) {
    for word in text.to_lowercase().split_whitespace() {
        hasher.update(word);
        hasher.update(b" ");
    }
    hasher.update(b"\n");
}

/// Whether a value holds nothing.
pub(super) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use shared::dataset::{Margin, Votes};

    use super::*;

    fn pair(votes: Option<Votes>, margin: Option<Margin>) -> RowContent {
        RowContent::Preference {
            prompt: vec![Message::user("q")],
            chosen: vec![Message::assistant("a")],
            rejected: vec![Message::assistant("b")],
            votes,
            margin,
        }
    }

    #[test]
    fn what_a_pair_does_not_say_is_not_part_of_its_hash() {
        let bare = to_stored(&pair(None, None)).unwrap();
        let text = r#"{"kind":"preference","prompt":[{"role":"user","content":"q"}],"chosen":[{"role":"assistant","content":"a"}],"rejected":[{"role":"assistant","content":"b"}]}"#;
        assert_eq!(bare.content, text);
        let votes = to_stored(&pair(Votes::new(2, 1).ok(), None)).unwrap();
        let margin = to_stored(&pair(None, Margin::new(0.1).ok())).unwrap();
        assert!(
            votes
                .content
                .ends_with(r#","votes":{"chosen":2,"rejected":1}}"#)
        );
        assert!(margin.content.ends_with(r#","margin":0.1}"#));
        assert!(bare.hash != votes.hash && bare.hash != margin.hash);
        assert_eq!(bare.prompt_key, votes.prompt_key);
    }
}
