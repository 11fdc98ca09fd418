//! Prompts and their versions. Versions are only ever added.

use chrono::{DateTime, Utc};
use shared::{
    ids::{ProjectId, PromptId, PromptVersionId, UserId},
    prompt::{Prompt, PromptVersion},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, Tx};

#[derive(FromRow)]
struct PromptVersionRow {
    id: Uuid,
    prompt_id: Uuid,
    number: i64,
    system: String,
    note: String,
    created_by: Option<Uuid>,
    created_at: DateTime<Utc>,
}

impl From<PromptVersionRow> for PromptVersion {
    fn from(row: PromptVersionRow) -> Self {
        let PromptVersionRow {
            id,
            prompt_id: _,
            number,
            system,
            note,
            created_by,
            created_at,
        } = row;
        let created_by = created_by.map(Into::into);
        Self {
            id: id.into(),
            number,
            system,
            note,
            created_by,
            created_at,
        }
    }
}

/// Adds a prompt without versions. A taken name is a
/// [`StoreError::Conflict`](crate::StoreError::Conflict).
pub async fn insert(tx: &mut Tx, project_id: ProjectId, id: PromptId, name: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO prompts (id, project_id, name) VALUES ($1, $2, $3)";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(project_id.as_uuid())
        .bind(name)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Adds a version. A taken number is a [`StoreError::Conflict`](crate::StoreError::Conflict).
pub async fn insert_version(
    tx: &mut Tx,
    prompt_id: PromptId,
    version: &PromptVersion,
) -> Result<()> {
    const SQL: &str = "INSERT INTO prompt_versions
             (id, prompt_id, number, system, note, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(version.id.as_uuid())
        .bind(prompt_id.as_uuid())
        .bind(version.number)
        .bind(&version.system)
        .bind(&version.note)
        .bind(version.created_by.map(UserId::as_uuid))
        .bind(version.created_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The prompts of a project with their versions, by name.
pub async fn list(tx: &mut Tx, project_id: ProjectId) -> Result<Vec<Prompt>> {
    const SQL: &str = "SELECT id, name FROM prompts WHERE project_id = $1 ORDER BY name, id";
    const VERSIONS: &str = "SELECT v.* FROM prompt_versions v JOIN prompts p ON p.id = v.prompt_id
         WHERE p.project_id = $1 ORDER BY v.number DESC";
    let names: Vec<(Uuid, String)> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .fetch_all(conn)
        .await)?;
    let rows: Vec<PromptVersionRow> = on_db!(tx, |conn| sqlx::query_as(VERSIONS)
        .bind(project_id.as_uuid())
        .fetch_all(conn)
        .await)?;
    let mut prompts: Vec<Prompt> = names
        .into_iter()
        .map(|(id, name)| Prompt {
            id: id.into(),
            name,
            versions: Vec::new(),
        })
        .collect();
    for row in rows {
        let owner = prompts
            .iter_mut()
            .find(|prompt| prompt.id.as_uuid() == row.prompt_id);
        if let Some(prompt) = owner {
            prompt.versions.push(row.into());
        }
    }
    Ok(prompts)
}

/// One prompt of a project with its versions.
pub async fn get(tx: &mut Tx, project_id: ProjectId, id: PromptId) -> Result<Option<Prompt>> {
    Ok(list(tx, project_id)
        .await?
        .into_iter()
        .find(|prompt| prompt.id == id))
}

/// One version of a prompt of a project, with the prompt's name.
pub async fn get_version(
    tx: &mut Tx,
    project_id: ProjectId,
    id: PromptVersionId,
) -> Result<Option<(String, PromptVersion)>> {
    let prompts = list(tx, project_id).await?;
    let mut versions = prompts.into_iter().flat_map(|prompt| {
        let name = prompt.name;
        prompt
            .versions
            .into_iter()
            .map(move |version| (name.clone(), version))
    });
    Ok(versions.find(|(_, version)| version.id == id))
}
