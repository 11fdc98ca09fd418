//! People, their sessions and their tokens.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{ApiTokenId, ProjectId, UserId};

/// The shortest password that is accepted, in characters.
pub const MIN_PASSWORD_LENGTH: usize = 10;

text_enum! {
    /// What a person may do in a project. Each role may do all that the later ones may.
    pub enum Role {
        /// Everything, members and erasure included.
        Owner = "owner",
        /// Specs, data, runs, evaluations, reports and promotion.
        Engineer = "engineer",
        /// Judging pairs in queues, and reading the spec.
        Annotator = "annotator",
        /// Reading.
        Viewer = "viewer",
    }
}

/// Whether this server still waits for its first account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetupState {
    /// True until the first account exists.
    pub needed: bool,
}

/// Makes the first account, an administrator.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetupRequest {
    /// The one-time code that the server printed on its console.
    pub code: String,
    /// The person's name.
    pub name: String,
    /// The address to sign in with.
    pub email: String,
    /// At least [`MIN_PASSWORD_LENGTH`] characters.
    pub password: String,
}

/// Signs in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignInRequest {
    /// The account's address.
    pub email: String,
    /// Its password.
    pub password: String,
}

/// Who is signed in, and where they may go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    /// The person.
    pub user: User,
    /// Their projects, by name.
    pub memberships: Vec<Membership>,
}

/// A person's place in one project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Membership {
    /// The project.
    pub project_id: ProjectId,
    /// The project's word in addresses.
    pub project_slug: String,
    /// The project's name.
    pub project_name: String,
    /// What the person may do there.
    pub role: Role,
}

/// A person with an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// The account.
    pub id: UserId,
    /// The person's name.
    pub name: String,
    /// The address they sign in with.
    pub email: String,
    /// Whether they manage accounts and see every project.
    pub is_admin: bool,
    /// Whether the account can sign in.
    pub is_active: bool,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
}

/// Makes an account.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateUser {
    /// The person's name.
    pub name: String,
    /// The address to sign in with; unique.
    pub email: String,
    /// A first password, at least [`MIN_PASSWORD_LENGTH`] characters.
    pub password: String,
    /// Whether they manage accounts and see every project.
    #[serde(default)]
    pub is_admin: bool,
}

/// Changes an account; absent fields stay.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpdateUser {
    /// A new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A new password; ends every session of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Whether they manage accounts and see every project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_admin: Option<bool>,
    /// Whether the account can sign in; false ends its sessions and tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
}

/// A person in a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Member {
    /// The person.
    pub user: User,
    /// What they may do.
    pub role: Role,
}

/// Adds a member to a project, or changes their role.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PutMember {
    /// The address of an existing account.
    pub email: String,
    /// What they may do.
    pub role: Role,
}

/// A token for programs; it may do what its owner may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiToken {
    /// The token's record.
    pub id: ApiTokenId,
    /// What it is for.
    pub name: String,
    /// Its first characters, to recognise it.
    pub prefix: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last served, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Makes a token.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateApiToken {
    /// What it is for.
    pub name: String,
}

/// A new token, shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedApiToken {
    /// Its record.
    pub token: ApiToken,
    /// The secret, to be sent as `Authorization: Bearer`. It is not stored.
    pub secret: String,
}
