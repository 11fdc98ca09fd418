//! Background work of a project.

use std::future::Future;

use shared::{ids::JobId, job::Job, page::Page};

use super::{
    ApiResult,
    client::{self, Method},
    projects::path_of,
};

/// The jobs of a project, newest first.
pub fn list_jobs(project: &str, limit: u32) -> impl Future<Output = ApiResult<Page<Job>>> + use<> {
    client::get(format!("{}/jobs?limit={limit}", path_of(project)))
}

/// Asks for the end of a job.
pub async fn cancel_job(project: String, job: JobId) -> ApiResult<Job> {
    let path = format!("{}/jobs/{job}/cancel", path_of(&project));
    client::send_plain(Method::Post, path).await
}
