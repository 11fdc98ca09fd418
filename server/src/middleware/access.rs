//! Who may pass: the person behind a cookie or a token, and their role in the project of the address.

use axum::{
    extract::{RawPathParams, Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::Response,
};
use axum_extra::extract::CookieJar;
use shared::account::{Role, User};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::{CurrentUser, ProjectAccess},
    services::{accounts, projects},
};

/// Lets signed-in people pass.
pub async fn require_user(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> ApiResult<Response> {
    let user = identify(&app, request.headers()).await?;
    request.extensions_mut().insert(CurrentUser(user));
    Ok(next.run(request).await)
}

/// Lets administrators pass.
pub async fn require_admin(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> ApiResult<Response> {
    let user = identify(&app, request.headers()).await?;
    if !user.is_admin {
        return Err(ApiError::Forbidden(
            "only an administrator may do this".to_owned(),
        ));
    }
    request.extensions_mut().insert(CurrentUser(user));
    Ok(next.run(request).await)
}

/// Lets those pass who have at least the role `needed` in the project of the address.
pub async fn require_role(
    State((app, needed)): State<(App, Role)>,
    parameters: RawPathParams,
    mut request: Request,
    next: Next,
) -> ApiResult<Response> {
    let user = identify(&app, request.headers()).await?;
    let slug = parameters
        .iter()
        .find(|(name, _)| *name == "project")
        .map_or("", |(_, slug)| slug);
    let (project, role) = projects::find_with_role(&app, slug, &user).await?;
    // The roles are declared from the mightiest to the least.
    if role > needed {
        return Err(ApiError::Forbidden(format!(
            "this needs the role {needed} in the project; yours is {role}"
        )));
    }
    request.extensions_mut().insert(ProjectAccess {
        project,
        role,
        user,
    });
    Ok(next.run(request).await)
}

async fn identify(app: &App, headers: &HeaderMap) -> ApiResult<User> {
    if let Some(token) = bearer_token(headers) {
        return accounts::user_of_token(app, token).await;
    }
    let cookies = CookieJar::from_headers(headers);
    let secret = cookies
        .get(accounts::SESSION_COOKIE)
        .ok_or(ApiError::Unauthorized)?;
    accounts::user_of_session(app, secret.value()).await
}

fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(str::trim)
}
