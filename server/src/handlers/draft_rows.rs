//! The rows of a dataset's draft.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    dataset::{ChangedRows, CreateRow, DatasetRow, RowCounts, SetCoverage, UpdateRow},
    ids::DatasetId,
    page::Page,
};

use super::datasets::DatasetPath;
use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, Path, ProjectAccess, Query},
    services::{
        dataset_rows::{self, RowQuery},
        dataset_versions, draft_rows,
    },
};

/// The parameters of one row's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct DraftRowPath {
    dataset_id: DatasetId,
    position: i64,
}

/// Counts the rows of a draft.
#[utoipa::path(get, path = "/api/projects/{project}/datasets/{dataset_id}/draft/counts",
    operation_id = "count_draft", tag = "datasets",
    params(("project" = String, Path), ("dataset_id" = DatasetId, Path)),
    responses((status = 200, body = RowCounts)))]
pub async fn count_draft(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<DatasetPath>,
) -> ApiResult<Json<RowCounts>> {
    dataset_versions::count_draft(&app, &access, path.dataset_id)
        .await
        .map(Json)
}

/// Lists the rows of a draft.
#[utoipa::path(get, path = "/api/projects/{project}/datasets/{dataset_id}/draft/rows",
    operation_id = "list_draft_rows", tag = "datasets",
    params(("project" = String, Path), ("dataset_id" = DatasetId, Path), RowQuery),
    responses((status = 200, body = Page<DatasetRow>)))]
pub async fn list_draft_rows(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<DatasetPath>,
    Query(query): Query<RowQuery>,
) -> ApiResult<Json<Page<DatasetRow>>> {
    dataset_rows::list_draft_rows(&app, &access, path.dataset_id, query)
        .await
        .map(Json)
}

/// Adds a row to a draft, or puts a deleted one back.
#[utoipa::path(post, path = "/api/projects/{project}/datasets/{dataset_id}/draft/rows",
    operation_id = "create_row", tag = "datasets",
    params(("project" = String, Path), ("dataset_id" = DatasetId, Path)),
    request_body = CreateRow, responses((status = 201, body = DatasetRow)))]
pub async fn create_row(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<DatasetPath>,
    Json(request): Json<CreateRow>,
) -> ApiResult<(StatusCode, Json<DatasetRow>)> {
    let row = draft_rows::create_row(&app, &access, path.dataset_id, request).await?;
    Ok((StatusCode::CREATED, Json(row)))
}

/// Replaces a row of a draft.
#[utoipa::path(put, path = "/api/projects/{project}/datasets/{dataset_id}/draft/rows/{position}",
    operation_id = "update_row", tag = "datasets",
    params(("project" = String, Path), ("dataset_id" = DatasetId, Path),
        ("position" = i64, Path)),
    request_body = UpdateRow, responses((status = 200, body = DatasetRow)))]
pub async fn update_row(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<DraftRowPath>,
    Json(request): Json<UpdateRow>,
) -> ApiResult<Json<DatasetRow>> {
    draft_rows::update_row(&app, &access, path.dataset_id, path.position, request)
        .await
        .map(Json)
}

/// Removes a row from a draft.
#[utoipa::path(delete, path = "/api/projects/{project}/datasets/{dataset_id}/draft/rows/{position}",
    operation_id = "delete_row", tag = "datasets",
    params(("project" = String, Path), ("dataset_id" = DatasetId, Path),
        ("position" = i64, Path)),
    responses((status = 204)))]
pub async fn delete_row(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<DraftRowPath>,
) -> ApiResult<StatusCode> {
    draft_rows::delete_row(&app, &access, path.dataset_id, path.position).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets the coverage of many rows of a draft.
#[utoipa::path(post, path = "/api/projects/{project}/datasets/{dataset_id}/draft/coverage",
    operation_id = "set_coverage", tag = "datasets",
    params(("project" = String, Path), ("dataset_id" = DatasetId, Path)),
    request_body = SetCoverage, responses((status = 200, body = ChangedRows)))]
pub async fn set_coverage(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<DatasetPath>,
    Json(request): Json<SetCoverage>,
) -> ApiResult<Json<ChangedRows>> {
    draft_rows::set_coverage(&app, &access, path.dataset_id, request)
        .await
        .map(Json)
}
