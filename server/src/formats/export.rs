//! Writes a row with the keys of a format, so that an import reads the same row again.
//!
//! Beside the format's keys stand `coverage`, `tags`, `clauses`, `provenance` and the row's data. Data
//! whose name would be taken for something else goes under [`RESERVED_KEY`], which the import opens
//! again.

use serde_json::{Value, json};
use shared::{
    dataset::{ExportFormat, Margin, Row, RowContent, RowKind, Votes},
    message::{Message, Speaker},
};

use super::{Fields, shapes, turns};

/// The key for data whose own name has a meaning.
pub const RESERVED_KEY: &str = "temper_data";

/// Whether every row of a kind can be written in a format; the other ones must be looked at, or
/// cannot.
#[must_use]
pub const fn can_hold(format: ExportFormat, kind: RowKind) -> Option<bool> {
    match (format, kind) {
        (ExportFormat::Native, _)
        | (ExportFormat::PromptCompletion, RowKind::Completion)
        | (
            ExportFormat::Messages | ExportFormat::ShareGpt,
            RowKind::Completion | RowKind::Conversation,
        )
        | (ExportFormat::Preference | ExportFormat::ShareGpt, RowKind::Preference) => Some(true),
        (ExportFormat::PromptCompletion | ExportFormat::Alpaca, RowKind::Conversation)
        | (ExportFormat::Alpaca, RowKind::Completion) => None,
        _ => Some(false),
    }
}

/// Writes a row, or says why the format cannot hold it.
pub fn write(row: &Row, format: ExportFormat) -> Result<Fields, String> {
    let Value::Object(mut fields) = write_content(&row.content, format)? else {
        return Err("the row is no object".to_owned());
    };
    fields.insert("coverage".to_owned(), json!(row.coverage));
    for (key, words) in [("tags", &row.tags), ("clauses", &row.clauses)] {
        if !words.is_empty() {
            fields.insert(key.to_owned(), json!(words));
        }
    }
    fields.insert("provenance".to_owned(), json!(row.provenance));
    let (plain, reserved): (Vec<_>, Vec<_>) = row.data.iter().partition(|(key, _)| {
        !fields.contains_key(*key) && *key != RESERVED_KEY && !shapes::is_known_name(key)
    });
    let owned = |pairs: Vec<(&String, &Value)>| -> Fields {
        pairs
            .into_iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    fields.extend(owned(plain));
    if !reserved.is_empty() {
        fields.insert(RESERVED_KEY.to_owned(), Value::Object(owned(reserved)));
    }
    Ok(fields)
}

fn write_content(content: &RowContent, format: ExportFormat) -> Result<Value, String> {
    match format {
        ExportFormat::Native => Ok(write_native(content)),
        ExportFormat::PromptCompletion => {
            let (prompt, completion) = as_answer(content)?;
            Ok(write_answer(prompt, completion))
        }
        ExportFormat::Messages => {
            Ok(json!({ "messages": as_conversation(content)?.collect::<Vec<_>>() }))
        }
        ExportFormat::Preference if content.kind() == RowKind::Preference => {
            Ok(write_native(content))
        }
        ExportFormat::Preference => Err(refusal(content, "a prompt with two answers")),
        ExportFormat::Alpaca => write_alpaca(content),
        ExportFormat::ShareGpt => write_sharegpt(content),
    }
}

fn refusal(content: &RowContent, needed: &str) -> String {
    format!("a row of kind {} is not {needed}", content.kind())
}

fn write_native(content: &RowContent) -> Value {
    match content {
        RowContent::Completion { prompt, completion } => write_answer(prompt, completion),
        RowContent::Conversation { messages } => json!({ "messages": messages }),
        RowContent::Text { text } => json!({ "text": text }),
        RowContent::Preference {
            prompt,
            chosen,
            rejected,
            votes,
            margin,
        } => {
            let sides = match (
                plain_prompt(prompt),
                plain_answer(chosen),
                plain_answer(rejected),
            ) {
                (Some(prompt), Some(chosen), Some(rejected)) => {
                    json!({ "prompt": prompt, "chosen": chosen, "rejected": rejected })
                }
                _ => json!({ "prompt": prompt, "chosen": chosen, "rejected": rejected }),
            };
            with_judgement(sides, *votes, *margin)
        }
        RowContent::Unpaired {
            prompt,
            completion,
            desirable,
        } => {
            let mut fields = write_answer(prompt, completion);
            fields["label"] = json!(desirable);
            fields
        }
    }
}

/// A pair with what it says beyond its order, if it does.
fn with_judgement(mut pair: Value, votes: Option<Votes>, margin: Option<Margin>) -> Value {
    if let Some(votes) = votes {
        pair["votes_chosen"] = json!(votes.chosen());
        pair["votes_rejected"] = json!(votes.rejected());
    }
    if let Some(margin) = margin {
        pair["margin"] = json!(margin);
    }
    pair
}

/// As texts where that loses nothing, otherwise as turns.
fn write_answer(prompt: &[Message], completion: &[Message]) -> Value {
    match (plain_prompt(prompt), plain_answer(completion)) {
        (Some(prompt), Some(completion)) => json!({ "prompt": prompt, "completion": completion }),
        _ => json!({ "prompt": prompt, "completion": completion }),
    }
}

fn plain(messages: &[Message], role: Speaker) -> Option<&str> {
    match messages {
        [one] if one.role == role && one.other.is_empty() => Some(&one.content),
        _ => None,
    }
}

fn plain_prompt(messages: &[Message]) -> Option<&str> {
    plain(messages, Speaker::User).filter(|text| !turns::is_open_transcript(text))
}

fn plain_answer(messages: &[Message]) -> Option<&str> {
    plain(messages, Speaker::Assistant)
}

/// A prompt and its answer; a conversation is one if it ends with the assistant's turn.
fn as_answer(content: &RowContent) -> Result<(&[Message], &[Message]), String> {
    let needed = "a prompt with one answer";
    match content {
        RowContent::Completion { prompt, completion } => Ok((prompt, completion)),
        RowContent::Conversation { messages } => {
            let (answer, prompt) = messages
                .split_last()
                .ok_or_else(|| refusal(content, needed))?;
            let asked = prompt
                .last()
                .is_some_and(|turn| turn.role != Speaker::Assistant);
            if answer.role != Speaker::Assistant || !asked {
                return Err("a conversation does not end with one answer".to_owned());
            }
            Ok((prompt, std::slice::from_ref(answer)))
        }
        _ => Err(refusal(content, needed)),
    }
}

fn as_conversation(content: &RowContent) -> Result<impl Iterator<Item = &Message>, String> {
    match content {
        RowContent::Completion { .. } | RowContent::Conversation { .. } => Ok(content.messages()),
        _ => Err(refusal(content, "a conversation")),
    }
}

fn write_alpaca(content: &RowContent) -> Result<Value, String> {
    let (prompt, completion) = as_answer(content)?;
    let output = plain_answer(completion).ok_or("an answer has more than a text")?;
    let (system, prompt) = match prompt.split_first() {
        Some((first, rest)) if first.role == Speaker::System => (Some(first), rest),
        _ => (None, prompt),
    };
    let plain_turn = |turn: &Message, role| turn.role == role && turn.other.is_empty();
    let (question, earlier) = prompt.split_last().ok_or("a prompt is empty")?;
    let pairs = earlier.chunks(2).map(|pair| match pair {
        [asked, answered]
            if plain_turn(asked, Speaker::User) && plain_turn(answered, Speaker::Assistant) =>
        {
            Ok(json!([asked.content, answered.content]))
        }
        _ => Err("a conversation does not alternate between user and assistant".to_owned()),
    });
    let history: Vec<Value> = pairs.collect::<Result<_, String>>()?;
    let instruction =
        plain_prompt(std::slice::from_ref(question)).ok_or("a prompt has more than a text")?;
    let mut fields = json!({ "instruction": instruction, "input": "", "output": output });
    if let Some(system) = system {
        if !system.other.is_empty() {
            return Err("a system message has more than a text".to_owned());
        }
        fields["system"] = json!(system.content);
    }
    if !history.is_empty() {
        fields["history"] = json!(history);
    }
    Ok(fields)
}

fn write_sharegpt(content: &RowContent) -> Result<Value, String> {
    let turns =
        |messages: &[Message]| -> Vec<Value> { messages.iter().map(sharegpt_turn).collect() };
    let side = |messages: &[Message]| match messages {
        [one] => sharegpt_turn(one),
        many => json!(turns(many)),
    };
    if let RowContent::Preference {
        prompt,
        chosen,
        rejected,
        votes,
        margin,
    } = content
    {
        let sides = json!({
            "conversations": turns(prompt), "chosen": side(chosen), "rejected": side(rejected),
        });
        return Ok(with_judgement(sides, *votes, *margin));
    }
    let turns: Vec<Value> = as_conversation(content)?.map(sharegpt_turn).collect();
    Ok(json!({ "conversations": turns }))
}

fn sharegpt_turn(message: &Message) -> Value {
    if message.content.is_empty()
        && message.role == Speaker::Assistant
        && let (Some(calls), 1) = (message.other.get("tool_calls"), message.other.len())
    {
        // One call stands alone there.
        let calls = match calls.as_array().map(Vec::as_slice) {
            Some([one @ Value::Object(_)]) => one,
            _ => calls,
        };
        return json!({ "from": "function_call", "value": calls.to_string() });
    }
    let from = match message.role {
        Speaker::System => "system",
        Speaker::User => "human",
        Speaker::Assistant => "gpt",
        Speaker::Tool => "observation",
    };
    let mut turn = json!({ "from": from, "value": message.content });
    for (key, value) in &message.other {
        turn[key] = value.clone();
    }
    turn
}
