//! Evaluations: suites asked of model versions. Their answers are in
//! [`evaluation_results`](crate::evaluation_results).

use chrono::{DateTime, Utc};
use shared::{
    evaluation::{BestOf, CreateEvaluation, Evaluation, EvaluationSummary},
    ids::{EvaluationId, ProjectId, PromptVersionId, UserId},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, StoreError, Tx, json};

/// An evaluation with what its job and reports need.
#[derive(Clone, Debug, PartialEq)]
pub struct EvaluationRecord {
    /// What people see.
    pub evaluation: Evaluation,
    /// The project.
    pub project_id: ProjectId,
    /// The number of the spec version by whose clauses failures are sorted, if there was a spec.
    pub spec_version: Option<i64>,
    /// Seconds that the written answers took together.
    pub seconds: f64,
}

/// An evaluation with its job and the names of what it refers to.
macro_rules! select_evaluations {
    ($rest:literal) => {
        concat!(
            "SELECT e.*, j.state, j.progress, j.message, j.finished_at,
                 m.name AS model, v.number AS model_number,
                 s.name AS suite, s.version AS suite_version,
                 p.name AS prompt, pv.number AS prompt_number,
                 rm.name AS reward_model, rv.number AS reward_model_number
             FROM evaluations e
                 JOIN jobs j ON j.id = e.job_id
                 JOIN model_versions v ON v.id = e.model_version_id
                 JOIN models m ON m.id = v.model_id
                 JOIN suites s ON s.id = e.suite_id
                 LEFT JOIN prompt_versions pv ON pv.id = e.prompt_version_id
                 LEFT JOIN prompts p ON p.id = pv.prompt_id
                 LEFT JOIN model_versions rv ON rv.id = e.reward_model_id
                 LEFT JOIN models rm ON rm.id = rv.model_id
             WHERE e.project_id = $1 ",
            $rest
        )
    };
}

#[derive(FromRow)]
struct EvaluationRow {
    id: Uuid,
    project_id: Uuid,
    number: i64,
    job_id: Uuid,
    model_version_id: Uuid,
    suite_id: Uuid,
    prompt_version_id: Option<Uuid>,
    spec_version: Option<i64>,
    decoding: String,
    best_of: Option<i64>,
    reward_model_id: Option<Uuid>,
    seconds: f64,
    summary: Option<String>,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    state: String,
    progress: Option<f64>,
    message: String,
    finished_at: Option<DateTime<Utc>>,
    model: String,
    model_number: i64,
    suite: String,
    suite_version: i64,
    prompt: Option<String>,
    prompt_number: Option<i64>,
    reward_model: Option<String>,
    reward_model_number: Option<i64>,
}

/// A name and a number, if there are both.
fn named(name: Option<String>, number: Option<i64>) -> String {
    let both = name.zip(number);
    both.map_or_else(String::new, |(name, number)| format!("{name} {number}"))
}

impl TryFrom<EvaluationRow> for EvaluationRecord {
    type Error = StoreError;

    fn try_from(row: EvaluationRow) -> Result<Self> {
        let best_of = row.best_of.zip(row.reward_model_id);
        let best_of = best_of.map(|(answers, reward_model_id)| {
            Ok::<_, StoreError>(BestOf {
                answers: answers.try_into().map_err(StoreError::corrupt)?,
                reward_model_id: reward_model_id.into(),
            })
        });
        let evaluation = Evaluation {
            id: row.id.into(),
            number: row.number,
            job_id: row.job_id.into(),
            state: row.state.parse().map_err(StoreError::corrupt)?,
            progress: row.progress,
            message: row.message,
            request: CreateEvaluation {
                model_version_id: row.model_version_id.into(),
                suite_id: row.suite_id.into(),
                prompt_version_id: row.prompt_version_id.map(Into::into),
                decoding: json::decode(&row.decoding)?,
                best_of: best_of.transpose()?,
            },
            model_name: format!("{} {}", row.model, row.model_number),
            suite_name: format!("{} {}", row.suite, row.suite_version),
            prompt_name: named(row.prompt, row.prompt_number),
            reward_model_name: named(row.reward_model, row.reward_model_number),
            summary: row.summary.as_deref().map(json::decode).transpose()?,
            created_by: row.created_by.map(Into::into),
            created_at: row.created_at,
            finished_at: row.finished_at,
        };
        Ok(Self {
            evaluation,
            project_id: row.project_id.into(),
            spec_version: row.spec_version,
            seconds: row.seconds,
        })
    }
}

/// The number of a project's next evaluation. The project's row stays locked until the end of the
/// transaction, so that no two evaluations get the same number.
pub async fn next_number(tx: &mut Tx, project_id: ProjectId) -> Result<i64> {
    const LOCK: &str = "UPDATE projects SET name = name WHERE id = $1";
    const SQL: &str = "SELECT COALESCE(MAX(number), 0) + 1 FROM evaluations WHERE project_id = $1";
    on_db!(tx, |conn| sqlx::query(LOCK)
        .bind(project_id.as_uuid())
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(on_db!(tx, |conn| sqlx::query_scalar(SQL)
        .bind(project_id.as_uuid())
        .fetch_one(conn)
        .await)?)
}

/// Adds an evaluation, whose job exists. What a job or an answer brings later is left out.
pub async fn insert(tx: &mut Tx, record: &EvaluationRecord) -> Result<()> {
    const SQL: &str = "INSERT INTO evaluations (id, project_id, number, job_id, model_version_id,
             suite_id, prompt_version_id, spec_version, decoding, best_of, reward_model_id,
             seconds, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, $13)";
    let evaluation = &record.evaluation;
    let request = &evaluation.request;
    let decoding = json::encode(&request.decoding)?;
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(evaluation.id.as_uuid())
        .bind(record.project_id.as_uuid())
        .bind(evaluation.number)
        .bind(evaluation.job_id.as_uuid())
        .bind(request.model_version_id.as_uuid())
        .bind(request.suite_id.as_uuid())
        .bind(request.prompt_version_id.map(PromptVersionId::as_uuid))
        .bind(record.spec_version)
        .bind(&decoding)
        .bind(request.best_of.map(|best_of| i64::from(best_of.answers)))
        .bind(
            request
                .best_of
                .map(|best_of| best_of.reward_model_id.as_uuid())
        )
        .bind(evaluation.created_by.map(UserId::as_uuid))
        .bind(evaluation.created_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Adds to the seconds that an evaluation's answers took together.
pub async fn add_seconds(tx: &mut Tx, id: EvaluationId, seconds: f64) -> Result<()> {
    const SQL: &str = "UPDATE evaluations SET seconds = seconds + $2 WHERE id = $1";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(seconds)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Freezes what an evaluation found.
pub async fn set_summary(tx: &mut Tx, id: EvaluationId, summary: &EvaluationSummary) -> Result<()> {
    const SQL: &str = "UPDATE evaluations SET summary = $2 WHERE id = $1";
    let summary = json::encode(summary)?;
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(&summary)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// One evaluation of a project.
pub async fn get(
    tx: &mut Tx,
    project_id: ProjectId,
    id: EvaluationId,
) -> Result<Option<EvaluationRecord>> {
    const SQL: &str = select_evaluations!("AND e.id = $2");
    let row: Option<EvaluationRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(id.as_uuid())
        .fetch_optional(conn)
        .await)?;
    row.map(TryInto::try_into).transpose()
}

/// The evaluation of a project with this number.
pub async fn get_by_number(
    tx: &mut Tx,
    project_id: ProjectId,
    number: i64,
) -> Result<Option<EvaluationRecord>> {
    const SQL: &str = select_evaluations!("AND e.number = $2");
    let row: Option<EvaluationRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(number)
        .fetch_optional(conn)
        .await)?;
    row.map(TryInto::try_into).transpose()
}

/// The evaluations of a project, newest first, before the evaluation `before`.
pub async fn list_of_project(
    tx: &mut Tx,
    project_id: ProjectId,
    before: Option<EvaluationId>,
    limit: u32,
) -> Result<Vec<Evaluation>> {
    const SQL: &str = select_evaluations!("AND e.id < $2 ORDER BY e.id DESC LIMIT $3");
    let rows: Vec<EvaluationRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(before.map_or(Uuid::max(), EvaluationId::as_uuid))
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await)?;
    rows.into_iter()
        .map(|row| EvaluationRecord::try_from(row).map(|record| record.evaluation))
        .collect()
}
