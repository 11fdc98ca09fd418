//! Projects, and what happened in them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    account::Role,
    ids::{ProjectId, UserId},
};

/// A project: one behaviour to teach, from its spec to the model that serves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Project {
    /// The project.
    pub id: ProjectId,
    /// Its word in addresses; unique.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What is to be taught, and for whom.
    pub description: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// What the asking person may do in it.
    pub role: Role,
}

/// Makes a project; its maker becomes its owner.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateProject {
    /// Its name, at most 100 characters; the word in addresses is made from it.
    pub name: String,
    /// What is to be taught, and for whom.
    #[serde(default)]
    pub description: String,
}

/// Changes a project; absent fields stay.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateProject {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A new description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// One change that somebody made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// Who; absent for the server itself.
    pub user_id: Option<UserId>,
    /// Their name at the time of asking.
    pub user_name: Option<String>,
    /// What was done, such as `create_project`.
    pub action: String,
    /// To what, such as `project 0198...`.
    pub subject: String,
    /// What a person should know of it.
    pub detail: String,
}
