//! Exports of model versions: at most one of each format.

use chrono::{DateTime, Utc};
use shared::{
    ids::{JobId, ModelExportId, ModelVersionId, ProjectId, UserId},
    model_export::{ExportedFile, ModelExport, ModelExportFormat},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, StoreError, Tx, jobs, json};

/// An export before it is stored.
#[derive(Clone, Copy, Debug)]
pub struct NewModelExport {
    /// The export.
    pub id: ModelExportId,
    /// What it is an export of.
    pub model_version_id: ModelVersionId,
    /// What it is written as.
    pub format: ModelExportFormat,
    /// The job that makes it, which exists.
    pub job_id: JobId,
    /// Who asked for it.
    pub created_by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// Exports of a project's model versions.
macro_rules! select_exports {
    ($rest:literal) => {
        concat!(
            "SELECT e.* FROM model_exports e
                 JOIN model_versions v ON v.id = e.model_version_id
                 JOIN models m ON m.id = v.model_id
             WHERE m.project_id = $1 ",
            $rest
        )
    };
}

#[derive(FromRow)]
struct ModelExportRow {
    id: Uuid,
    model_version_id: Uuid,
    format: String,
    job_id: Uuid,
    file_name: Option<String>,
    size_bytes: Option<i64>,
    content_hash: Option<String>,
    comparison: Option<String>,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
}

impl ModelExportRow {
    fn file(&self) -> Result<Option<ExportedFile>> {
        let (Some(name), Some(size_bytes), Some(content_hash), Some(comparison)) = (
            &self.file_name,
            self.size_bytes,
            &self.content_hash,
            &self.comparison,
        ) else {
            return Ok(None);
        };
        Ok(Some(ExportedFile {
            name: name.clone(),
            size_bytes,
            content_hash: content_hash.clone(),
            check: json::decode(comparison)?,
        }))
    }

    async fn with_job(self, tx: &mut Tx, project_id: ProjectId) -> Result<ModelExport> {
        let job = jobs::get(tx, project_id, self.job_id.into()).await?;
        let job = job.ok_or_else(|| StoreError::corrupt("an export without its job"))?;
        Ok(ModelExport {
            id: self.id.into(),
            model_version_id: self.model_version_id.into(),
            format: self.format.parse().map_err(StoreError::corrupt)?,
            job: job.job,
            file: self.file()?,
            created_by: self.created_by.map(Into::into),
            created_at: self.created_at,
        })
    }
}

/// Lets nobody else ask for an export of a model version until the end of the transaction.
pub async fn lock(tx: &mut Tx, id: ModelVersionId) -> Result<()> {
    const SQL: &str = "UPDATE model_versions SET number = number WHERE id = $1";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Adds an export. One of the same format there already is a [`StoreError::Conflict`].
pub async fn insert(tx: &mut Tx, export: &NewModelExport) -> Result<()> {
    const SQL: &str = "INSERT INTO model_exports (id, model_version_id, format, job_id, created_by,
             created_at)
         VALUES ($1, $2, $3, $4, $5, $6)";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(export.id.as_uuid())
        .bind(export.model_version_id.as_uuid())
        .bind(export.format.as_str())
        .bind(export.job_id.as_uuid())
        .bind(export.created_by.as_uuid())
        .bind(export.created_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Notes what the job of an export made.
pub async fn set_file(tx: &mut Tx, id: ModelExportId, file: &ExportedFile) -> Result<()> {
    const SQL: &str = "UPDATE model_exports
         SET file_name = $2, size_bytes = $3, content_hash = $4, comparison = $5 WHERE id = $1";
    let comparison = json::encode(&file.check)?;
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(&file.name)
        .bind(file.size_bytes)
        .bind(&file.content_hash)
        .bind(&comparison)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Forgets an export; false if there was none.
pub async fn delete(tx: &mut Tx, id: ModelExportId) -> Result<bool> {
    const SQL: &str = "DELETE FROM model_exports WHERE id = $1";
    let deleted = on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(deleted > 0)
}

/// One export of a project.
pub async fn get(
    tx: &mut Tx,
    project_id: ProjectId,
    id: ModelExportId,
) -> Result<Option<ModelExport>> {
    const SQL: &str = select_exports!("AND e.id = $2");
    let row: Option<ModelExportRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(id.as_uuid())
        .fetch_optional(conn)
        .await)?;
    match row {
        Some(row) => row.with_job(tx, project_id).await.map(Some),
        None => Ok(None),
    }
}

/// The exports of a model version, in the order in which they were asked for.
pub async fn list_of_version(
    tx: &mut Tx,
    project_id: ProjectId,
    id: ModelVersionId,
) -> Result<Vec<ModelExport>> {
    const SQL: &str = select_exports!("AND e.model_version_id = $2 ORDER BY e.id");
    let rows: Vec<ModelExportRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(id.as_uuid())
        .fetch_all(conn)
        .await)?;
    let mut exports = Vec::with_capacity(rows.len());
    for row in rows {
        exports.push(row.with_job(tx, project_id).await?);
    }
    Ok(exports)
}
