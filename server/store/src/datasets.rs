//! Datasets. Their rows are in the list of their draft and in those of their versions.

use chrono::{DateTime, Utc};
use shared::{
    dataset::Dataset,
    ids::{DatasetId, ProjectId},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, Tx, row_lists::RowListId};

/// A dataset with its draft.
#[derive(Clone, Debug)]
pub struct DatasetRecord {
    /// What people see.
    pub dataset: Dataset,
    /// The list of its draft's rows.
    pub draft: RowListId,
    /// The draft's revision: how often it was changed.
    pub revision: i64,
}

/// What a new dataset is made of.
#[derive(Clone, Copy, Debug)]
pub struct NewDataset<'a> {
    /// The dataset.
    pub id: DatasetId,
    /// Where it belongs.
    pub project_id: ProjectId,
    /// Its name, unique in the project.
    pub name: &'a str,
    /// What its rows are for.
    pub description: &'a str,
    /// The list of its draft, which exists.
    pub draft: RowListId,
    /// When.
    pub created_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct DatasetRow {
    id: Uuid,
    name: String,
    description: String,
    draft_id: Uuid,
    cut_revision: i64,
    revision: i64,
    row_count: i64,
    latest_version: Option<i64>,
    created_at: DateTime<Utc>,
}

impl From<DatasetRow> for DatasetRecord {
    fn from(row: DatasetRow) -> Self {
        Self {
            dataset: Dataset {
                id: row.id.into(),
                name: row.name,
                description: row.description,
                draft_row_count: row.row_count,
                draft_changed: row.revision != row.cut_revision,
                latest_version: row.latest_version,
                created_at: row.created_at,
            },
            draft: row.draft_id.into(),
            revision: row.revision,
        }
    }
}

/// Adds a dataset. A taken name is a [`StoreError::Conflict`](crate::StoreError::Conflict).
pub async fn insert(tx: &mut Tx, dataset: NewDataset<'_>) -> Result<()> {
    const SQL: &str = "INSERT INTO datasets
             (id, project_id, name, description, draft_id, cut_revision, created_at)
         VALUES ($1, $2, $3, $4, $5, 0, $6)";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(dataset.id.as_uuid())
        .bind(dataset.project_id.as_uuid())
        .bind(dataset.name)
        .bind(dataset.description)
        .bind(dataset.draft.as_uuid())
        .bind(dataset.created_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Changes a dataset's name and description.
pub async fn update(tx: &mut Tx, id: DatasetId, name: &str, description: &str) -> Result<()> {
    const SQL: &str = "UPDATE datasets SET name = $2, description = $3 WHERE id = $1";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(name)
        .bind(description)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Notes the revision of the draft from which a version was cut.
pub async fn set_cut_revision(tx: &mut Tx, id: DatasetId, revision: i64) -> Result<()> {
    const SQL: &str = "UPDATE datasets SET cut_revision = $2 WHERE id = $1";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(revision)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// One dataset of a project.
pub async fn get(
    tx: &mut Tx,
    project_id: ProjectId,
    id: DatasetId,
) -> Result<Option<DatasetRecord>> {
    const SQL: &str = "SELECT d.*, l.revision, l.row_count,
             (SELECT MAX(v.number) FROM dataset_versions v WHERE v.dataset_id = d.id)
                 AS latest_version
         FROM datasets d JOIN row_lists l ON l.id = d.draft_id
         WHERE d.project_id = $1 AND d.id = $2";
    let row: Option<DatasetRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(id.as_uuid())
        .fetch_optional(conn)
        .await)?;
    Ok(row.map(Into::into))
}

/// The datasets of a project, by name.
pub async fn list_of_project(tx: &mut Tx, project_id: ProjectId) -> Result<Vec<Dataset>> {
    const SQL: &str = "SELECT d.*, l.revision, l.row_count,
             (SELECT MAX(v.number) FROM dataset_versions v WHERE v.dataset_id = d.id)
                 AS latest_version
         FROM datasets d JOIN row_lists l ON l.id = d.draft_id
         WHERE d.project_id = $1 ORDER BY d.name, d.id";
    let rows: Vec<DatasetRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .fetch_all(conn)
        .await)?;
    Ok(rows
        .into_iter()
        .map(|row| DatasetRecord::from(row).dataset)
        .collect())
}
