//! Accounts, for administrators.

use axum::{extract::State, http::StatusCode};
use shared::{
    account::{CreateUser, UpdateUser, User},
    ids::UserId,
};

use crate::{
    app::App,
    error::ApiResult,
    extract::{CurrentUser, Json, Path},
    services::accounts,
};

/// Lists every account, by name.
#[utoipa::path(get, path = "/api/users", operation_id = "list_users", tag = "accounts",
    responses((status = 200, body = Vec<User>)))]
pub async fn list_users(State(app): State<App>) -> ApiResult<Json<Vec<User>>> {
    accounts::list_users(&app).await.map(Json)
}

/// Makes an account.
#[utoipa::path(post, path = "/api/users", operation_id = "create_user", tag = "accounts",
    request_body = CreateUser, responses((status = 201, body = User)))]
pub async fn create_user(
    State(app): State<App>,
    CurrentUser(by): CurrentUser,
    Json(request): Json<CreateUser>,
) -> ApiResult<(StatusCode, Json<User>)> {
    let user = accounts::create_user(&app, Some(by.id), request).await?;
    Ok((StatusCode::CREATED, Json(user)))
}

/// Changes an account.
#[utoipa::path(patch, path = "/api/users/{user_id}", operation_id = "update_user",
    tag = "accounts", params(("user_id" = UserId, Path)), request_body = UpdateUser,
    responses((status = 200, body = User)))]
pub async fn update_user(
    State(app): State<App>,
    CurrentUser(by): CurrentUser,
    Path(user_id): Path<UserId>,
    Json(request): Json<UpdateUser>,
) -> ApiResult<Json<User>> {
    accounts::update_user(&app, by.id, user_id, request)
        .await
        .map(Json)
}
