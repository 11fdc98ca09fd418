//! People with accounts.

use chrono::{DateTime, Utc};
use shared::{account::User, ids::UserId};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Result, Tx};

/// An account with what only the server may see.
#[derive(Clone, Debug)]
pub struct Account {
    /// What others may see.
    pub user: User,
    /// The password's hash in PHC form.
    pub password_hash: String,
}

#[derive(FromRow)]
struct UserRow {
    id: Uuid,
    name: String,
    email: String,
    password_hash: String,
    is_admin: bool,
    is_active: bool,
    created_at: DateTime<Utc>,
}

impl From<UserRow> for Account {
    fn from(row: UserRow) -> Self {
        let UserRow {
            id,
            name,
            email,
            password_hash,
            is_admin,
            is_active,
            created_at,
        } = row;
        let user = User {
            id: id.into(),
            name,
            email,
            is_admin,
            is_active,
            created_at,
        };
        Self {
            user,
            password_hash,
        }
    }
}

/// Adds an account. A taken address is a [`StoreError::Conflict`](crate::StoreError::Conflict).
pub async fn insert(tx: &mut Tx, account: &Account) -> Result<()> {
    const SQL: &str =
        "INSERT INTO users (id, name, email, password_hash, is_admin, is_active, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let Account {
        user,
        password_hash,
    } = account;
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(user.id.as_uuid())
        .bind(&user.name)
        .bind(&user.email)
        .bind(password_hash)
        .bind(user.is_admin)
        .bind(user.is_active)
        .bind(user.created_at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Replaces everything but the id and the time of making.
pub async fn update(tx: &mut Tx, account: &Account) -> Result<()> {
    const SQL: &str = "UPDATE users SET name = $2, email = $3, password_hash = $4, is_admin = $5,
         is_active = $6 WHERE id = $1";
    let Account {
        user,
        password_hash,
    } = account;
    on_db!(tx, |conn| sqlx::query(SQL)
        .bind(user.id.as_uuid())
        .bind(&user.name)
        .bind(&user.email)
        .bind(password_hash)
        .bind(user.is_admin)
        .bind(user.is_active)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The account with this id.
pub async fn get(tx: &mut Tx, id: UserId) -> Result<Option<Account>> {
    const SQL: &str = "SELECT * FROM users WHERE id = $1";
    let row: Option<UserRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(id.as_uuid())
        .fetch_optional(conn)
        .await)?;
    Ok(row.map(Into::into))
}

/// The account with this address, which is stored in lower case.
pub async fn get_by_email(tx: &mut Tx, email: &str) -> Result<Option<Account>> {
    const SQL: &str = "SELECT * FROM users WHERE email = $1";
    let row: Option<UserRow> = on_db!(tx, |conn| sqlx::query_as(SQL)
        .bind(email.to_lowercase())
        .fetch_optional(conn)
        .await)?;
    Ok(row.map(Into::into))
}

/// Every account, by name.
pub async fn list(tx: &mut Tx) -> Result<Vec<User>> {
    const SQL: &str = "SELECT * FROM users ORDER BY name, id";
    let rows: Vec<UserRow> = on_db!(tx, |conn| sqlx::query_as(SQL).fetch_all(conn).await)?;
    Ok(rows
        .into_iter()
        .map(|row| Account::from(row).user)
        .collect())
}

/// Whether there is any account at all.
pub async fn any(tx: &mut Tx) -> Result<bool> {
    const SQL: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM users LIMIT 1) AS some_user";
    let count: i64 = on_db!(tx, |conn| sqlx::query_scalar(SQL).fetch_one(conn).await)?;
    Ok(count > 0)
}

/// The number of administrators who can sign in.
pub async fn count_active_admins(tx: &mut Tx) -> Result<i64> {
    const SQL: &str = "SELECT COUNT(*) FROM users WHERE is_admin AND is_active";
    Ok(on_db!(tx, |conn| sqlx::query_scalar(SQL)
        .fetch_one(conn)
        .await)?)
}
