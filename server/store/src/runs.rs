//! Training runs: what was asked for, and how far each is. Where one stands is its job's state.

use chrono::{DateTime, Utc};
use shared::{
    ids::{ModelVersionId, ProjectId, RunId, UserId},
    run::{CreateRun, Preflight, RunSummary},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, StoreError, Tx, json};

/// A run with everything that is stored of it.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// What lists show.
    pub summary: RunSummary,
    /// Where it belongs.
    pub project_id: ProjectId,
    /// What was asked for.
    pub request: CreateRun,
    /// What was known when it was asked for.
    pub preflight: Preflight,
    /// How often a runner has begun it.
    pub attempt: i64,
}

/// How far a run is, as its events tell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Advance {
    /// The last optimizer step made.
    pub step: i64,
    /// Optimizer steps in all.
    pub total_steps: Option<i64>,
    /// The training loss of the last step.
    pub loss: Option<f64>,
    /// The newest validation loss.
    pub validation_loss: Option<f64>,
    /// The lowest validation loss.
    pub best_validation_loss: Option<f64>,
    /// Tokens that go through the model by the second of training.
    pub tokens_per_second: Option<f64>,
}

/// Runs with where their jobs stand.
macro_rules! select_runs {
    ($rest:literal) => {
        concat!(
            "SELECT r.*, j.state, j.progress, j.message, j.attempt, j.started_at, j.finished_at
             FROM runs r JOIN jobs j ON j.id = r.job_id ",
            $rest
        )
    };
}

#[derive(FromRow)]
struct RunRow {
    id: Uuid,
    project_id: Uuid,
    number: i64,
    name: String,
    method: String,
    job_id: Uuid,
    base_id: Uuid,
    dataset_version_id: Uuid,
    request: String,
    preflight: String,
    step: i64,
    total_steps: Option<i64>,
    loss: Option<f64>,
    validation_loss: Option<f64>,
    best_validation_loss: Option<f64>,
    model_version_id: Option<Uuid>,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    state: String,
    progress: Option<f64>,
    message: String,
    attempt: i64,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

impl TryFrom<RunRow> for RunRecord {
    type Error = StoreError;

    fn try_from(row: RunRow) -> Result<Self> {
        Ok(Self {
            project_id: row.project_id.into(),
            request: json::decode(&row.request)?,
            preflight: json::decode(&row.preflight)?,
            attempt: row.attempt,
            summary: RunSummary {
                id: row.id.into(),
                number: row.number,
                name: row.name,
                method: row.method.parse().map_err(StoreError::corrupt)?,
                job_id: row.job_id.into(),
                state: row.state.parse().map_err(StoreError::corrupt)?,
                progress: row.progress,
                message: row.message,
                base_id: row.base_id.into(),
                dataset_version_id: row.dataset_version_id.into(),
                step: row.step,
                total_steps: row.total_steps,
                loss: row.loss,
                validation_loss: row.validation_loss,
                best_validation_loss: row.best_validation_loss,
                model_version_id: row.model_version_id.map(Into::into),
                created_by: row.created_by.map(Into::into),
                created_at: row.created_at,
                started_at: row.started_at,
                finished_at: row.finished_at,
            },
        })
    }
}

/// The number of a project's next run.
pub async fn next_number(tx: &mut Tx, project_id: ProjectId) -> Result<i64> {
    const SQL: &str = "SELECT COALESCE(MAX(number), 0) + 1 FROM runs WHERE project_id = $1";
    Ok(on_db!(tx, |conn| sqlx::query_scalar(SQL)
        .bind(project_id.as_uuid())
        .fetch_one(conn)
        .await)?)
}

/// Adds a run whose job is there already. A taken number is a [`StoreError::Conflict`].
pub async fn insert(tx: &mut Tx, record: &RunRecord) -> Result<()> {
    const SQL: &str = "INSERT INTO runs (id, project_id, number, name, method, job_id, base_id,
             dataset_version_id, request, preflight, step, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12)";
    let summary = &record.summary;
    let request = json::encode(&record.request)?;
    let preflight = json::encode(&record.preflight)?;
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(summary.id.as_uuid())
        .bind(record.project_id.as_uuid())
        .bind(summary.number)
        .bind(&summary.name)
        .bind(summary.method.as_str())
        .bind(summary.job_id.as_uuid())
        .bind(summary.base_id.as_uuid())
        .bind(summary.dataset_version_id.as_uuid())
        .bind(&request)
        .bind(&preflight)
        .bind(summary.created_by.map(UserId::as_uuid))
        .bind(summary.created_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// One run.
pub async fn get(tx: &mut Tx, id: RunId) -> Result<Option<RunRecord>> {
    const SQL: &str = select_runs!("WHERE r.id = $1");
    let row: Option<RunRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(id.as_uuid())
        .fetch_optional(conn)
        .await)?;
    row.map(TryInto::try_into).transpose()
}

/// One run of a project, by its number.
pub async fn get_by_number(
    tx: &mut Tx,
    project_id: ProjectId,
    number: i64,
) -> Result<Option<RunRecord>> {
    const SQL: &str = select_runs!("WHERE r.project_id = $1 AND r.number = $2");
    let row: Option<RunRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(number)
        .fetch_optional(conn)
        .await)?;
    row.map(TryInto::try_into).transpose()
}

/// The runs of a project, newest first, before the run `before`.
pub async fn list_of_project(
    tx: &mut Tx,
    project_id: ProjectId,
    before: Option<RunId>,
    limit: u32,
) -> Result<Vec<RunSummary>> {
    const SQL: &str =
        select_runs!("WHERE r.project_id = $1 AND r.id < $2 ORDER BY r.id DESC LIMIT $3");
    let rows: Vec<RunRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(before.map_or(Uuid::max(), RunId::as_uuid))
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await)?;
    rows.into_iter()
        .map(|row| RunRecord::try_from(row).map(|record| record.summary))
        .collect()
}

/// Notes how far a run is.
pub async fn advance(tx: &mut Tx, id: RunId, to: &Advance) -> Result<()> {
    const SQL: &str = "UPDATE runs SET step = $2, total_steps = $3, loss = $4,
             validation_loss = $5, best_validation_loss = $6,
             tokens_per_second = COALESCE($7, tokens_per_second)
         WHERE id = $1";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(to.step)
        .bind(to.total_steps)
        .bind(to.loss)
        .bind(to.validation_loss)
        .bind(to.best_validation_loss)
        .bind(to.tokens_per_second)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Notes the model version that a run made; false if it has one already.
pub async fn set_model_version(tx: &mut Tx, id: RunId, version: ModelVersionId) -> Result<bool> {
    const SQL: &str =
        "UPDATE runs SET model_version_id = $2 WHERE id = $1 AND model_version_id IS NULL";
    let updated = on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(version.as_uuid())
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(updated > 0)
}

/// Tokens by the second in the newest run on a base that has measured them.
pub async fn speed_on_base(tx: &mut Tx, base_id: ModelVersionId) -> Result<Option<f64>> {
    const SQL: &str = "SELECT tokens_per_second FROM runs
         WHERE base_id = $1 AND tokens_per_second IS NOT NULL AND method <> 'grpo' ORDER BY id DESC LIMIT 1";
    Ok(on_db!(tx, |conn| sqlx::query_scalar(SQL)
        .bind(base_id.as_uuid())
        .fetch_optional(conn)
        .await)?)
}
