//! Projects, and what was changed in them.

use axum::{extract::State, http::StatusCode};
use shared::{
    overview::Overview,
    page::Page,
    project::{AuditEntry, CreateProject, Project, UpdateProject},
};

use crate::{
    app::App,
    error::ApiResult,
    extract::{CurrentUser, Json, PageQuery, ProjectAccess, Query},
    services::{overview, projects},
};

/// Lists the projects that the person who asks may see, by name.
#[utoipa::path(get, path = "/api/projects", operation_id = "list_projects", tag = "projects",
    responses((status = 200, body = Vec<Project>)))]
pub async fn list_projects(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
) -> ApiResult<Json<Vec<Project>>> {
    projects::list_projects(&app, &user).await.map(Json)
}

/// Makes a project; its maker becomes its owner.
#[utoipa::path(post, path = "/api/projects", operation_id = "create_project", tag = "projects",
    request_body = CreateProject, responses((status = 201, body = Project)))]
pub async fn create_project(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Json(request): Json<CreateProject>,
) -> ApiResult<(StatusCode, Json<Project>)> {
    let project = projects::create_project(&app, &user, request).await?;
    Ok((StatusCode::CREATED, Json(project)))
}

/// One project.
#[utoipa::path(get, path = "/api/projects/{project}", operation_id = "get_project",
    tag = "projects", params(("project" = String, Path)),
    responses((status = 200, body = Project)))]
pub async fn get_project(access: ProjectAccess) -> Json<Project> {
    Json(projects::get_project(access))
}

/// Where a project stands in its loop, and what to do next.
#[utoipa::path(get, path = "/api/projects/{project}/overview", operation_id = "get_overview",
    tag = "projects", params(("project" = String, Path)),
    responses((status = 200, body = Overview)))]
pub async fn get_overview(
    State(app): State<App>,
    access: ProjectAccess,
) -> ApiResult<Json<Overview>> {
    overview::get_overview(&app, &access).await.map(Json)
}

/// Changes a project's name and description.
#[utoipa::path(patch, path = "/api/projects/{project}", operation_id = "update_project",
    tag = "projects", params(("project" = String, Path)), request_body = UpdateProject,
    responses((status = 200, body = Project)))]
pub async fn update_project(
    State(app): State<App>,
    access: ProjectAccess,
    Json(request): Json<UpdateProject>,
) -> ApiResult<Json<Project>> {
    projects::update_project(&app, access, request)
        .await
        .map(Json)
}

/// Lists what was changed in a project, newest first.
#[utoipa::path(get, path = "/api/projects/{project}/audit", operation_id = "list_audit",
    tag = "projects", params(("project" = String, Path), PageQuery),
    responses((status = 200, body = Page<AuditEntry>)))]
pub async fn list_audit(
    State(app): State<App>,
    access: ProjectAccess,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<Page<AuditEntry>>> {
    projects::list_audit(&app, &access, page).await.map(Json)
}
