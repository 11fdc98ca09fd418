//! Background work as people see it: listed, cancelled.

use chrono::TimeDelta;
use shared::{
    ids::JobId,
    job::{Job, JobKind, JobState},
    page::Page,
};
use store::{
    Tx,
    jobs::{self, JobRecord},
};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::{PageQuery, ProjectAccess, next_cursor},
    services::change::Change,
};

/// How many jobs of one kind are told.
const RECENT: u32 = 20;

/// How long a job is told with those of its kind after its end.
const TOLD_FOR: TimeDelta = TimeDelta::days(1);

/// The jobs of a project, newest first.
pub async fn list_jobs(app: &App, access: &ProjectAccess, page: PageQuery) -> ApiResult<Page<Job>> {
    let mut tx = app.store.read().await?;
    let before = page.after.map(JobId::from);
    let mut items =
        jobs::list_of_project(&mut tx, access.project_id(), before, page.probe()).await?;
    let next = next_cursor(&mut items, page.limit(), |job| job.id.as_uuid());
    Ok(Page { items, next })
}

/// The newest jobs of a kind that go on or have ended lately, newest first; the list of all jobs has
/// the others.
pub async fn recent(
    app: &App,
    tx: &mut Tx,
    access: &ProjectAccess,
    kind: JobKind,
) -> ApiResult<Vec<JobRecord>> {
    let mut found = jobs::list_of_kind(tx, access.project_id(), kind, RECENT).await?;
    let oldest = app.context.now() - TOLD_FOR;
    let is_told = |job: &Job| job.finished_at.is_none_or(|ended| ended > oldest);
    found.retain(|record| is_told(&record.job));
    Ok(found)
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
