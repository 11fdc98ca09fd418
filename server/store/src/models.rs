//! Models and their versions. Versions are only ever added.

use chrono::{DateTime, Utc};
use shared::{
    ids::{ModelId, ModelVersionId, ProjectId, PromptVersionId, RunId, UserId},
    model::ModelVersion,
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, StoreError, Tx};

/// A version with its model's name.
macro_rules! select_versions {
    ($rest:literal) => {
        concat!(
            "SELECT v.*, m.name FROM model_versions v JOIN models m ON m.id = v.model_id
             WHERE m.project_id = $1 ",
            $rest
        )
    };
}

#[derive(FromRow)]
struct ModelVersionRow {
    id: Uuid,
    model_id: Uuid,
    name: String,
    number: i64,
    kind: String,
    path: String,
    hub: Option<String>,
    content_hash: String,
    description: String,
    base_id: Option<Uuid>,
    run_id: Option<Uuid>,
    prompt_version_id: Option<Uuid>,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
}

impl TryFrom<ModelVersionRow> for ModelVersion {
    type Error = StoreError;

    fn try_from(row: ModelVersionRow) -> Result<Self> {
        Ok(Self {
            id: row.id.into(),
            model_id: row.model_id.into(),
            name: row.name,
            number: row.number,
            kind: row.kind.parse().map_err(StoreError::corrupt)?,
            path: row.path,
            hub: row
                .hub
                .map(|hub| hub.parse())
                .transpose()
                .map_err(StoreError::corrupt)?,
            content_hash: row.content_hash,
            description: row.description,
            base_id: row.base_id.map(Into::into),
            run_id: row.run_id.map(Into::into),
            prompt_version_id: row.prompt_version_id.map(Into::into),
            created_by: row.created_by.map(Into::into),
            created_at: row.created_at,
        })
    }
}

/// The model with this name, made with `id` if there is none, and the number of its next version.
pub async fn next_version(
    tx: &mut Tx,
    project_id: ProjectId,
    id: ModelId,
    name: &str,
) -> Result<(ModelId, i64)> {
    const INSERT: &str = "INSERT INTO models (id, project_id, name) VALUES ($1, $2, $3)
         ON CONFLICT (project_id, name) DO NOTHING";
    const SQL: &str = "SELECT m.id, COALESCE(MAX(v.number), 0) + 1
         FROM models m LEFT JOIN model_versions v ON v.model_id = m.id
         WHERE m.project_id = $1 AND m.name = $2 GROUP BY m.id";
    on_db!(tx, |conn| sqlx::query(INSERT)
        .bind(id.as_uuid())
        .bind(project_id.as_uuid())
        .bind(name)
        .execute(conn)
        .await
        .map(|_| ()))?;
    let (id, number): (Uuid, i64) = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(name)
        .fetch_one(conn)
        .await)?;
    Ok((id.into(), number))
}

/// Adds a version. A taken number is a [`StoreError::Conflict`].
pub async fn insert_version(tx: &mut Tx, version: &ModelVersion) -> Result<()> {
    const SQL: &str = "INSERT INTO model_versions (id, model_id, number, kind, path, content_hash,
             description, base_id, run_id, prompt_version_id, created_by, created_at, hub)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(version.id.as_uuid())
        .bind(version.model_id.as_uuid())
        .bind(version.number)
        .bind(version.kind.as_str())
        .bind(&version.path)
        .bind(&version.content_hash)
        .bind(&version.description)
        .bind(version.base_id.map(ModelVersionId::as_uuid))
        .bind(version.run_id.map(RunId::as_uuid))
        .bind(version.prompt_version_id.map(PromptVersionId::as_uuid))
        .bind(version.created_by.map(UserId::as_uuid))
        .bind(version.created_at)
        .bind(version.hub.as_ref().map(ToString::to_string))
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The model versions of a project, newest first.
pub async fn list_versions(tx: &mut Tx, project_id: ProjectId) -> Result<Vec<ModelVersion>> {
    const SQL: &str = select_versions!("ORDER BY v.id DESC");
    let rows: Vec<ModelVersionRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .fetch_all(conn)
        .await)?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// One model version of a project.
pub async fn get_version(
    tx: &mut Tx,
    project_id: ProjectId,
    id: ModelVersionId,
) -> Result<Option<ModelVersion>> {
    const SQL: &str = select_versions!("AND v.id = $2");
    let row: Option<ModelVersionRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .bind(id.as_uuid())
        .fetch_optional(conn)
        .await)?;
    row.map(TryInto::try_into).transpose()
}
