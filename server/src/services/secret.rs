//! Secrets that are shown once and stored as a hash.

use sha2::{Digest, Sha256};

use crate::context::Context;

/// A new secret of 256 random bits, as text.
#[must_use]
pub fn generate(context: &Context) -> String {
    hex::encode(context.secret())
}

/// What is stored of a secret. The secret is random, so a plain hash cannot be guessed from.
#[must_use]
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}
