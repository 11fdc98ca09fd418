//! Tokens for programs.

use std::future::Future;

use shared::{
    account::{ApiToken, CreateApiToken, CreatedApiToken},
    ids::ApiTokenId,
};

use super::{
    ApiResult,
    client::{self, Method},
};

/// The tokens of the person who asks, newest first.
pub fn list_tokens() -> impl Future<Output = ApiResult<Vec<ApiToken>>> {
    client::get("/api/tokens".to_owned())
}

/// Makes a token; its secret is in this answer only.
pub async fn create_token(request: CreateApiToken) -> ApiResult<CreatedApiToken> {
    client::send(Method::Post, "/api/tokens".to_owned(), &request).await
}

/// Ends a token.
pub async fn delete_token(token: ApiTokenId) -> ApiResult<()> {
    client::send_empty(Method::Delete, format!("/api/tokens/{token}")).await
}
