//! Imports of files into drafts, each with its place in the file.

use chrono::{DateTime, Utc};
use shared::{
    coverage::Coverage,
    dataset::Import,
    ids::{DatasetId, ImportId, ProjectId, UploadId},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, StoreError, Tx, json, row_lists::RowListId};

/// Where an import stands in its file: the first record that is not in the database yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FilePlace {
    /// Where it begins, in bytes.
    pub byte: i64,
    /// The line on which it begins, from 1.
    pub line: i64,
    /// Its number, from 1.
    pub record: i64,
}

/// What one batch adds to the counts of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Rows placed in the draft.
    pub imported: i64,
    /// Rows whose content was there already.
    pub duplicates: i64,
    /// Records that are no rows.
    pub rejected: i64,
}

/// An import with what its job needs.
#[derive(Clone, Debug)]
pub struct ImportRecord {
    /// What people see.
    pub import: Import,
    /// The project.
    pub project_id: ProjectId,
    /// The file.
    pub upload_id: UploadId,
    /// The list of the draft.
    pub draft: RowListId,
    /// The coverage of rows whose record does not say.
    pub default_coverage: Coverage,
    /// Whether rows are left out that the draft has already.
    pub skip_duplicates: bool,
    /// Where to go on.
    pub next: FilePlace,
}

#[derive(FromRow)]
struct ImportRow {
    id: Uuid,
    dataset_id: Uuid,
    project_id: Uuid,
    job_id: Uuid,
    upload_id: Uuid,
    draft_id: Uuid,
    state: String,
    message: String,
    progress: Option<f64>,
    file_name: String,
    size_bytes: i64,
    format: String,
    mapping: String,
    default_coverage: String,
    skip_duplicates: bool,
    next_byte: i64,
    next_line: i64,
    next_record: i64,
    imported: i64,
    duplicates: i64,
    rejected: i64,
    taken_back: bool,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
}

impl TryFrom<ImportRow> for ImportRecord {
    type Error = StoreError;

    fn try_from(row: ImportRow) -> Result<Self> {
        let import = Import {
            id: row.id.into(),
            dataset_id: row.dataset_id.into(),
            job_id: row.job_id.into(),
            state: row.state.parse().map_err(StoreError::corrupt)?,
            message: row.message,
            progress: row.progress,
            file_name: row.file_name,
            size_bytes: row.size_bytes,
            format: row.format.parse().map_err(StoreError::corrupt)?,
            mapping: json::decode(&row.mapping)?,
            imported: row.imported,
            duplicates: row.duplicates,
            rejected: row.rejected,
            taken_back: row.taken_back,
            created_by: row.created_by.map(Into::into),
            created_at: row.created_at,
        };
        Ok(Self {
            import,
            project_id: row.project_id.into(),
            upload_id: row.upload_id.into(),
            draft: row.draft_id.into(),
            default_coverage: row.default_coverage.parse().map_err(StoreError::corrupt)?,
            skip_duplicates: row.skip_duplicates,
            next: FilePlace {
                byte: row.next_byte,
                line: row.next_line,
                record: row.next_record,
            },
        })
    }
}

/// Adds an import, whose job exists.
pub async fn insert(tx: &mut Tx, record: &ImportRecord) -> Result<()> {
    const SQL: &str =
        "INSERT INTO imports (id, dataset_id, job_id, upload_id, file_name, size_bytes,
             format, mapping, default_coverage, skip_duplicates, next_byte, next_line, next_record,
             imported, duplicates, rejected, taken_back, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, 0, 0, FALSE, $14, $15)";
    let import = &record.import;
    let mapping = json::encode(&import.mapping)?;
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(import.id.as_uuid())
        .bind(import.dataset_id.as_uuid())
        .bind(import.job_id.as_uuid())
        .bind(record.upload_id.as_uuid())
        .bind(&import.file_name)
        .bind(import.size_bytes)
        .bind(import.format.as_str())
        .bind(mapping)
        .bind(record.default_coverage.as_str())
        .bind(record.skip_duplicates)
        .bind(record.next.byte)
        .bind(record.next.line)
        .bind(record.next.record)
        .bind(import.created_by.map(shared::ids::UserId::as_uuid))
        .bind(import.created_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Moves an import on in its file; false if it is not at `from`: another runner has moved it.
pub async fn advance(
    tx: &mut Tx,
    id: ImportId,
    from: FilePlace,
    to: FilePlace,
    outcome: Outcome,
) -> Result<bool> {
    const SQL: &str = "UPDATE imports SET next_byte = $3, next_line = $4, next_record = $5,
             imported = imported + $6, duplicates = duplicates + $7, rejected = rejected + $8
         WHERE id = $1 AND next_record = $2";
    let updated = on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(from.record)
        .bind(to.byte)
        .bind(to.line)
        .bind(to.record)
        .bind(outcome.imported)
        .bind(outcome.duplicates)
        .bind(outcome.rejected)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(updated > 0)
}

/// Notes that an import's rows were taken out of the draft.
pub async fn set_taken_back(tx: &mut Tx, id: ImportId) -> Result<()> {
    const SQL: &str = "UPDATE imports SET taken_back = TRUE WHERE id = $1";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// One import of a dataset.
pub async fn get(tx: &mut Tx, dataset_id: DatasetId, id: ImportId) -> Result<Option<ImportRecord>> {
    const SQL: &str = "SELECT i.*, j.state, j.message, j.progress, d.project_id, d.draft_id
         FROM imports i JOIN jobs j ON j.id = i.job_id JOIN datasets d ON d.id = i.dataset_id
         WHERE i.dataset_id = $1 AND i.id = $2";
    let row: Option<ImportRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(dataset_id.as_uuid())
        .bind(id.as_uuid())
        .fetch_optional(conn)
        .await)?;
    row.map(TryInto::try_into).transpose()
}

/// The imports into a dataset, newest first, before the import `before`.
pub async fn list_of_dataset(
    tx: &mut Tx,
    dataset_id: DatasetId,
    before: Option<ImportId>,
    limit: u32,
) -> Result<Vec<Import>> {
    const SQL: &str = "SELECT i.*, j.state, j.message, j.progress, d.project_id, d.draft_id
         FROM imports i JOIN jobs j ON j.id = i.job_id JOIN datasets d ON d.id = i.dataset_id
         WHERE i.dataset_id = $1 AND i.id < $2 ORDER BY i.id DESC LIMIT $3";
    let rows: Vec<ImportRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(dataset_id.as_uuid())
        .bind(before.map_or(Uuid::max(), ImportId::as_uuid))
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await)?;
    rows.into_iter()
        .map(|row| ImportRecord::try_from(row).map(|record| record.import))
        .collect()
}

/// Whether an import into a dataset waits or runs.
pub async fn any_under_way(tx: &mut Tx, dataset_id: DatasetId) -> Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM imports i JOIN jobs j ON j.id = i.job_id
         WHERE i.dataset_id = $1 AND j.state IN ('queued', 'running')";
    let count: i64 = on_db!(tx, |conn| sqlx::query_scalar(SQL)
        .bind(dataset_id.as_uuid())
        .fetch_one(conn)
        .await)?;
    Ok(count > 0)
}

/// Whether an import of a file waits or runs.
pub async fn is_upload_in_use(tx: &mut Tx, upload_id: UploadId) -> Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM imports i JOIN jobs j ON j.id = i.job_id
         WHERE i.upload_id = $1 AND j.state IN ('queued', 'running')";
    let count: i64 = on_db!(tx, |conn| sqlx::query_scalar(SQL)
        .bind(upload_id.as_uuid())
        .fetch_one(conn)
        .await)?;
    Ok(count > 0)
}
