//! Suites and their items. A version is written whole; locking it is the only later change.

use chrono::{DateTime, Utc};
use shared::{
    ids::{ProjectId, SuiteId},
    suite::{Suite, SuiteItem, SuiteItemContent},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, StoreError, Tx, json};

#[derive(FromRow)]
struct SuiteRow {
    id: Uuid,
    key: String,
    version: i64,
    name: String,
    kind: String,
    pass_rule: String,
    gate: String,
    checks: String,
    item_count: i64,
    locked_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

#[derive(FromRow)]
pub(crate) struct SuiteItemRow {
    id: Uuid,
    key: String,
    input: String,
    expected: Option<String>,
    coverage: String,
    clauses: String,
    tags: String,
    item_checks: String,
}

impl TryFrom<SuiteRow> for Suite {
    type Error = StoreError;

    fn try_from(row: SuiteRow) -> Result<Self> {
        Ok(Self {
            id: row.id.into(),
            key: row.key,
            version: row.version,
            name: row.name,
            kind: row.kind.parse().map_err(StoreError::corrupt)?,
            pass_rule: json::decode(&row.pass_rule)?,
            gate: json::decode(&row.gate)?,
            checks: json::decode(&row.checks)?,
            item_count: row.item_count,
            locked_at: row.locked_at,
            created_at: row.created_at,
        })
    }
}

impl TryFrom<SuiteItemRow> for SuiteItem {
    type Error = StoreError;

    fn try_from(row: SuiteItemRow) -> Result<Self> {
        let content = SuiteItemContent {
            key: row.key,
            input: row.input,
            expected: row.expected.as_deref().map(json::decode).transpose()?,
            coverage: row.coverage.parse().map_err(StoreError::corrupt)?,
            clauses: json::decode(&row.clauses)?,
            tags: json::decode(&row.tags)?,
            checks: json::decode(&row.item_checks)?,
        };
        Ok(Self {
            id: row.id.into(),
            content,
        })
    }
}

/// Adds a version without its items. A taken number is a [`StoreError::Conflict`].
pub async fn insert(tx: &mut Tx, project_id: ProjectId, suite: &Suite) -> Result<()> {
    const SQL: &str = "INSERT INTO suites (id, project_id, key, version, name, kind, pass_rule,
             gate, checks, item_count, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let gate = json::encode(&suite.gate)?;
    let pass_rule = json::encode(&suite.pass_rule)?;
    let checks = json::encode(&suite.checks)?;
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(suite.id.as_uuid())
        .bind(project_id.as_uuid())
        .bind(&suite.key)
        .bind(suite.version)
        .bind(&suite.name)
        .bind(suite.kind.as_str())
        .bind(&pass_rule)
        .bind(&gate)
        .bind(&checks)
        .bind(suite.item_count)
        .bind(suite.created_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Adds an item at a position.
pub async fn insert_item(
    tx: &mut Tx,
    suite_id: SuiteId,
    position: i64,
    item: &SuiteItem,
) -> Result<()> {
    const SQL: &str = "INSERT INTO suite_items (id, suite_id, position, key, input, expected,
             coverage, clauses, tags, checks)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let content = &item.content;
    let expected = content.expected.as_ref().map(json::encode).transpose()?;
    let clauses = json::encode(&content.clauses)?;
    let tags = json::encode(&content.tags)?;
    let checks = json::encode(&content.checks)?;
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(item.id.as_uuid())
        .bind(suite_id.as_uuid())
        .bind(position)
        .bind(&content.key)
        .bind(&content.input)
        .bind(&expected)
        .bind(content.coverage.as_str())
        .bind(&clauses)
        .bind(&tags)
        .bind(&checks)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Locks a version; false if it was locked already.
pub async fn lock(tx: &mut Tx, id: SuiteId, now: DateTime<Utc>) -> Result<bool> {
    const SQL: &str = "UPDATE suites SET locked_at = $2 WHERE id = $1 AND locked_at IS NULL";
    let updated = on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(now)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(updated > 0)
}

/// Deletes a version that was never locked; false if it is locked or gone.
pub async fn delete_unlocked(tx: &mut Tx, id: SuiteId) -> Result<bool> {
    const SQL: &str = "DELETE FROM suites WHERE id = $1 AND locked_at IS NULL";
    let deleted = on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(deleted > 0)
}

/// The suites of a project, by key, newest version first.
pub async fn list(tx: &mut Tx, project_id: ProjectId) -> Result<Vec<Suite>> {
    const SQL: &str = "SELECT * FROM suites WHERE project_id = $1 ORDER BY key, version DESC";
    let rows: Vec<SuiteRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .fetch_all(conn)
        .await)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// One version of a suite of a project.
pub async fn get(tx: &mut Tx, project_id: ProjectId, id: SuiteId) -> Result<Option<Suite>> {
    const SQL: &str = "SELECT * FROM suites WHERE project_id = $1 AND id = $2";
    let row: Option<SuiteRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(id.as_uuid())
        .fetch_optional(conn)
        .await)?;
    row.map(TryInto::try_into).transpose()
}

/// The items of a version, in their order, `limit` of them after the first `offset`.
pub async fn list_items(
    tx: &mut Tx,
    suite_id: SuiteId,
    offset: u32,
    limit: u32,
) -> Result<Vec<SuiteItem>> {
    const SQL: &str =
        "SELECT id, key, input, expected, coverage, clauses, tags, checks AS item_checks
         FROM suite_items WHERE suite_id = $1 AND position >= $2
         ORDER BY position LIMIT $3";
    let rows: Vec<SuiteItemRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(suite_id.as_uuid())
        .bind(i64::from(offset))
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await)?;
    rows.into_iter().map(TryInto::try_into).collect()
}
