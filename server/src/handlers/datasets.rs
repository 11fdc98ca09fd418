//! Datasets.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    dataset::{CreateDataset, Dataset, UpdateDataset},
    ids::DatasetId,
};

use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, Path, ProjectAccess},
    services::datasets,
};

/// The parameters of one dataset's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct DatasetPath {
    /// The dataset.
    pub dataset_id: DatasetId,
}

/// Lists the datasets of a project, by name.
#[utoipa::path(get, path = "/api/projects/{project}/datasets", operation_id = "list_datasets",
    tag = "datasets", params(("project" = String, Path)),
    responses((status = 200, body = Vec<Dataset>)))]
pub async fn list_datasets(
    State(app): State<App>,
    access: ProjectAccess,
) -> ApiResult<Json<Vec<Dataset>>> {
    datasets::list_datasets(&app, &access).await.map(Json)
}

/// Makes an empty dataset.
#[utoipa::path(post, path = "/api/projects/{project}/datasets", operation_id = "create_dataset",
    tag = "datasets", params(("project" = String, Path)), request_body = CreateDataset,
    responses((status = 201, body = Dataset)))]
pub async fn create_dataset(
    State(app): State<App>,
    access: ProjectAccess,
    Json(request): Json<CreateDataset>,
) -> ApiResult<(StatusCode, Json<Dataset>)> {
    let dataset = datasets::create_dataset(&app, &access, request).await?;
    Ok((StatusCode::CREATED, Json(dataset)))
}

/// One dataset.
#[utoipa::path(get, path = "/api/projects/{project}/datasets/{dataset_id}",
    operation_id = "get_dataset", tag = "datasets",
    params(("project" = String, Path), ("dataset_id" = DatasetId, Path)),
    responses((status = 200, body = Dataset)))]
pub async fn get_dataset(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<DatasetPath>,
) -> ApiResult<Json<Dataset>> {
    datasets::get_dataset(&app, &access, path.dataset_id)
        .await
        .map(Json)
}

/// Changes a dataset's name and description.
#[utoipa::path(patch, path = "/api/projects/{project}/datasets/{dataset_id}",
    operation_id = "update_dataset", tag = "datasets",
    params(("project" = String, Path), ("dataset_id" = DatasetId, Path)),
    request_body = UpdateDataset, responses((status = 200, body = Dataset)))]
pub async fn update_dataset(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<DatasetPath>,
    Json(request): Json<UpdateDataset>,
) -> ApiResult<Json<Dataset>> {
    datasets::update_dataset(&app, &access, path.dataset_id, request)
        .await
        .map(Json)
}
