//! Passwords: hashed with Argon2id, on a thread of their own, because a hash takes a while.

use anyhow::anyhow;
use argon2::{
    Argon2, PasswordHash, PasswordHasher, PasswordVerifier,
    password_hash::{Salt, SaltString},
};
use shared::account::MIN_PASSWORD_LENGTH;

use crate::{
    context::Context,
    error::{ApiError, ApiResult},
};

/// A password longer than this is refused, so that hashing cannot be made expensive.
const MAX_PASSWORD_LENGTH: usize = 1024;

/// Refuses a password that is too short or too long.
pub fn validate(password: &str) -> ApiResult<()> {
    let length = password.chars().count();
    if (MIN_PASSWORD_LENGTH..=MAX_PASSWORD_LENGTH).contains(&length) {
        return Ok(());
    }
    Err(ApiError::invalid(
        "password",
        format!(
            "must have {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters, not {length}"
        ),
    ))
}

/// The hash of a password, in PHC form.
pub async fn hash(context: &Context, password: &str) -> ApiResult<String> {
    let salt = context.secret();
    let password = password.to_owned();
    on_a_thread(move || {
        let salt = SaltString::encode_b64(&salt[..Salt::RECOMMENDED_LENGTH])
            .map_err(|error| anyhow!("cannot make a salt: {error}"))?;
        let hash = Argon2::default()
            .hash_password(password.as_bytes(), &salt)
            .map_err(|error| anyhow!("cannot hash a password: {error}"))?;
        Ok(hash.to_string())
    })
    .await
}

/// Whether a password fits a hash. Without a hash it takes as long and answers false, so that the
/// time does not tell which addresses have an account.
pub async fn verify(context: &Context, password: &str, stored: Option<&str>) -> ApiResult<bool> {
    let Some(stored) = stored else {
        hash(context, password).await?;
        return Ok(false);
    };
    let (password, stored) = (password.to_owned(), stored.to_owned());
    on_a_thread(move || {
        let parsed = PasswordHash::new(&stored)
            .map_err(|error| anyhow!("a stored password hash is unusable: {error}"))?;
        Ok(Argon2::default()
            .verify_password(password.as_bytes(), &parsed)
            .is_ok())
    })
    .await
}

async fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> ApiResult<T> {
    let result = tokio::task::spawn_blocking(work)
        .await
        .map_err(anyhow::Error::from)?;
    Ok(result?)
}
