//! The members of a project.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    account::{Member, PutMember},
    ids::UserId,
};

use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, Path, ProjectAccess},
    services::projects,
};

/// The parameters of one member's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct MemberPath {
    user_id: UserId,
}

/// Lists the members of a project, by name.
#[utoipa::path(get, path = "/api/projects/{project}/members", operation_id = "list_members",
    tag = "projects", params(("project" = String, Path)),
    responses((status = 200, body = Vec<Member>)))]
pub async fn list_members(
    State(app): State<App>,
    access: ProjectAccess,
) -> ApiResult<Json<Vec<Member>>> {
    projects::list_members(&app, &access).await.map(Json)
}

/// Adds a member to a project, or changes their role.
#[utoipa::path(put, path = "/api/projects/{project}/members", operation_id = "put_member",
    tag = "projects", params(("project" = String, Path)), request_body = PutMember,
    responses((status = 200, body = Member)))]
pub async fn put_member(
    State(app): State<App>,
    access: ProjectAccess,
    Json(request): Json<PutMember>,
) -> ApiResult<Json<Member>> {
    projects::put_member(&app, &access, request).await.map(Json)
}

/// Removes a member from a project.
#[utoipa::path(delete, path = "/api/projects/{project}/members/{user_id}",
    operation_id = "delete_member", tag = "projects",
    params(("project" = String, Path), ("user_id" = UserId, Path)), responses((status = 204)))]
pub async fn delete_member(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<MemberPath>,
) -> ApiResult<StatusCode> {
    projects::delete_member(&app, &access, path.user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
