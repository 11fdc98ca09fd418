//! Regression reports: frozen when they are made, and never changed.

use chrono::{DateTime, Utc};
use shared::{
    ids::{ProjectId, ReportId, UserId},
    report::{Report, ReportSnapshot, ReportSummary},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, Tx, json};

#[derive(FromRow)]
struct ReportRow {
    id: Uuid,
    number: i64,
    name: String,
    passed: bool,
    verdict: String,
    candidate_id: Uuid,
    baseline_name: String,
    candidate_name: String,
    candidate_best_of: Option<i64>,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
}

impl From<ReportRow> for ReportSummary {
    fn from(row: ReportRow) -> Self {
        Self {
            id: row.id.into(),
            number: row.number,
            name: row.name,
            passed: row.passed,
            verdict: row.verdict,
            candidate_id: row.candidate_id.into(),
            baseline_name: row.baseline_name,
            candidate_name: row.candidate_name,
            candidate_best_of: row
                .candidate_best_of
                .and_then(|answers| answers.try_into().ok()),
            created_by: row.created_by.map(Into::into),
            created_at: row.created_at,
        }
    }
}

macro_rules! select_reports {
    ($condition:literal) => {
        concat!(
            "SELECT id, number, name, passed, verdict, candidate_id, baseline_name,
                 candidate_name, candidate_best_of, created_by, created_at
             FROM reports ",
            $condition
        )
    };
}

/// The number that a project's next report takes.
pub async fn next_number(tx: &mut Tx, project_id: ProjectId) -> Result<i64> {
    const SQL: &str = "SELECT COALESCE(MAX(number), 0) + 1 FROM reports WHERE project_id = $1";
    let (number,): (i64,) = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .fetch_one(conn)
        .await)?;
    Ok(number)
}

/// Adds a report. A taken number is a [`StoreError::Conflict`](crate::StoreError::Conflict).
pub async fn insert(tx: &mut Tx, project_id: ProjectId, report: &Report) -> Result<()> {
    const SQL: &str = "INSERT INTO reports (id, project_id, number, name, passed, verdict,
             candidate_id, baseline_name, candidate_name, candidate_best_of, snapshot, created_by,
             created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let summary = &report.summary;
    let snapshot = json::encode(&report.snapshot)?;
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(summary.id.as_uuid())
        .bind(project_id.as_uuid())
        .bind(summary.number)
        .bind(&summary.name)
        .bind(summary.passed)
        .bind(&summary.verdict)
        .bind(summary.candidate_id.as_uuid())
        .bind(&summary.baseline_name)
        .bind(&summary.candidate_name)
        .bind(summary.candidate_best_of.map(i64::from))
        .bind(&snapshot)
        .bind(summary.created_by.map(UserId::as_uuid))
        .bind(summary.created_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The reports of a project, newest first.
pub async fn list(tx: &mut Tx, project_id: ProjectId) -> Result<Vec<ReportSummary>> {
    const SQL: &str = select_reports!("WHERE project_id = $1 ORDER BY number DESC");
    let rows: Vec<ReportRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// One report of a project, without its numbers.
pub async fn get_summary(
    tx: &mut Tx,
    project_id: ProjectId,
    number: i64,
) -> Result<Option<ReportSummary>> {
    const SQL: &str = select_reports!("WHERE project_id = $1 AND number = $2");
    let row: Option<ReportRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(number)
        .fetch_optional(conn)
        .await)?;
    Ok(row.map(Into::into))
}

/// One report by its id, of whichever project.
pub async fn get(tx: &mut Tx, id: ReportId) -> Result<Option<Report>> {
    const SQL: &str = select_reports!("WHERE id = $1");
    const SNAPSHOT: &str = "SELECT snapshot FROM reports WHERE id = $1";
    let row: Option<ReportRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(id.as_uuid())
        .fetch_optional(conn)
        .await)?;
    let Some(row) = row else { return Ok(None) };
    let (snapshot,): (String,) = on_db!(tx, |conn| sqlx::query_as(SNAPSHOT)
        .bind(id.as_uuid())
        .fetch_one(conn)
        .await)?;
    let snapshot: ReportSnapshot = json::decode(&snapshot)?;
    let summary = row.into();
    Ok(Some(Report { summary, snapshot }))
}
