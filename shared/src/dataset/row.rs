//! One row, in the one form that every file format is read into and written from.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::judged::{Margin, Votes};
use crate::{coverage::Coverage, message::Message};

text_enum! {
    /// What a row teaches from.
    pub enum RowKind {
        /// A prompt and its ideal answer.
        Completion = "completion",
        /// A whole conversation; every turn of the assistant is an answer to learn.
        Conversation = "conversation",
        /// A prompt with a better and a worse answer.
        Preference = "preference",
        /// A prompt with one answer and whether it is wanted.
        Unpaired = "unpaired",
        /// Plain text.
        Text = "text",
    }
}

text_enum! {
    /// Where a row comes from.
    pub enum RowSource {
        /// A file.
        Imported = "imported",
        /// A person wrote it here.
        Written = "written",
        /// A model wrote it.
        Generated = "generated",
        /// A person corrected a model's answer.
        Corrected = "corrected",
        /// A logged request to a served model.
        Production = "production",
        /// People's judgements of a pair.
        Judgement = "judgement",
    }
}

/// What a row says: the part that is trained on, and that its hash is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RowContent {
    /// A prompt and its ideal answer.
    Completion {
        /// What comes before the answer.
        prompt: Vec<Message>,
        /// The answer: one turn of the assistant, or several with tools in between.
        completion: Vec<Message>,
    },
    /// A whole conversation.
    Conversation {
        /// Its turns.
        messages: Vec<Message>,
    },
    /// A prompt with two answers.
    Preference {
        /// What comes before the answers.
        prompt: Vec<Message>,
        /// The better one.
        chosen: Vec<Message>,
        /// The worse one.
        rejected: Vec<Message>,
        /// How many annotators preferred which; absent where that is not known, so that the order
        /// counts as certain.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        votes: Option<Votes>,
        /// By how much the better one shall score above the worse one with a reward model; absent for
        /// zero.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        margin: Option<Margin>,
    },
    /// A prompt with one answer and whether it is wanted.
    Unpaired {
        /// What comes before the answer.
        prompt: Vec<Message>,
        /// The answer.
        completion: Vec<Message>,
        /// Whether the model should answer like this.
        desirable: bool,
    },
    /// Plain text.
    Text {
        /// The text.
        text: String,
    },
}

impl RowContent {
    /// What the row teaches from.
    #[must_use]
    pub const fn kind(&self) -> RowKind {
        match self {
            Self::Completion { .. } => RowKind::Completion,
            Self::Conversation { .. } => RowKind::Conversation,
            Self::Preference { .. } => RowKind::Preference,
            Self::Unpaired { .. } => RowKind::Unpaired,
            Self::Text { .. } => RowKind::Text,
        }
    }

    /// Every message of the row, in their order; none for plain text.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        let (first, second, third): (&[Message], &[Message], &[Message]) = match self {
            Self::Completion { prompt, completion }
            | Self::Unpaired {
                prompt, completion, ..
            } => (prompt, completion, &[]),
            Self::Preference {
                prompt,
                chosen,
                rejected,
                ..
            } => (prompt, chosen, rejected),
            Self::Conversation { messages } => (messages, &[], &[]),
            Self::Text { .. } => (&[], &[], &[]),
        };
        first.iter().chain(second).chain(third)
    }

    /// Every text of the row: what its messages say, or its plain text.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let plain = match self {
            Self::Text { text } => Some(text.as_str()),
            _ => None,
        };
        let said = self.messages().map(|message| message.content.as_str());
        plain.into_iter().chain(said)
    }

    /// Whether a text occurs in the row; `lower_case` must be in lower case.
    #[must_use]
    pub fn contains(&self, lower_case: &str) -> bool {
        self.texts()
            .any(|text| text.to_lowercase().contains(lower_case))
    }
}

/// Where a row comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Provenance {
    /// The kind of source.
    pub source: RowSource,
    /// Which one: a file and line, a run, a pair.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Default for Provenance {
    fn default() -> Self {
        Self {
            source: RowSource::Written,
            detail: String::new(),
        }
    }
}

/// A row with what is known about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Row {
    /// What it says.
    pub content: RowContent,
    /// What kind of case it is.
    pub coverage: Coverage,
    /// Words to find it by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The keys of the spec's clauses that it exercises.
    #[serde(default)]
    pub clauses: Vec<String>,
    /// Where it comes from.
    #[serde(default)]
    pub provenance: Provenance,
    /// Columns of the imported file that mean nothing here; they are exported again.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub data: Map<String, Value>,
}
