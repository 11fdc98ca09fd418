//! Who asks, and what they may do. The middleware of the route's group has decided it already.

use axum::{extract::FromRequestParts, http::request::Parts};
use shared::{
    account::{Role, User},
    ids::{ProjectId, UserId},
};
use store::projects::ProjectRecord;

use crate::error::ApiError;

/// The person who is signed in.
#[derive(Clone, Debug)]
pub struct CurrentUser(pub User);

/// The project in the address, and the role in it of the person who asks.
#[derive(Clone, Debug)]
pub struct ProjectAccess {
    /// The project.
    pub project: ProjectRecord,
    /// What the person may do. An administrator counts as an owner.
    pub role: Role,
    /// The person.
    pub user: User,
}

impl ProjectAccess {
    /// The project's id.
    #[must_use]
    pub const fn project_id(&self) -> ProjectId {
        self.project.id
    }

    /// The person's id.
    #[must_use]
    pub const fn user_id(&self) -> UserId {
        self.user.id
    }
}

impl<S: Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get()
            .cloned()
            .ok_or(ApiError::Unauthorized)
    }
}

impl<S: Sync> FromRequestParts<S> for ProjectAccess {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get()
            .cloned()
            .ok_or(ApiError::Unauthorized)
    }
}
