//! Reads turns in all the forms that files have them: a text, messages of `role` and `content` or
//! of `from` and `value`, an object that holds them, a transcript.

use serde_json::{Map, Value};
use shared::message::{Message, Speaker};

use super::name_of;

/// Reads the value of a column as turns; a bare text is a turn of `alone`.
pub fn read(value: &Value, alone: Speaker) -> Result<Vec<Message>, String> {
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                read_message(item).map_err(|why| format!("has a turn {} that {why}", index + 1))
            })
            .collect(),
        Value::Object(fields) => match fields.get("messages") {
            Some(messages) => read(messages, alone),
            None => Ok(vec![read_message(value)?]),
        },
        _ => Ok(vec![Message::new(alone, read_text(value)?)]),
    }
}

/// Reads the value of a column as a whole conversation. In a table it may be JSON in a text.
pub fn read_conversation(value: &Value) -> Result<Vec<Message>, String> {
    let Value::String(text) = value else {
        return read(value, Speaker::User);
    };
    if let Some(turns) = read_transcript(text) {
        return Ok(turns);
    }
    match serde_json::from_str::<Value>(text) {
        Ok(list @ Value::Array(_)) => read(&list, Speaker::User),
        _ => Err("is a text, not a list of turns".to_owned()),
    }
}

/// Reads the value of a column as one text.
pub fn read_text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        Value::Null => Ok(String::new()),
        other => Err(format!("is {}, not a text", name_of(other))),
    }
}

fn read_message(value: &Value) -> Result<Message, String> {
    let Value::Object(fields) = value else {
        return Err(format!("is {}, not a message", name_of(value)));
    };
    let of = |names: [&'static str; 2]| names.into_iter().find(|name| fields.contains_key(*name));
    let role_key = of(["role", "from"]).ok_or("has neither `role` nor `from`")?;
    let speaker = fields[role_key].as_str().unwrap_or_default();
    let content_key = of(["content", "value"]);
    let content = content_key.map_or(&Value::Null, |key| &fields[key]);
    let mut other: Map<String, Value> = fields
        .iter()
        .filter(|(key, value)| {
            *key != role_key && Some(key.as_str()) != content_key && !value.is_null()
        })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if speaker == "function_call" {
        other.insert("tool_calls".to_owned(), read_calls(content)?);
        return Ok(Message {
            other,
            ..Message::assistant("")
        });
    }
    if content_key.is_none() && other.is_empty() {
        return Err("has neither `content` nor `value`".to_owned());
    }
    Ok(Message {
        role: read_speaker(speaker)?,
        content: read_content(content)?,
        other,
    })
}

/// Calls of tools, as the list that chat templates go through; one call may stand alone.
fn read_calls(value: &Value) -> Result<Value, String> {
    let calls = match value {
        Value::Array(_) | Value::Object(_) => value.clone(),
        text => {
            let text = read_text(text)?;
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
    };
    match calls {
        Value::Array(_) => Ok(calls),
        Value::Object(_) => Ok(Value::Array(vec![calls])),
        other => Err(format!(
            "calls {}: a call is JSON such as {{\"name\": \"f\", \"arguments\": {{}}}}",
            name_of(&other)
        )),
    }
}

fn read_speaker(name: &str) -> Result<Speaker, String> {
    match name.trim().to_ascii_lowercase().as_str() {
        "system" | "developer" => Ok(Speaker::System),
        "user" | "human" | "prompter" => Ok(Speaker::User),
        "assistant" | "gpt" | "model" | "bot" | "chatgpt" => Ok(Speaker::Assistant),
        "tool" | "function" | "observation" | "function_response" => Ok(Speaker::Tool),
        "" => Err("does not say who speaks".to_owned()),
        other => Err(format!(
            "is of `{other}`: known are system, user, assistant, tool and human, gpt, observation, \
             function_call"
        )),
    }
}

/// A text, or a list of parts that are texts.
fn read_content(value: &Value) -> Result<String, String> {
    let Value::Array(parts) = value else {
        return read_text(value);
    };
    let texts = parts.iter().map(|part| match part {
        Value::String(text) => Ok(text.as_str()),
        Value::Object(fields) => match fields.get("text") {
            Some(Value::String(text)) => Ok(text.as_str()),
            _ => Err("has a part that is no text".to_owned()),
        },
        _ => Err("has a part that is no text".to_owned()),
    });
    Ok(texts.collect::<Result<Vec<_>, _>>()?.concat())
}

/// Where the turns of a transcript begin.
const MARKS: [(&str, Speaker); 2] = [
    ("Human:", Speaker::User),
    ("Assistant:", Speaker::Assistant),
];

/// Reads a transcript, whose turns begin with `Human:` or `Assistant:` behind a blank line; none
/// if the text does not begin with such a turn.
pub fn read_transcript(text: &str) -> Option<Vec<Message>> {
    let mut turns: Vec<Message> = Vec::new();
    for part in format!("\n\n{}", text.trim_start()).split("\n\n").skip(1) {
        let begun = MARKS
            .into_iter()
            .find_map(|(mark, role)| Some((role, part.strip_prefix(mark)?)));
        match (begun, turns.last_mut()) {
            (Some((role, rest)), _) => turns.push(Message::new(role, rest)),
            (None, Some(turn)) => {
                turn.content.push_str("\n\n");
                turn.content.push_str(part);
            }
            (None, None) => return None,
        }
    }
    for turn in &mut turns {
        turn.content = turn.content.trim().to_owned();
    }
    Some(turns)
}

/// Whether a text is a prompt in the form of a transcript that waits for the assistant.
pub fn is_open_transcript(text: &str) -> bool {
    text.trim_start().starts_with("Human:") && text.trim_end().ends_with("\n\nAssistant:")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_transcript_is_cut_at_its_marks_only() {
        let turns = read_transcript("\n\nHuman: a\n\nb: c\n\nAssistant: Human: d").unwrap();
        assert_eq!(
            turns,
            [Message::user("a\n\nb: c"), Message::assistant("Human: d")]
        );
        assert_eq!(read_transcript("Hello\n\nHuman: a"), None);
    }

    #[test]
    fn messages_have_two_spellings_and_may_call_tools() {
        let openai = json!([{ "role": "user", "content": [{ "type": "text", "text": "a" }] },
            { "role": "assistant", "content": null, "tool_calls": [{ "id": "1" }] }]);
        let turns = read(&openai, Speaker::User).unwrap();
        assert_eq!(turns[0], Message::user("a"));
        assert_eq!(
            (
                turns[1].content.as_str(),
                &turns[1].other["tool_calls"][0]["id"]
            ),
            ("", &json!("1"))
        );
        let sharegpt = json!([{ "from": "human", "value": "a" },
            { "from": "function_call", "value": "{\"name\": \"f\"}" }]);
        let turns = read(&sharegpt, Speaker::User).unwrap();
        assert_eq!(turns[1].other["tool_calls"], json!([{ "name": "f" }]));
        let unreadable = json!([{ "from": "function_call", "value": "f()" }]);
        let why = read(&unreadable, Speaker::User).unwrap_err();
        assert!(why.contains("turn 1 that calls a text"), "{why}");
    }

    #[test]
    fn a_refusal_names_the_turn() {
        let turns =
            json!([{ "role": "user", "content": "a" }, { "role": "narrator", "content": "b" }]);
        let why = read(&turns, Speaker::User).unwrap_err();
        assert!(
            why.starts_with("has a turn 2 that is of `narrator`"),
            "{why}"
        );
    }
}
