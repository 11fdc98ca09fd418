//! A turn of a conversation.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

text_enum! {
    /// Who speaks.
    pub enum Speaker {
        /// Instructions to the model.
        System = "system",
        /// The person.
        User = "user",
        /// The model.
        Assistant = "assistant",
        /// What a tool answered.
        Tool = "tool",
    }
}

/// One turn: who speaks, and what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// Who speaks.
    pub role: Speaker,
    /// What they say; empty where a turn only calls tools.
    pub content: String,
    /// Further keys, such as `tool_calls`, `name` or `thinking`.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub other: Map<String, Value>,
}

impl Message {
    /// A turn with nothing but its text.
    pub fn new(role: Speaker, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
            other: Map::new(),
        }
    }

    /// A turn of the person.
    pub fn user(content: impl Into<String>) -> Self {
        Self::new(Speaker::User, content)
    }

    /// A turn of the model.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self::new(Speaker::Assistant, content)
    }
}
