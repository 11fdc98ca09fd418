//! Imports of files into datasets.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    dataset::{CreateImport, Import, Rejection},
    ids::{DatasetId, ImportId},
    page::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Page},
};
use utoipa::IntoParams;

use super::datasets::DatasetPath;
use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, PageQuery, Path, ProjectAccess, Query},
    services::imports,
};

/// The parameters of one import's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct ImportPath {
    dataset_id: DatasetId,
    import_id: ImportId,
}

/// Which page of the rejected records.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RejectionQuery {
    /// The cursor that the previous page ended with: the number of a record.
    pub after: Option<i64>,
    /// How many records, at most 200.
    pub limit: Option<u32>,
}

/// Asks for the import of an uploaded file.
#[utoipa::path(post, path = "/api/projects/{project}/datasets/{dataset_id}/imports",
    operation_id = "create_import", tag = "datasets",
    params(("project" = String, Path), ("dataset_id" = DatasetId, Path)),
    request_body = CreateImport, responses((status = 201, body = Import)))]
pub async fn create_import(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<DatasetPath>,
    Json(request): Json<CreateImport>,
) -> ApiResult<(StatusCode, Json<Import>)> {
    let import = imports::create_import(&app, &access, path.dataset_id, request).await?;
    Ok((StatusCode::CREATED, Json(import)))
}

/// Lists the imports into a dataset, newest first.
#[utoipa::path(get, path = "/api/projects/{project}/datasets/{dataset_id}/imports",
    operation_id = "list_imports", tag = "datasets",
    params(("project" = String, Path), ("dataset_id" = DatasetId, Path), PageQuery),
    responses((status = 200, body = Page<Import>)))]
pub async fn list_imports(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<DatasetPath>,
    Query(page): Query<PageQuery>,
) -> ApiResult<Json<Page<Import>>> {
    imports::list_imports(&app, &access, path.dataset_id, page)
        .await
        .map(Json)
}

/// One import and how it goes.
#[utoipa::path(get, path = "/api/projects/{project}/datasets/{dataset_id}/imports/{import_id}",
    operation_id = "get_import", tag = "datasets",
    params(("project" = String, Path), ("dataset_id" = DatasetId, Path),
        ("import_id" = ImportId, Path)),
    responses((status = 200, body = Import)))]
pub async fn get_import(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<ImportPath>,
) -> ApiResult<Json<Import>> {
    imports::get_import(&app, &access, path.dataset_id, path.import_id)
        .await
        .map(Json)
}

/// Lists the records that an import has rejected, in the order of the file.
#[utoipa::path(get,
    path = "/api/projects/{project}/datasets/{dataset_id}/imports/{import_id}/rejections",
    operation_id = "list_rejections", tag = "datasets",
    params(("project" = String, Path), ("dataset_id" = DatasetId, Path),
        ("import_id" = ImportId, Path), RejectionQuery),
    responses((status = 200, body = Page<Rejection>)))]
pub async fn list_rejections(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<ImportPath>,
    Query(query): Query<RejectionQuery>,
) -> ApiResult<Json<Page<Rejection>>> {
    let limit = query
        .limit
        .unwrap_or(DEFAULT_PAGE_SIZE)
        .clamp(1, MAX_PAGE_SIZE);
    let after = query.after.unwrap_or_default();
    imports::list_rejections(
        &app,
        &access,
        (path.dataset_id, path.import_id),
        after,
        limit,
    )
    .await
    .map(Json)
}

/// Takes the rows of an import out of the draft again.
#[utoipa::path(post,
    path = "/api/projects/{project}/datasets/{dataset_id}/imports/{import_id}/take-back",
    operation_id = "take_back_import", tag = "datasets",
    params(("project" = String, Path), ("dataset_id" = DatasetId, Path),
        ("import_id" = ImportId, Path)),
    responses((status = 200, body = Import)))]
pub async fn take_back_import(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<ImportPath>,
) -> ApiResult<Json<Import>> {
    imports::take_back_import(&app, &access, path.dataset_id, path.import_id)
        .await
        .map(Json)
}
