//! The registry of models.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    ids::ModelVersionId,
    model::{ModelFile, ModelVersion, RegisterModel},
};

use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, Path, ProjectAccess},
    services::models,
};

/// The parameters of one model version's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct ModelVersionPath {
    model_version_id: ModelVersionId,
}

/// Lists the model versions of a project, newest first.
#[utoipa::path(get, path = "/api/projects/{project}/models", operation_id = "list_model_versions",
    tag = "models", params(("project" = String, Path)),
    responses((status = 200, body = Vec<ModelVersion>)))]
pub async fn list_model_versions(
    State(app): State<App>,
    access: ProjectAccess,
) -> ApiResult<Json<Vec<ModelVersion>>> {
    models::list_model_versions(&app, &access).await.map(Json)
}

/// One model version.
#[utoipa::path(get, path = "/api/projects/{project}/models/{model_version_id}",
    operation_id = "get_model_version", tag = "models",
    params(("project" = String, Path), ("model_version_id" = ModelVersionId, Path)),
    responses((status = 200, body = ModelVersion)))]
pub async fn get_model_version(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<ModelVersionPath>,
) -> ApiResult<Json<ModelVersion>> {
    models::get_model_version(&app, &access, path.model_version_id)
        .await
        .map(Json)
}

/// Lists the files and folders that can be registered as base models.
#[utoipa::path(get, path = "/api/projects/{project}/model-files",
    operation_id = "list_model_files", tag = "models", params(("project" = String, Path)),
    responses((status = 200, body = Vec<ModelFile>)))]
pub async fn list_model_files(State(app): State<App>) -> ApiResult<Json<Vec<ModelFile>>> {
    models::list_model_files(&app).await.map(Json)
}

/// Registers a base model whose files are on the server's disk.
#[utoipa::path(post, path = "/api/projects/{project}/models", operation_id = "register_model",
    tag = "models", params(("project" = String, Path)), request_body = RegisterModel,
    responses((status = 201, body = ModelVersion)))]
pub async fn register_model(
    State(app): State<App>,
    access: ProjectAccess,
    Json(request): Json<RegisterModel>,
) -> ApiResult<(StatusCode, Json<ModelVersion>)> {
    let version = models::register_model(&app, &access, request).await?;
    Ok((StatusCode::CREATED, Json(version)))
}
