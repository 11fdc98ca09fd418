//! Immutable versions of datasets. They are only ever added.

use chrono::{DateTime, Utc};
use shared::{
    dataset::DatasetVersion,
    ids::{DatasetId, DatasetVersionId, ProjectId},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, StoreError, Tx, json, row_lists::RowListId};

/// A version with what is needed to read its rows.
#[derive(Clone, Debug)]
pub struct VersionRecord {
    /// What people see.
    pub version: DatasetVersion,
    /// The list of its rows.
    pub list: RowListId,
    /// The prompt key at which the rows that are held back begin.
    pub split_start: i64,
    /// How far they reach from there, on the ring of 2^63 keys.
    pub split_length: i64,
}

#[derive(FromRow)]
struct VersionRow {
    id: Uuid,
    dataset_id: Uuid,
    number: i64,
    list_id: Uuid,
    parent: Option<i64>,
    note: String,
    content_hash: Vec<u8>,
    validation_share: f64,
    seed: i64,
    split_start: i64,
    split_length: i64,
    counts: String,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
}

impl TryFrom<VersionRow> for VersionRecord {
    type Error = StoreError;

    fn try_from(row: VersionRow) -> Result<Self> {
        Ok(Self {
            version: DatasetVersion {
                id: row.id.into(),
                dataset_id: row.dataset_id.into(),
                number: row.number,
                parent: row.parent,
                note: row.note,
                content_hash: hex::encode(&row.content_hash),
                validation_share: row.validation_share,
                seed: row.seed.try_into().map_err(StoreError::corrupt)?,
                counts: json::decode(&row.counts)?,
                created_by: row.created_by.map(Into::into),
                created_at: row.created_at,
            },
            list: row.list_id.into(),
            split_start: row.split_start,
            split_length: row.split_length,
        })
    }
}

/// Adds a version with the bytes of its hash. A taken number is a [`StoreError::Conflict`].
pub async fn insert(tx: &mut Tx, record: &VersionRecord, content_hash: &[u8]) -> Result<()> {
    const SQL: &str = "INSERT INTO dataset_versions (id, dataset_id, number, list_id, parent, note,
             content_hash, validation_share, seed, split_start, split_length, counts, created_by,
             created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    let version = &record.version;
    let counts = json::encode(&version.counts)?;
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(version.id.as_uuid())
        .bind(version.dataset_id.as_uuid())
        .bind(version.number)
        .bind(record.list.as_uuid())
        .bind(version.parent)
        .bind(&version.note)
        .bind(content_hash)
        .bind(version.validation_share)
        .bind(i64::from(version.seed))
        .bind(record.split_start)
        .bind(record.split_length)
        .bind(counts)
        .bind(version.created_by.map(shared::ids::UserId::as_uuid))
        .bind(version.created_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// One version of a dataset, by its number.
pub async fn get_by_number(
    tx: &mut Tx,
    dataset_id: DatasetId,
    number: i64,
) -> Result<Option<VersionRecord>> {
    const SQL: &str = "SELECT * FROM dataset_versions WHERE dataset_id = $1 AND number = $2";
    let row: Option<VersionRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(dataset_id.as_uuid())
        .bind(number)
        .fetch_optional(conn)
        .await)?;
    row.map(TryInto::try_into).transpose()
}

/// One version of a project's datasets.
pub async fn get(
    tx: &mut Tx,
    project_id: ProjectId,
    id: DatasetVersionId,
) -> Result<Option<VersionRecord>> {
    const SQL: &str = "SELECT v.* FROM dataset_versions v JOIN datasets d ON d.id = v.dataset_id
         WHERE d.project_id = $1 AND v.id = $2";
    let row: Option<VersionRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(id.as_uuid())
        .fetch_optional(conn)
        .await)?;
    row.map(TryInto::try_into).transpose()
}

/// The versions of a dataset, newest first.
pub async fn list_of_dataset(tx: &mut Tx, dataset_id: DatasetId) -> Result<Vec<DatasetVersion>> {
    const SQL: &str = "SELECT * FROM dataset_versions WHERE dataset_id = $1 ORDER BY number DESC";
    let rows: Vec<VersionRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(dataset_id.as_uuid())
        .fetch_all(conn)
        .await)?;
    rows.into_iter()
        .map(|row| VersionRecord::try_from(row).map(|record| record.version))
        .collect()
}
