//! Signed-in browsers. Only a hash of the cookie's secret is stored.

use chrono::{DateTime, Utc};
use shared::ids::{SessionId, UserId};

use crate::{Result, Tx};

/// Adds a session.
pub async fn insert(
    tx: &mut Tx,
    id: SessionId,
    secret_hash: &[u8],
    user_id: UserId,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    const SQL: &str = "INSERT INTO sessions (id, secret_hash, user_id, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5)";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(id.as_uuid())
        .bind(secret_hash)
        .bind(user_id.as_uuid())
        .bind(created_at)
        .bind(expires_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Whose session has this secret, if it has not expired.
pub async fn find_user(
    tx: &mut Tx,
    secret_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<UserId>> {
    const SQL: &str = "SELECT user_id FROM sessions WHERE secret_hash = $1 AND expires_at > $2";
    let id: Option<uuid::Uuid> = on_db!(tx, |conn| sqlx::query_scalar(SQL)
        .bind(secret_hash)
        .bind(now)
        .fetch_optional(conn)
        .await)?;
    Ok(id.map(UserId::from))
}

/// Ends the session with this secret.
pub async fn delete(tx: &mut Tx, secret_hash: &[u8]) -> Result<()> {
    const SQL: &str = "DELETE FROM sessions WHERE secret_hash = $1";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(secret_hash)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Ends every session of a person.
pub async fn delete_of_user(tx: &mut Tx, user_id: UserId) -> Result<()> {
    const SQL: &str = "DELETE FROM sessions WHERE user_id = $1";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(user_id.as_uuid())
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Forgets the sessions that have expired.
pub async fn delete_expired(tx: &mut Tx, now: DateTime<Utc>) -> Result<()> {
    const SQL: &str = "DELETE FROM sessions WHERE expires_at <= $1";
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(now)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}
