//! Projects.

use chrono::{DateTime, Utc};
use shared::ids::ProjectId;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, Tx};

/// A project's record.
#[derive(Clone, Debug)]
pub struct ProjectRecord {
    /// The project.
    pub id: ProjectId,
    /// Its word in addresses; unique.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What is to be taught.
    pub description: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct ProjectRow {
    id: Uuid,
    slug: String,
    name: String,
    description: String,
    created_at: DateTime<Utc>,
}

impl From<ProjectRow> for ProjectRecord {
    fn from(row: ProjectRow) -> Self {
        let ProjectRow {
            id,
            slug,
            name,
            description,
            created_at,
        } = row;
        Self {
            id: id.into(),
            slug,
            name,
            description,
            created_at,
        }
    }
}

/// Adds a project. A taken slug is a [`StoreError::Conflict`](crate::StoreError::Conflict).
pub async fn insert(tx: &mut Tx, project: &ProjectRecord) -> Result<()> {
    const SQL: &str = "INSERT INTO projects (id, slug, name, description, created_at)
         VALUES ($1, $2, $3, $4, $5)";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(project.id.as_uuid())
        .bind(&project.slug)
        .bind(&project.name)
        .bind(&project.description)
        .bind(project.created_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Changes a project's name and description.
pub async fn update(tx: &mut Tx, id: ProjectId, name: &str, description: &str) -> Result<()> {
    const SQL: &str = "UPDATE projects SET name = $2, description = $3 WHERE id = $1";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(name)
        .bind(description)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The project with this slug.
pub async fn get_by_slug(tx: &mut Tx, slug: &str) -> Result<Option<ProjectRecord>> {
    const SQL: &str = "SELECT * FROM projects WHERE slug = $1";
    let row: Option<ProjectRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(slug)
        .fetch_optional(conn)
        .await)?;
    Ok(row.map(Into::into))
}

/// Every project, by name.
pub async fn list(tx: &mut Tx) -> Result<Vec<ProjectRecord>> {
    const SQL: &str = "SELECT * FROM projects ORDER BY name, id";
    let rows: Vec<ProjectRow> = on_db!(tx, |conn| sqlx::query_as(SQL).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(Into::into).collect())
}
