//! A turn of a conversation.

use serde::{Deserialize, Serialize};

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
    /// What they say.
    pub content: String,
}

impl Message {
    /// A turn of the person.
    pub fn user(content: impl Into<String>) -> Self {
        Self {
            role: Speaker::User,
            content: content.into(),
        }
    }
}
