//! The append-only log of who changed what.

use chrono::{DateTime, Utc};
use shared::{
    ids::{ProjectId, UserId},
    project::AuditEntry,
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, Tx};

/// One change, as it is written.
#[derive(Clone, Debug)]
pub struct NewAuditEntry<'a> {
    /// The entry; its order is the order of the log.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// In which project; absent for accounts.
    pub project_id: Option<ProjectId>,
    /// Who; absent for the server itself.
    pub user_id: Option<UserId>,
    /// What was done.
    pub action: &'a str,
    /// To what.
    pub subject: &'a str,
    /// What a person should know of it.
    pub detail: &'a str,
}

#[derive(FromRow)]
struct AuditRow {
    id: Uuid,
    at: DateTime<Utc>,
    user_id: Option<Uuid>,
    user_name: Option<String>,
    action: String,
    subject: String,
    detail: String,
}

/// Adds an entry.
pub async fn insert(tx: &mut Tx, entry: NewAuditEntry<'_>) -> Result<()> {
    const SQL: &str = "INSERT INTO audit (id, at, project_id, user_id, action, subject, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(entry.id)
        .bind(entry.at)
        .bind(entry.project_id.map(ProjectId::as_uuid))
        .bind(entry.user_id.map(UserId::as_uuid))
        .bind(entry.action)
        .bind(entry.subject)
        .bind(entry.detail)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The entries of a project, newest first, before the entry `before`, each with its id.
pub async fn list_of_project(
    tx: &mut Tx,
    project_id: ProjectId,
    before: Option<Uuid>,
    limit: u32,
) -> Result<Vec<(Uuid, AuditEntry)>> {
    const SQL: &str =
        "SELECT a.id, a.at, a.user_id, u.name AS user_name, a.action, a.subject, a.detail
         FROM audit a LEFT JOIN users u ON u.id = a.user_id
         WHERE a.project_id = $1 AND a.id < $2 ORDER BY a.id DESC LIMIT $3";
    let rows: Vec<AuditRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(before.unwrap_or(Uuid::max()))
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(|row| (row.id, row.into())).collect())
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        let AuditRow {
            id: _,
            at,
            user_id,
            user_name,
            action,
            subject,
            detail,
        } = row;
        Self {
            at,
            user_id: user_id.map(Into::into),
            user_name,
            action,
            subject,
            detail,
        }
    }
}
