//! Background work as people see it: listed, cancelled.

use shared::{
    ids::JobId,
    job::{Job, JobKind, JobState},
    page::Page,
};
use store::jobs;

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::{PageQuery, ProjectAccess, next_cursor},
    services::change::Change,
};

/// The jobs of a project, newest first.
pub async fn list_jobs(app: &App, access: &ProjectAccess, page: PageQuery) -> ApiResult<Page<Job>> {
    let mut tx = app.store.read().await?;
    let before = page.after.map(JobId::from);
    let mut items =
        jobs::list_of_project(&mut tx, access.project_id(), before, page.probe()).await?;
    let next = next_cursor(&mut items, page.limit(), |job| job.id.as_uuid());
    Ok(Page { items, next })
}

/// A job that waits for a runner, before it is stored.
#[must_use]
pub fn queued(app: &App, access: &ProjectAccess, kind: JobKind, title: String) -> Job {
    Job {
        id: app.context.id(),
        project_id: access.project_id(),
        kind,
        title,
        state: JobState::Queued,
        progress: None,
        message: String::new(),
        created_at: app.context.now(),
        started_at: None,
        finished_at: None,
    }
}

/// Asks for the end of a job: a waiting one ends at once, a running one as soon as it can.
pub async fn cancel_job(app: &App, access: &ProjectAccess, id: JobId) -> ApiResult<Job> {
    let mut change = Change::begin_in(app, access).await?;
    let project_id = access.project_id();
    if jobs::get(change.tx(), project_id, id).await?.is_none() {
        return Err(ApiError::NotFound("job"));
    }
    if !jobs::request_cancel(change.tx(), id, app.context.now()).await? {
        return Err(ApiError::Conflict("the job has ended already".to_owned()));
    }
    let record = jobs::get(change.tx(), project_id, id).await?;
    let job = record.ok_or(ApiError::NotFound("job"))?.job;
    change
        .commit("cancel_job", format!("job {id}"), &job.title)
        .await?;
    app.job_cancelled.notify_waiters();
    app.news.tell();
    Ok(job)
}
