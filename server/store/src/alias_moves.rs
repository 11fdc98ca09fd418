//! The moves of aliases such as `production`. Moves are only ever added.

use chrono::{DateTime, Utc};
use shared::{
    ids::{ProjectId, ReportId, UserId},
    model::AliasMove,
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, Tx};

#[derive(FromRow)]
struct AliasMoveRow {
    model_version_id: Uuid,
    report: Option<i64>,
    override_reason: Option<String>,
    is_rollback: bool,
    moved_by: Option<Uuid>,
    moved_at: DateTime<Utc>,
}

impl From<AliasMoveRow> for AliasMove {
    fn from(row: AliasMoveRow) -> Self {
        Self {
            model_version_id: row.model_version_id.into(),
            report: row.report,
            override_reason: row.override_reason,
            rollback: row.is_rollback,
            moved_by: row.moved_by.map(Into::into),
            moved_at: row.moved_at,
        }
    }
}

/// Adds a move under an id that is newer than those of all moves before.
pub async fn insert(
    tx: &mut Tx,
    id: Uuid,
    project_id: ProjectId,
    name: &str,
    made: &AliasMove,
    report_id: Option<ReportId>,
) -> Result<()> {
    const SQL: &str = "INSERT INTO alias_moves (id, project_id, name, model_version_id, report_id,
             override_reason, is_rollback, moved_by, moved_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id)
        .bind(project_id.as_uuid())
        .bind(name)
        .bind(made.model_version_id.as_uuid())
        .bind(report_id.map(ReportId::as_uuid))
        .bind(&made.override_reason)
        .bind(made.rollback)
        .bind(made.moved_by.map(UserId::as_uuid))
        .bind(made.moved_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The moves of an alias, newest first.
pub async fn list(tx: &mut Tx, project_id: ProjectId, name: &str) -> Result<Vec<AliasMove>> {
    const SQL: &str = "SELECT m.model_version_id, r.number AS report, m.override_reason,
             m.is_rollback, m.moved_by, m.moved_at
         FROM alias_moves m LEFT JOIN reports r ON r.id = m.report_id
         WHERE m.project_id = $1 AND m.name = $2 ORDER BY m.id DESC";
    let rows: Vec<AliasMoveRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(name)
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(Into::into).collect())
}
