//! Read-only links to reports.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use shared::{
    ids::ShareLinkId,
    report::{CreateShareLink, CreatedShareLink, ShareLink},
};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::{Json, Path, ProjectAccess},
    handlers::reports::ReportPath,
    pages,
    services::reports::sharing,
};

/// The parameters of one link's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct ShareLinkPath {
    number: i64,
    link_id: ShareLinkId,
}

/// The parameters of the page behind a link.
#[derive(Debug, Deserialize)]
pub struct SharedPath {
    secret: String,
}

/// Lists the links to a report that have not ended.
#[utoipa::path(get, path = "/api/projects/{project}/reports/{number}/shares",
    operation_id = "list_share_links", tag = "reports",
    params(("project" = String, Path), ("number" = i64, Path)),
    responses((status = 200, body = Vec<ShareLink>)))]
pub async fn list_share_links(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<ReportPath>,
) -> ApiResult<Json<Vec<ShareLink>>> {
    sharing::list_share_links(&app, &access, path.number)
        .await
        .map(Json)
}

/// Makes a link; its address is shown in this answer only.
#[utoipa::path(post, path = "/api/projects/{project}/reports/{number}/shares",
    operation_id = "create_share_link", tag = "reports",
    params(("project" = String, Path), ("number" = i64, Path)), request_body = CreateShareLink,
    responses((status = 201, body = CreatedShareLink)))]
pub async fn create_share_link(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<ReportPath>,
    Json(request): Json<CreateShareLink>,
) -> ApiResult<(StatusCode, Json<CreatedShareLink>)> {
    let created = sharing::create_share_link(&app, &access, path.number, request).await?;
    Ok((StatusCode::CREATED, Json(created)))
}

/// Ends a link.
#[utoipa::path(delete, path = "/api/projects/{project}/reports/{number}/shares/{link_id}",
    operation_id = "delete_share_link", tag = "reports",
    params(("project" = String, Path), ("number" = i64, Path), ("link_id" = ShareLinkId, Path)),
    responses((status = 204)))]
pub async fn delete_share_link(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<ShareLinkPath>,
) -> ApiResult<StatusCode> {
    sharing::delete_share_link(&app, &access, path.number, path.link_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The report behind a link, as a page without script.
#[utoipa::path(get, path = "/share/{secret}", operation_id = "get_shared_report", tag = "reports",
    params(("secret" = String, Path)),
    responses((status = 200, body = String, content_type = "text/html")))]
pub async fn get_shared_report(
    State(app): State<App>,
    Path(path): Path<SharedPath>,
) -> ApiResult<Response> {
    let (status, page) = match sharing::read_shared(&app, &path.secret).await {
        Ok(report) => (StatusCode::OK, pages::render_shared_report(&report)),
        Err(ApiError::NotFound(_)) => (StatusCode::NOT_FOUND, pages::render_ended()),
        Err(error) => return Err(error),
    };
    let headers = [
        (
            header::CONTENT_SECURITY_POLICY,
            pages::CONTENT_SECURITY_POLICY.as_str(),
        ),
        // The address is a secret: it must not reach other sites, caches or search engines.
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    Ok((status, headers, page).into_response())
}
