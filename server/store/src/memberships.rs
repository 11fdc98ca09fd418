//! Who may do what in which project.

use chrono::{DateTime, Utc};
use shared::{
    account::{Member, Membership, Role, User},
    ids::{ProjectId, UserId},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, StoreError, Tx};

#[derive(FromRow)]
struct MembershipRow {
    project_id: Uuid,
    slug: String,
    name: String,
    role: String,
}

#[derive(FromRow)]
struct MemberRow {
    id: Uuid,
    name: String,
    email: String,
    is_admin: bool,
    is_active: bool,
    created_at: DateTime<Utc>,
    role: String,
}

fn parse_role(text: &str) -> Result<Role> {
    text.parse().map_err(StoreError::corrupt)
}

/// Adds a member, or changes their role.
pub async fn put(tx: &mut Tx, project_id: ProjectId, user_id: UserId, role: Role) -> Result<()> {
    const SQL: &str = "INSERT INTO memberships (project_id, user_id, role) VALUES ($1, $2, $3)
         ON CONFLICT (project_id, user_id) DO UPDATE SET role = excluded.role";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(project_id.as_uuid())
        .bind(user_id.as_uuid())
        .bind(role.as_str())
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Removes a member; false if they are none.
pub async fn delete(tx: &mut Tx, project_id: ProjectId, user_id: UserId) -> Result<bool> {
    const SQL: &str = "DELETE FROM memberships WHERE project_id = $1 AND user_id = $2";
    let deleted = on_db!(tx, |conn| sqlx::query(SQL)
        .bind(project_id.as_uuid())
        .bind(user_id.as_uuid())
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(deleted > 0)
}

/// A person's role in a project.
pub async fn role_of(tx: &mut Tx, project_id: ProjectId, user_id: UserId) -> Result<Option<Role>> {
    const SQL: &str = "SELECT role FROM memberships WHERE project_id = $1 AND user_id = $2";
    let role: Option<String> = on_db!(tx, |conn| sqlx::query_scalar(SQL)
        .bind(project_id.as_uuid())
        .bind(user_id.as_uuid())
        .fetch_optional(conn)
        .await)?;
    role.as_deref().map(parse_role).transpose()
}

/// A person's projects, by name.
pub async fn list_of_user(tx: &mut Tx, user_id: UserId) -> Result<Vec<Membership>> {
    const SQL: &str = "SELECT m.project_id, p.slug, p.name, m.role
         FROM memberships m JOIN projects p ON p.id = m.project_id
         WHERE m.user_id = $1 ORDER BY p.name, p.id";
    let rows: Vec<MembershipRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(user_id.as_uuid())
        .fetch_all(conn)
        .await)?;
    rows.into_iter()
        .map(|row| {
            Ok(Membership {
                project_id: row.project_id.into(),
                project_slug: row.slug,
                project_name: row.name,
                role: parse_role(&row.role)?,
            })
        })
        .collect()
}

/// The members of a project, by name.
pub async fn list_of_project(tx: &mut Tx, project_id: ProjectId) -> Result<Vec<Member>> {
    const SQL: &str = "SELECT u.id, u.name, u.email, u.is_admin, u.is_active, u.created_at, m.role
         FROM memberships m JOIN users u ON u.id = m.user_id
         WHERE m.project_id = $1 ORDER BY u.name, u.id";
    let rows: Vec<MemberRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(project_id.as_uuid())
        .fetch_all(conn)
        .await)?;
    rows.into_iter()
        .map(|row| {
            let MemberRow {
                id,
                name,
                email,
                is_admin,
                is_active,
                created_at,
                role,
            } = row;
            let user = User {
                id: id.into(),
                name,
                email,
                is_admin,
                is_active,
                created_at,
            };
            Ok(Member {
                user,
                role: parse_role(&role)?,
            })
        })
        .collect()
}

/// The number of owners of a project.
pub async fn count_owners(tx: &mut Tx, project_id: ProjectId) -> Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM memberships WHERE project_id = $1 AND role = 'owner'";
    Ok(on_db!(tx, |conn| sqlx::query_scalar(SQL)
        .bind(project_id.as_uuid())
        .fetch_one(conn)
        .await)?)
}
