//! Prompts: the instructions put before what a user writes. Versioned, because training and prompt
//! belong together.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{PromptId, PromptVersionId, UserId};

/// A prompt with its versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Prompt {
    /// The prompt.
    pub id: PromptId,
    /// Its name; unique in the project.
    pub name: String,
    /// Its versions, newest first; there is at least one.
    pub versions: Vec<PromptVersion>,
}

/// One immutable version of a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PromptVersion {
    /// The version.
    pub id: PromptVersionId,
    /// From 1, without gaps in a prompt.
    pub number: i64,
    /// The system message; empty for none.
    pub system: String,
    /// Why it was made.
    pub note: String,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// Makes a prompt with its first version.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatePrompt {
    /// Its name; unique in the project.
    pub name: String,
    /// The system message; empty for none.
    #[serde(default)]
    pub system: String,
    /// Why it is made.
    #[serde(default)]
    pub note: String,
}

/// Makes the next version of a prompt.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatePromptVersion {
    /// The number of the version that was edited. If another has been made since, the request is
    /// refused, so that nobody's edit is lost.
    pub based_on: i64,
    /// The system message; empty for none.
    pub system: String,
    /// Why it is made.
    #[serde(default)]
    pub note: String,
}
