//! The first account.

use axum::{extract::State, http::StatusCode};
use axum_extra::extract::CookieJar;
use shared::account::{Session, SetupRequest, SetupState};

use super::session::session_cookie;
use crate::{app::App, error::ApiResult, extract::Json, services::accounts};

/// Whether the first account is still to be made.
#[utoipa::path(get, path = "/api/setup", operation_id = "get_setup", tag = "accounts",
    responses((status = 200, body = SetupState)))]
pub async fn get_setup(State(app): State<App>) -> ApiResult<Json<SetupState>> {
    accounts::setup_state(&app).await.map(Json)
}

/// Makes the first account, an administrator, and signs it in.
#[utoipa::path(post, path = "/api/setup", operation_id = "create_setup", tag = "accounts",
    request_body = SetupRequest, responses((status = 201, body = Session)))]
pub async fn create_setup(
    State(app): State<App>,
    cookies: CookieJar,
    Json(request): Json<SetupRequest>,
) -> ApiResult<(StatusCode, CookieJar, Json<Session>)> {
    let (session, secret) = accounts::set_up(&app, request).await?;
    Ok((
        StatusCode::CREATED,
        cookies.add(session_cookie(&app, secret)),
        Json(session),
    ))
}
