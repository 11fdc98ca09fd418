//! Background work.

use axum::extract::State;
use serde::Deserialize;
use shared::{ids::JobId, job::Job, page::Page};

use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, PageQuery, Path, ProjectAccess, Query},
    services::jobs,
};

/// The parameters of one job's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct JobPath {
    job_id: JobId,
}

/// Lists the jobs of a project, newest first.
#[utoipa::path(get, path = "/api/projects/{project}/jobs", operation_id = "list_jobs",
    tag = "jobs", params(("project" = String, Path), PageQuery),
    responses((status = 200, body = Page<Job>)))]
pub async fn list_jobs(
    State(app): State<App>,
    access: ProjectAccess,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<Page<Job>>> {
    jobs::list_jobs(&app, &access, page).await.map(Json)
}

/// Asks for the end of a job.
#[utoipa::path(post, path = "/api/projects/{project}/jobs/{job_id}/cancel",
    operation_id = "cancel_job", tag = "jobs",
    params(("project" = String, Path), ("job_id" = JobId, Path)),
    responses((status = 200, body = Job)))]
pub async fn cancel_job(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<JobPath>,
) -> ApiResult<Json<Job>> {
    jobs::cancel_job(&app, &access, path.job_id).await.map(Json)
}
