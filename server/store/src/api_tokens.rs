//! Tokens for programs. Only a hash of the secret is stored.

use chrono::{DateTime, Utc};
use shared::{
    account::ApiToken,
    ids::{ApiTokenId, UserId},
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, Tx};

#[derive(FromRow)]
struct ApiTokenRow {
    id: Uuid,
    name: String,
    prefix: String,
    created_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
}

impl From<ApiTokenRow> for ApiToken {
    fn from(row: ApiTokenRow) -> Self {
        let ApiTokenRow {
            id,
            name,
            prefix,
            created_at,
            last_used_at,
        } = row;
        Self {
            id: id.into(),
            name,
            prefix,
            created_at,
            last_used_at,
        }
    }
}

/// Adds a token.
pub async fn insert(
    tx: &mut Tx,
    token: &ApiToken,
    secret_hash: &[u8],
    user_id: UserId,
) -> Result<()> {
    const SQL: &str = "INSERT INTO api_tokens (id, secret_hash, user_id, name, prefix, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(token.id.as_uuid())
        .bind(secret_hash)
        .bind(user_id.as_uuid())
        .bind(&token.name)
        .bind(&token.prefix)
        .bind(token.created_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Whose token has this secret, and when it last served.
pub async fn find_user(
    tx: &mut Tx,
    secret_hash: &[u8],
) -> Result<Option<(UserId, Option<DateTime<Utc>>)>> {
    const SQL: &str = "SELECT user_id, last_used_at FROM api_tokens WHERE secret_hash = $1";
    let row: Option<(Uuid, Option<DateTime<Utc>>)> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(secret_hash)
        .fetch_optional(conn)
        .await)?;
    Ok(row.map(|(id, last_used_at)| (id.into(), last_used_at)))
}

/// Notes that a token served.
pub async fn touch(tx: &mut Tx, secret_hash: &[u8], now: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "UPDATE api_tokens SET last_used_at = $2 WHERE secret_hash = $1";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(secret_hash)
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The tokens of a person, newest first.
pub async fn list_of_user(tx: &mut Tx, user_id: UserId) -> Result<Vec<ApiToken>> {
    const SQL: &str = "SELECT id, name, prefix, created_at, last_used_at FROM api_tokens
         WHERE user_id = $1 ORDER BY id DESC";
    let rows: Vec<ApiTokenRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(user_id.as_uuid())
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Ends one token of a person; false if there is none with this id.
pub async fn delete(tx: &mut Tx, id: ApiTokenId, user_id: UserId) -> Result<bool> {
    const SQL: &str = "DELETE FROM api_tokens WHERE id = $1 AND user_id = $2";
    let deleted = on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(user_id.as_uuid())
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(deleted > 0)
}

/// Ends every token of a person.
pub async fn delete_of_user(tx: &mut Tx, user_id: UserId) -> Result<()> {
    const SQL: &str = "DELETE FROM api_tokens WHERE user_id = $1";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(user_id.as_uuid())
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}
