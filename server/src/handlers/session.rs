//! Signing in and out.

use axum::{Extension, extract::State, http::StatusCode};
use axum_extra::extract::{
    CookieJar,
    cookie::{Cookie, SameSite},
};
use shared::account::{Session, SignInRequest};

use crate::{
    app::App,
    error::ApiResult,
    extract::{CurrentUser, Json},
    middleware::ClientAddress,
    services::accounts::{self, SESSION_COOKIE, SESSION_LENGTH},
};

/// The cookie that holds a session's secret: out of reach of scripts and of other sites.
pub(super) fn session_cookie(app: &App, secret: String) -> Cookie<'static> {
    let max_age = std::time::Duration::from_secs(SESSION_LENGTH.num_seconds().unsigned_abs());
    Cookie::build((SESSION_COOKIE, secret))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(app.secure_cookies)
        .max_age(max_age.try_into().unwrap_or_default())
        .build()
}

/// Who is signed in, and where they may go.
#[utoipa::path(get, path = "/api/session", operation_id = "get_session", tag = "accounts",
    responses((status = 200, body = Session)))]
pub async fn get_session(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
) -> ApiResult<Json<Session>> {
    accounts::current_session(&app, user).await.map(Json)
}

/// Signs in.
#[utoipa::path(post, path = "/api/session", operation_id = "create_session", tag = "accounts",
    request_body = SignInRequest, responses((status = 201, body = Session)))]
pub async fn create_session(
    State(app): State<App>,
    Extension(address): Extension<ClientAddress>,
    cookies: CookieJar,
    Json(request): Json<SignInRequest>,
) -> ApiResult<(StatusCode, CookieJar, Json<Session>)> {
    let (session, secret) = accounts::sign_in(&app, request, address).await?;
    Ok((
        StatusCode::CREATED,
        cookies.add(session_cookie(&app, secret)),
        Json(session),
    ))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/session", operation_id = "delete_session", tag = "accounts",
    responses((status = 204)))]
pub async fn delete_session(
    State(app): State<App>,
    CurrentUser(user): CurrentUser,
    cookies: CookieJar,
) -> ApiResult<(StatusCode, CookieJar)> {
    if let Some(cookie) = cookies.get(SESSION_COOKIE) {
        accounts::sign_out(&app, &user, cookie.value()).await?;
    }
    let cookies = cookies.remove(Cookie::build(SESSION_COOKIE).path("/"));
    Ok((StatusCode::NO_CONTENT, cookies))
}
