//! Whether the model gets to see the tools of a row.
//!
//! A chat template that knows no tools leaves them out without a word, and the calls as well: the model
//! would learn to say nothing where it should call.

use serde_json::Value;
use shared::dataset::RowContent;
use shared::message::Message;

use super::rows::Row;
use super::tokens::{Encoder, with_system};
use crate::error::Result;

impl Encoder<'_> {
    /// Whether the template leaves out a tool that the row offers, or a call of one: its name is
    /// nowhere in the rendered text.
    pub fn hides_tools(&self, row: &Row) -> Result<bool> {
        let offered = row.tools.as_ref().map(names).unwrap_or_default();
        let calls = row.content.messages().filter_map(calls);
        let called: Vec<&str> = calls.flat_map(names).collect();
        if offered.is_empty() && called.is_empty() {
            return Ok(false);
        }
        let mut text = String::new();
        for messages in conversations(&row.content) {
            let messages = with_system(&messages, self.system_prompt);
            let rendered = self
                .template
                .render_with(&messages, row.tools.as_ref(), false)?;
            text.push_str(&rendered.text);
        }
        let mut all = offered.into_iter().chain(called);
        Ok(!all.all(|name| text.contains(name)))
    }
}

fn calls(message: &Message) -> Option<&Value> {
    message.other.get("tool_calls")
}

/// The names of functions in a list of tools or calls; each has one, or holds a `function` with one.
fn names(list: &Value) -> Vec<&str> {
    let all = list.as_array().into_iter().flatten();
    let named = all.filter_map(|one| one.get("function").unwrap_or(one).get("name")?.as_str());
    named.collect()
}

/// The conversations of a row: one, or one for each answer.
fn conversations(content: &RowContent) -> Vec<Vec<Message>> {
    match content {
        RowContent::Completion { prompt, completion }
        | RowContent::Unpaired {
            prompt, completion, ..
        } => vec![[&prompt[..], completion].concat()],
        RowContent::Conversation { messages } => vec![messages.clone()],
        RowContent::Preference {
            prompt,
            chosen,
            rejected,
            ..
        } => vec![
            [&prompt[..], chosen].concat(),
            [&prompt[..], rejected].concat(),
        ],
        RowContent::Text { .. } => Vec::new(),
    }
}
