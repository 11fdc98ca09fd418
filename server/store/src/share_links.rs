//! Read-only links to reports. Only a hash of a link's secret is stored.

use chrono::{DateTime, Utc};
use shared::{
    ids::{ReportId, ShareLinkId, UserId},
    report::ShareLink,
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, Tx};

#[derive(FromRow)]
struct ShareLinkRow {
    id: Uuid,
    expires_at: DateTime<Utc>,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
}

impl From<ShareLinkRow> for ShareLink {
    fn from(row: ShareLinkRow) -> Self {
        Self {
            id: row.id.into(),
            expires_at: row.expires_at,
            created_by: row.created_by.map(Into::into),
            created_at: row.created_at,
        }
    }
}

/// Adds a link.
pub async fn insert(
    tx: &mut Tx,
    report_id: ReportId,
    link: &ShareLink,
    secret_hash: &[u8],
) -> Result<()> {
    const SQL: &str = "INSERT INTO share_links
             (id, report_id, secret_hash, expires_at, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(link.id.as_uuid())
        .bind(report_id.as_uuid())
        .bind(secret_hash)
        .bind(link.expires_at)
        .bind(link.created_by.map(UserId::as_uuid))
        .bind(link.created_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The report to which a link with this secret leads, unless it has ended.
pub async fn find_report(
    tx: &mut Tx,
    secret_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<ReportId>> {
    const SQL: &str =
        "SELECT report_id FROM share_links WHERE secret_hash = $1 AND expires_at > $2";
    let row: Option<(Uuid,)> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(secret_hash)
        .bind(now)
        .fetch_optional(conn)
        .await)?;
    Ok(row.map(|(id,)| id.into()))
}

/// The links to a report that have not ended, newest first.
pub async fn list(tx: &mut Tx, report_id: ReportId, now: DateTime<Utc>) -> Result<Vec<ShareLink>> {
    const SQL: &str = "SELECT id, expires_at, created_by, created_at FROM share_links
         WHERE report_id = $1 AND expires_at > $2 ORDER BY id DESC";
    let rows: Vec<ShareLinkRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(report_id.as_uuid())
        .bind(now)
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Ends a link to a report; false if there is none with this id.
pub async fn delete(tx: &mut Tx, report_id: ReportId, id: ShareLinkId) -> Result<bool> {
    const SQL: &str = "DELETE FROM share_links WHERE report_id = $1 AND id = $2";
    let deleted = on_db!(tx, |conn| sqlx::query(SQL)
        .bind(report_id.as_uuid())
        .bind(id.as_uuid())
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(deleted > 0)
}
