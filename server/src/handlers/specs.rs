//! The behaviour spec of a project.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::spec::{CreateSpecVersion, SpecComparison, SpecVersion, SpecVersionSummary};
use utoipa::IntoParams;

use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, Path, ProjectAccess, Query},
    services::specs,
};

/// The parameters of one version's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct SpecVersionPath {
    number: i64,
}

/// Which two versions to compare.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CompareQuery {
    /// The number of the earlier version.
    before: i64,
    /// The number of the later version.
    after: i64,
}

/// Lists the versions of the spec, newest first.
#[utoipa::path(get, path = "/api/projects/{project}/spec/versions",
    operation_id = "list_spec_versions", tag = "spec", params(("project" = String, Path)),
    responses((status = 200, body = Vec<SpecVersionSummary>)))]
pub async fn list_spec_versions(
    State(app): State<App>,
    access: ProjectAccess,
) -> ApiResult<Json<Vec<SpecVersionSummary>>> {
    specs::list_spec_versions(&app, &access).await.map(Json)
}

/// One version of the spec.
#[utoipa::path(get, path = "/api/projects/{project}/spec/versions/{number}",
    operation_id = "get_spec_version", tag = "spec",
    params(("project" = String, Path), ("number" = i64, Path)),
    responses((status = 200, body = SpecVersion)))]
pub async fn get_spec_version(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<SpecVersionPath>,
) -> ApiResult<Json<SpecVersion>> {
    specs::get_spec_version(&app, &access, path.number)
        .await
        .map(Json)
}

/// Makes the next version of the spec.
#[utoipa::path(post, path = "/api/projects/{project}/spec/versions",
    operation_id = "create_spec_version", tag = "spec", params(("project" = String, Path)),
    request_body = CreateSpecVersion, responses((status = 201, body = SpecVersion)))]
pub async fn create_spec_version(
    State(app): State<App>,
    access: ProjectAccess,
    Json(request): Json<CreateSpecVersion>,
) -> ApiResult<(StatusCode, Json<SpecVersion>)> {
    let version = specs::create_spec_version(&app, &access, request).await?;
    Ok((StatusCode::CREATED, Json(version)))
}

/// What differs between two versions of the spec.
#[utoipa::path(get, path = "/api/projects/{project}/spec/comparison",
    operation_id = "compare_spec_versions", tag = "spec",
    params(("project" = String, Path), CompareQuery),
    responses((status = 200, body = SpecComparison)))]
pub async fn compare_spec_versions(
    State(app): State<App>,
    access: ProjectAccess,
    Query(query): Query<CompareQuery>,
) -> ApiResult<Json<SpecComparison>> {
    specs::compare_spec_versions(&app, &access, query.before, query.after)
        .await
        .map(Json)
}
