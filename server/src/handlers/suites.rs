//! Held-out suites.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    ids::SuiteId,
    page::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE},
    suite::{CreateSuite, Suite, SuiteItem},
};
use utoipa::IntoParams;

use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, Path, ProjectAccess, Query},
    services::suites,
};

/// The parameters of one suite's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct SuitePath {
    suite_id: SuiteId,
}

/// Which items of a suite.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ItemsQuery {
    /// How many items to pass over.
    offset: Option<u32>,
    /// How many items, at most 200.
    limit: Option<u32>,
}

/// Lists the suites of a project, by key, newest version first.
#[utoipa::path(get, path = "/api/projects/{project}/suites", operation_id = "list_suites",
    tag = "suites", params(("project" = String, Path)),
    responses((status = 200, body = Vec<Suite>)))]
pub async fn list_suites(
    State(app): State<App>,
    access: ProjectAccess,
) -> ApiResult<Json<Vec<Suite>>> {
    suites::list_suites(&app, &access).await.map(Json)
}

/// One version of a suite.
#[utoipa::path(get, path = "/api/projects/{project}/suites/{suite_id}",
    operation_id = "get_suite", tag = "suites",
    params(("project" = String, Path), ("suite_id" = SuiteId, Path)),
    responses((status = 200, body = Suite)))]
pub async fn get_suite(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<SuitePath>,
) -> ApiResult<Json<Suite>> {
    suites::get_suite(&app, &access, path.suite_id)
        .await
        .map(Json)
}

/// Lists the items of a suite, in their order.
#[utoipa::path(get, path = "/api/projects/{project}/suites/{suite_id}/items",
    operation_id = "list_suite_items", tag = "suites",
    params(("project" = String, Path), ("suite_id" = SuiteId, Path), ItemsQuery),
    responses((status = 200, body = Vec<SuiteItem>)))]
pub async fn list_suite_items(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<SuitePath>,
    Query(query): Query<ItemsQuery>,
) -> ApiResult<Json<Vec<SuiteItem>>> {
    let limit = query.limit.unwrap_or(DEFAULT_PAGE_SIZE).min(MAX_PAGE_SIZE);
    let offset = query.offset.unwrap_or(0);
    suites::list_suite_items(&app, &access, path.suite_id, offset, limit)
        .await
        .map(Json)
}

/// Makes a suite, or the next version of one.
#[utoipa::path(post, path = "/api/projects/{project}/suites", operation_id = "create_suite",
    tag = "suites", params(("project" = String, Path)), request_body = CreateSuite,
    responses((status = 201, body = Suite)))]
pub async fn create_suite(
    State(app): State<App>,
    access: ProjectAccess,
    Json(request): Json<CreateSuite>,
) -> ApiResult<(StatusCode, Json<Suite>)> {
    let suite = suites::create_suite(&app, &access, request).await?;
    Ok((StatusCode::CREATED, Json(suite)))
}

/// Locks a suite, so that it can never be changed.
#[utoipa::path(post, path = "/api/projects/{project}/suites/{suite_id}/lock",
    operation_id = "lock_suite", tag = "suites",
    params(("project" = String, Path), ("suite_id" = SuiteId, Path)),
    responses((status = 200, body = Suite)))]
pub async fn lock_suite(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<SuitePath>,
) -> ApiResult<Json<Suite>> {
    suites::lock_suite(&app, &access, path.suite_id)
        .await
        .map(Json)
}

/// Deletes a suite that was never locked.
#[utoipa::path(delete, path = "/api/projects/{project}/suites/{suite_id}",
    operation_id = "delete_suite", tag = "suites",
    params(("project" = String, Path), ("suite_id" = SuiteId, Path)),
    responses((status = 204)))]
pub async fn delete_suite(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<SuitePath>,
) -> ApiResult<StatusCode> {
    suites::delete_suite(&app, &access, path.suite_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
