//! Background work: queued, claimed under a lease, ended.
//!
//! A runner that claims a job owns it until its lease runs out; it renews the lease while it works.
//! Every later statement of the runner names its lease, so a runner that lost it changes nothing.

use chrono::{DateTime, Utc};
use shared::{
    ids::{JobId, ProjectId},
    job::{Job, JobKind, JobState},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, StoreError, Tx, dialect};

/// A job with what only its runner needs.
#[derive(Clone, Debug)]
pub struct JobRecord {
    /// What others may see.
    pub job: Job,
    /// What to do, as JSON of the job's kind.
    pub payload: String,
    /// How often it was claimed; 1 the first time.
    pub attempt: i64,
    /// Whether somebody asked to end it.
    pub cancel_requested: bool,
}

/// A runner's hold on a job.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// The job.
    pub job_id: JobId,
    /// The runner.
    pub owner: Uuid,
}

#[derive(FromRow)]
struct JobRow {
    id: Uuid,
    project_id: Uuid,
    kind: String,
    title: String,
    payload: String,
    state: String,
    attempt: i64,
    cancel_requested: bool,
    progress: Option<f64>,
    message: String,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

impl TryFrom<JobRow> for JobRecord {
    type Error = StoreError;

    fn try_from(row: JobRow) -> Result<Self> {
        Ok(Self {
            job: Job {
                id: row.id.into(),
                project_id: row.project_id.into(),
                kind: row.kind.parse().map_err(StoreError::corrupt)?,
                title: row.title,
                state: row.state.parse().map_err(StoreError::corrupt)?,
                progress: row.progress,
                message: row.message,
                created_at: row.created_at,
                started_at: row.started_at,
                finished_at: row.finished_at,
            },
            payload: row.payload,
            attempt: row.attempt,
            cancel_requested: row.cancel_requested,
        })
    }
}

/// Adds a job that waits for a runner.
pub async fn insert(tx: &mut Tx, job: &Job, payload: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO jobs (id, project_id, kind, title, payload, state, attempt,
             cancel_requested, message, created_at)
         VALUES ($1, $2, $3, $4, $5, 'queued', 0, FALSE, '', $6)";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(job.id.as_uuid())
        .bind(job.project_id.as_uuid())
        .bind(job.kind.as_str())
        .bind(&job.title)
        .bind(payload)
        .bind(job.created_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Claims the oldest waiting job for `owner` until `lease_until`.
pub async fn claim(
    tx: &mut Tx,
    owner: Uuid,
    lease_until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<JobRecord>> {
    let sql = dialect::claim_job(tx);
    let row: Option<JobRow> = on_db!(tx, |conn| sqlx::query_as(sql)
        .bind(owner)
        .bind(lease_until)
        .bind(now)
        .fetch_optional(conn)
        .await)?;
    row.map(TryInto::try_into).transpose()
}

/// Prolongs a lease. Answers whether somebody asked to end the job, or `None` if the lease is lost.
pub async fn renew(tx: &mut Tx, lease: Lease, lease_until: DateTime<Utc>) -> Result<Option<bool>> {
    const SQL: &str = "UPDATE jobs SET lease_until = $3
         WHERE id = $1 AND lease_owner = $2 AND state = 'running' RETURNING cancel_requested";
    Ok(on_db!(tx, |conn| sqlx::query_scalar(SQL)
        .bind(lease.job_id.as_uuid())
        .bind(lease.owner)
        .bind(lease_until)
        .fetch_optional(conn)
        .await)?)
}

/// Notes how far a job is; false if the lease is lost.
pub async fn set_progress(
    tx: &mut Tx,
    lease: Lease,
    progress: Option<f64>,
    message: &str,
) -> Result<bool> {
    const SQL: &str = "UPDATE jobs SET progress = $3, message = $4
         WHERE id = $1 AND lease_owner = $2 AND state = 'running'";
    let updated = on_db!(tx, |conn| sqlx::query(SQL)
        .bind(lease.job_id.as_uuid())
        .bind(lease.owner)
        .bind(progress)
        .bind(message)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(updated > 0)
}

/// Writes a claimed job's payload again, with the place from which to go on; false if the lease is
/// lost.
pub async fn set_payload(tx: &mut Tx, lease: Lease, payload: &str) -> Result<bool> {
    const SQL: &str = "UPDATE jobs SET payload = $3
         WHERE id = $1 AND lease_owner = $2 AND state = 'running'";
    let updated = on_db!(tx, |conn| sqlx::query(SQL)
        .bind(lease.job_id.as_uuid())
        .bind(lease.owner)
        .bind(payload)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(updated > 0)
}

/// Ends a claimed job; false if the lease is lost.
pub async fn finish(
    tx: &mut Tx,
    lease: Lease,
    state: JobState,
    message: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    const SQL: &str = "UPDATE jobs SET state = $3, message = $4, finished_at = $5,
             lease_owner = NULL, lease_until = NULL
         WHERE id = $1 AND lease_owner = $2 AND state = 'running'";
    let updated = on_db!(tx, |conn| sqlx::query(SQL)
        .bind(lease.job_id.as_uuid())
        .bind(lease.owner)
        .bind(state.as_str())
        .bind(message)
        .bind(now)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(updated > 0)
}

/// Gives a claimed job back to the queue, to go on later: the server is stopping.
pub async fn release(tx: &mut Tx, lease: Lease) -> Result<bool> {
    const SQL: &str = "UPDATE jobs SET state = 'queued', lease_owner = NULL, lease_until = NULL
         WHERE id = $1 AND lease_owner = $2 AND state = 'running'";
    let updated = on_db!(tx, |conn| sqlx::query(SQL)
        .bind(lease.job_id.as_uuid())
        .bind(lease.owner)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(updated > 0)
}

/// Gives the jobs whose runner died back to the queue; answers how many.
pub async fn requeue_expired(tx: &mut Tx, now: DateTime<Utc>) -> Result<u64> {
    const SQL: &str = "UPDATE jobs SET state = 'queued', lease_owner = NULL, lease_until = NULL
         WHERE state = 'running' AND lease_until < $1";
    Ok(on_db!(tx, |conn| sqlx::query(SQL)
        .bind(now)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?)
}

/// Asks for the end of a job: a waiting one ends at once, a running one when its runner sees it.
/// False if the job had ended already.
pub async fn request_cancel(tx: &mut Tx, id: JobId, now: DateTime<Utc>) -> Result<bool> {
    const SQL: &str = "UPDATE jobs SET cancel_requested = TRUE,
             finished_at = CASE WHEN state = 'queued' THEN $2 ELSE finished_at END,
             state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END
         WHERE id = $1 AND state IN ('queued', 'running')";
    let updated = on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(now)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(updated > 0)
}

/// Puts a job that failed or was cancelled back into the queue; false if it stands otherwise.
pub async fn take_up_again(tx: &mut Tx, id: JobId) -> Result<bool> {
    const SQL: &str = "UPDATE jobs SET state = 'queued', cancel_requested = FALSE, message = '',
             finished_at = NULL
         WHERE id = $1 AND state IN ('failed', 'cancelled')";
    let updated = on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(updated > 0)
}

/// One job of a project.
pub async fn get(tx: &mut Tx, project_id: ProjectId, id: JobId) -> Result<Option<JobRecord>> {
    const SQL: &str = "SELECT * FROM jobs WHERE project_id = $1 AND id = $2";
    let row: Option<JobRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(id.as_uuid())
        .fetch_optional(conn)
        .await)?;
    row.map(TryInto::try_into).transpose()
}

/// The newest jobs of a kind in a project, newest first, with what they were told.
pub async fn list_of_kind(
    tx: &mut Tx,
    project_id: ProjectId,
    kind: JobKind,
    limit: u32,
) -> Result<Vec<JobRecord>> {
    const SQL: &str = "SELECT * FROM jobs WHERE project_id = $1 AND kind = $2
         ORDER BY id DESC LIMIT $3";
    let rows: Vec<JobRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(kind.as_str())
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// The jobs of a project, newest first, before the job `before`.
pub async fn list_of_project(
    tx: &mut Tx,
    project_id: ProjectId,
    before: Option<JobId>,
    limit: u32,
) -> Result<Vec<Job>> {
    const SQL: &str = "SELECT * FROM jobs WHERE project_id = $1 AND id < $2
         ORDER BY id DESC LIMIT $3";
    let rows: Vec<JobRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(before.map_or(Uuid::max(), JobId::as_uuid))
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await)?;
    rows.into_iter()
        .map(|row| JobRecord::try_from(row).map(|record| record.job))
        .collect()
}
