//! The versions of a dataset.

use axum::{body::Body, extract::State, http::StatusCode, response::IntoResponse};
use serde::Deserialize;
use shared::{
    dataset::{CreateDatasetVersion, DatasetRow, DatasetVersion, ExportFormat, Split},
    ids::DatasetId,
    page::Page,
};
use utoipa::IntoParams;

use super::datasets::DatasetPath;
use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, Path, ProjectAccess, Query},
    services::{
        dataset_exports,
        dataset_rows::{self, RowQuery},
        dataset_versions,
    },
};

/// The parameters of one version's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct VersionPath {
    dataset_id: DatasetId,
    number: i64,
}

/// What is to be exported.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// The keys that each line has; by default those of the row's kind.
    pub format: Option<ExportFormat>,
    /// One side of the split; both if absent.
    pub split: Option<Split>,
}

/// Lists the versions of a dataset, newest first.
#[utoipa::path(get, path = "/api/projects/{project}/datasets/{dataset_id}/versions",
    operation_id = "list_dataset_versions", tag = "datasets",
    params(("project" = String, Path), ("dataset_id" = DatasetId, Path)),
    responses((status = 200, body = Vec<DatasetVersion>)))]
pub async fn list_dataset_versions(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<DatasetPath>,
) -> ApiResult<Json<Vec<DatasetVersion>>> {
    dataset_versions::list_versions(&app, &access, path.dataset_id)
        .await
        .map(Json)
}

/// Cuts a version from a dataset's draft.
#[utoipa::path(post, path = "/api/projects/{project}/datasets/{dataset_id}/versions",
    operation_id = "create_dataset_version", tag = "datasets",
    params(("project" = String, Path), ("dataset_id" = DatasetId, Path)),
    request_body = CreateDatasetVersion, responses((status = 201, body = DatasetVersion)))]
pub async fn create_dataset_version(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<DatasetPath>,
    Json(request): Json<CreateDatasetVersion>,
) -> ApiResult<(StatusCode, Json<DatasetVersion>)> {
    let version = dataset_versions::create_version(&app, &access, path.dataset_id, request).await?;
    Ok((StatusCode::CREATED, Json(version)))
}

/// One version of a dataset.
#[utoipa::path(get, path = "/api/projects/{project}/datasets/{dataset_id}/versions/{number}",
    operation_id = "get_dataset_version", tag = "datasets",
    params(("project" = String, Path), ("dataset_id" = DatasetId, Path), ("number" = i64, Path)),
    responses((status = 200, body = DatasetVersion)))]
pub async fn get_dataset_version(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<VersionPath>,
) -> ApiResult<Json<DatasetVersion>> {
    let found = dataset_versions::find_version(&app, &access, path.dataset_id, path.number).await;
    found.map(|record| Json(record.version))
}

/// Lists the rows of a version.
#[utoipa::path(get, path = "/api/projects/{project}/datasets/{dataset_id}/versions/{number}/rows",
    operation_id = "list_version_rows", tag = "datasets",
    params(("project" = String, Path), ("dataset_id" = DatasetId, Path), ("number" = i64, Path),
        RowQuery),
    responses((status = 200, body = Page<DatasetRow>)))]
pub async fn list_version_rows(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<VersionPath>,
    Query(query): Query<RowQuery>,
) -> ApiResult<Json<Page<DatasetRow>>> {
    dataset_rows::list_version_rows(&app, &access, path.dataset_id, path.number, query)
        .await
        .map(Json)
}

/// Writes a version as JSONL.
#[utoipa::path(get, path = "/api/projects/{project}/datasets/{dataset_id}/versions/{number}/export",
    operation_id = "export_dataset_version", tag = "datasets",
    params(("project" = String, Path), ("dataset_id" = DatasetId, Path), ("number" = i64, Path),
        ExportQuery),
    responses((status = 200, body = String, content_type = "application/jsonl")))]
pub async fn export_dataset_version(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<VersionPath>,
    Query(query): Query<ExportQuery>,
) -> ApiResult<impl IntoResponse> {
    let format = query.format.unwrap_or(ExportFormat::Native);
    let version = (path.dataset_id, path.number);
    let export =
        dataset_exports::export_version(&app, &access, version, format, query.split).await?;
    Ok(super::file(
        &export.file_name,
        Body::from_stream(export.lines),
    ))
}
