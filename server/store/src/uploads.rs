//! Files that wait to be imported; their bytes are in the folder of uploads.

use chrono::{DateTime, Utc};
use shared::{
    dataset::Upload,
    ids::{ProjectId, UploadId},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, Tx};

#[derive(FromRow)]
struct UploadRow {
    id: Uuid,
    file_name: String,
    size_bytes: i64,
    created_at: DateTime<Utc>,
}

impl From<UploadRow> for Upload {
    fn from(row: UploadRow) -> Self {
        Self {
            id: row.id.into(),
            file_name: row.file_name,
            size_bytes: row.size_bytes,
            created_at: row.created_at,
        }
    }
}

/// Adds an upload.
pub async fn insert(tx: &mut Tx, project_id: ProjectId, upload: &Upload) -> Result<()> {
    const SQL: &str = "INSERT INTO uploads (id, project_id, file_name, size_bytes, created_at)
         VALUES ($1, $2, $3, $4, $5)";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(upload.id.as_uuid())
        .bind(project_id.as_uuid())
        .bind(&upload.file_name)
        .bind(upload.size_bytes)
        .bind(upload.created_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// One upload of a project.
pub async fn get(tx: &mut Tx, project_id: ProjectId, id: UploadId) -> Result<Option<Upload>> {
    const SQL: &str = "SELECT * FROM uploads WHERE project_id = $1 AND id = $2";
    let row: Option<UploadRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(id.as_uuid())
        .fetch_optional(conn)
        .await)?;
    Ok(row.map(Into::into))
}

/// Uploads of any project that are older than a time and that no import waits for.
pub async fn list_older_than(tx: &mut Tx, time: DateTime<Utc>) -> Result<Vec<UploadId>> {
    const SQL: &str = "SELECT u.id FROM uploads u WHERE u.created_at < $1
         AND NOT EXISTS (SELECT 1 FROM imports i JOIN jobs j ON j.id = i.job_id
             WHERE i.upload_id = u.id AND j.state IN ('queued', 'running'))";
    let ids: Vec<Uuid> = on_db!(tx, |conn| sqlx::query_scalar(SQL)
        .bind(time)
        .fetch_all(conn)
        .await)?;
    Ok(ids.into_iter().map(Into::into).collect())
}

/// Removes an upload's record; false if there is none.
pub async fn delete(tx: &mut Tx, id: UploadId) -> Result<bool> {
    const SQL: &str = "DELETE FROM uploads WHERE id = $1";
    let deleted = on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(deleted > 0)
}
