//! Spec versions and their clauses. They are only ever added.

use chrono::{DateTime, Utc};
use shared::{
    ids::{ProjectId, SpecVersionId},
    spec::{Clause, SpecVersion, SpecVersionSummary},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, StoreError, Tx, json};

#[derive(FromRow)]
struct SpecVersionRow {
    id: Uuid,
    number: i64,
    note: String,
    clause_count: i64,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct ClauseRow {
    key: String,
    text: String,
    kind: String,
    priority: String,
    good_examples: String,
    bad_examples: String,
    checks: String,
}

impl From<SpecVersionRow> for SpecVersionSummary {
    fn from(row: SpecVersionRow) -> Self {
        let SpecVersionRow {
            id,
            number,
            note,
            clause_count,
            created_by,
            created_at,
        } = row;
        let created_by = created_by.map(Into::into);
        Self {
            id: id.into(),
            number,
            note,
            clause_count,
            created_by,
            created_at,
        }
    }
}

impl TryFrom<ClauseRow> for Clause {
    type Error = StoreError;

    fn try_from(row: ClauseRow) -> Result<Self> {
        Ok(Self {
            key: row.key,
            text: row.text,
            kind: row.kind.parse().map_err(StoreError::corrupt)?,
            priority: row.priority.parse().map_err(StoreError::corrupt)?,
            good_examples: json::decode(&row.good_examples)?,
            bad_examples: json::decode(&row.bad_examples)?,
            checks: json::decode(&row.checks)?,
        })
    }
}

/// Adds a version. A taken number is a [`StoreError::Conflict`]: somebody else was faster.
pub async fn insert(tx: &mut Tx, project_id: ProjectId, version: &SpecVersion) -> Result<()> {
    const SQL: &str = "INSERT INTO spec_versions
             (id, project_id, number, note, clause_count, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let summary = &version.summary;
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(summary.id.as_uuid())
        .bind(project_id.as_uuid())
        .bind(summary.number)
        .bind(&summary.note)
        .bind(summary.clause_count)
        .bind(summary.created_by.map(shared::ids::UserId::as_uuid))
        .bind(summary.created_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    for (position, clause) in (0_i64..).zip(&version.clauses) {
        insert_clause(tx, summary.id.as_uuid(), position, clause).await?;
    }
    Ok(())
}

async fn insert_clause(
    tx: &mut Tx,
    version_id: Uuid,
    position: i64,
    clause: &Clause,
) -> Result<()> {
    const SQL: &str = "INSERT INTO spec_clauses (spec_version_id, position, key, text, kind,
             priority, good_examples, bad_examples, checks)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let good_examples = json::encode(&clause.good_examples)?;
    let bad_examples = json::encode(&clause.bad_examples)?;
    let checks = json::encode(&clause.checks)?;
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(version_id)
        .bind(position)
        .bind(&clause.key)
        .bind(&clause.text)
        .bind(clause.kind.as_str())
        .bind(clause.priority.as_str())
        .bind(&good_examples)
        .bind(&bad_examples)
        .bind(&checks)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The newest version of a project's spec, without its clauses.
pub async fn latest(tx: &mut Tx, project_id: ProjectId) -> Result<Option<SpecVersionSummary>> {
    const SQL: &str = "SELECT * FROM spec_versions WHERE project_id = $1
         ORDER BY number DESC LIMIT 1";
    let row: Option<SpecVersionRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .fetch_optional(conn)
        .await)?;
    Ok(row.map(Into::into))
}

/// The versions of a project's spec, newest first.
pub async fn list(tx: &mut Tx, project_id: ProjectId) -> Result<Vec<SpecVersionSummary>> {
    const SQL: &str = "SELECT * FROM spec_versions WHERE project_id = $1 ORDER BY number DESC";
    let rows: Vec<SpecVersionRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// One version of a project's spec, by its number.
pub async fn get(tx: &mut Tx, project_id: ProjectId, number: i64) -> Result<Option<SpecVersion>> {
    const SQL: &str = "SELECT * FROM spec_versions WHERE project_id = $1 AND number = $2";
    let row: Option<SpecVersionRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(number)
        .fetch_optional(conn)
        .await)?;
    with_clauses(tx, row).await
}

/// One version of a project's spec, by its id.
pub async fn get_by_id(
    tx: &mut Tx,
    project_id: ProjectId,
    id: SpecVersionId,
) -> Result<Option<SpecVersion>> {
    const SQL: &str = "SELECT * FROM spec_versions WHERE project_id = $1 AND id = $2";
    let row: Option<SpecVersionRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(id.as_uuid())
        .fetch_optional(conn)
        .await)?;
    with_clauses(tx, row).await
}

async fn with_clauses(tx: &mut Tx, row: Option<SpecVersionRow>) -> Result<Option<SpecVersion>> {
    const CLAUSES: &str = "SELECT * FROM spec_clauses WHERE spec_version_id = $1 ORDER BY position";
    let Some(row) = row else { return Ok(None) };
    let clauses: Vec<ClauseRow> = on_db!(tx, |conn| sqlx::query_as(CLAUSES)
        .bind(row.id)
        .fetch_all(conn)
        .await)?;
    let clauses = clauses
        .into_iter()
        .map(TryInto::try_into)
        .collect::<Result<_>>()?;
    Ok(Some(SpecVersion {
        summary: row.into(),
        clauses,
    }))
}
