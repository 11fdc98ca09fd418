//! Projects, and what happened in them.

use std::future::Future;

use shared::{
    overview::Overview,
    page::Page,
    project::{AuditEntry, CreateProject, Project, UpdateProject},
};

use super::{
    ApiResult,
    client::{self, Method},
    segment,
};

pub(super) fn path_of(project: &str) -> String {
    format!("/api/projects/{}", segment(project))
}

/// The projects of the person who asks, by name.
pub fn list_projects() -> impl Future<Output = ApiResult<Vec<Project>>> {
    client::get("/api/projects".to_owned())
}

/// Makes a project.
pub async fn create_project(request: CreateProject) -> ApiResult<Project> {
    client::send(Method::Post, "/api/projects".to_owned(), &request).await
}

/// Where a project stands, and what to do next.
pub fn get_overview(project: &str) -> impl Future<Output = ApiResult<Overview>> + use<> {
    client::get(format!("{}/overview", path_of(project)))
}

/// Changes a project's name and description.
pub async fn update_project(project: String, request: UpdateProject) -> ApiResult<Project> {
    client::send(Method::Patch, path_of(&project), &request).await
}

/// What was changed in a project, newest first.
pub fn list_audit(
    project: &str,
    after: Option<&str>,
    limit: u32,
) -> impl Future<Output = ApiResult<Page<AuditEntry>>> + use<> {
    let after = after.map_or_else(String::new, |after| format!("&after={}", segment(after)));
    client::get(format!("{}/audit?limit={limit}{after}", path_of(project)))
}
