//! A person's tokens for programs.

use axum::{extract::State, http::StatusCode};
use shared::{
    account::{ApiToken, CreateApiToken, CreatedApiToken},
    ids::ApiTokenId,
};

use crate::{
    app::App,
    error::ApiResult,
    extract::{CurrentUser, Json, Path},
    services::accounts,
};

/// Lists the tokens of the person who asks, newest first.
#[utoipa::path(get, path = "/api/tokens", operation_id = "list_tokens", tag = "accounts",
    responses((status = 200, body = Vec<ApiToken>)))]
pub async fn list_tokens(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
) -> ApiResult<Json<Vec<ApiToken>>> {
    accounts::list_tokens(&app, &user).await.map(Json)
}

/// Makes a token; its secret is shown in this answer only.
#[utoipa::path(post, path = "/api/tokens", operation_id = "create_token", tag = "accounts",
    request_body = CreateApiToken, responses((status = 201, body = CreatedApiToken)))]
pub async fn create_token(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Json(request): Json<CreateApiToken>,
) -> ApiResult<(StatusCode, Json<CreatedApiToken>)> {
    let created = accounts::create_token(&app, &user, request).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

/// Ends a token.
#[utoipa::path(delete, path = "/api/tokens/{token_id}", operation_id = "delete_token",
    tag = "accounts", params(("token_id" = ApiTokenId, Path)), responses((status = 204)))]
pub async fn delete_token(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    Path(token_id): Path<ApiTokenId>,
) -> ApiResult<StatusCode> {
    accounts::delete_token(&app, &user, token_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
