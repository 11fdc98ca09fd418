//! One message of a conversation.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One message of a conversation, as chat templates see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `system`, `user`, `assistant` or what else the template knows.
    pub role: String,
    /// The text; empty where a message only calls tools.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub content: String,
    /// Further keys, such as `tool_calls`, `name` or `thinking`, for the template.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Message {
    /// A message with nothing but its text.
    pub fn new(role: &str, content: impl Into<String>) -> Self {
        Self {
            role: role.to_owned(),
            content: content.into(),
            other: Map::new(),
        }
    }

    /// A message of the user.
    pub fn user(content: impl Into<String>) -> Self {
        Self::new("user", content)
    }

    /// A message of the model.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self::new("assistant", content)
    }

    /// The conversation with a system message in front, unless it has one or none is wanted.
    pub fn with_system(messages: &[Self], system_prompt: Option<&str>) -> Vec<Self> {
        let has_one = messages
            .first()
            .is_some_and(|message| message.role == "system");
        let added = system_prompt.filter(|_| !has_one);
        let system = added.map(|text| Self::new("system", text));
        system.into_iter().chain(messages.iter().cloned()).collect()
    }
}

fn null_as_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
