//! The registry of models.

use axum::{
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::Deserialize;
use shared::{
    ids::ModelVersionId,
    model::{ModelFile, ModelVersion, RegisterModel},
};
use tokio_util::io::ReaderStream;

use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, Path, ProjectAccess},
    services::{adapter_exports, models},
};

/// The parameters of one model version's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct ModelVersionPath {
    pub(super) model_version_id: ModelVersionId,
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

/// Downloads an adapter in PEFT's format, as a ZIP archive.
#[utoipa::path(get, path = "/api/projects/{project}/models/{model_version_id}/adapter",
    operation_id = "download_adapter", tag = "models",
    params(("project" = String, Path), ("model_version_id" = ModelVersionId, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/zip")))]
pub async fn download_adapter(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<ModelVersionPath>,
) -> ApiResult<impl IntoResponse> {
    let archive = adapter_exports::export_adapter(&app, &access, path.model_version_id).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_LENGTH, archive.size_bytes.to_string()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", archive.file_name),
        ),
    ];
    let bytes = ReaderStream::new(tokio::fs::File::from_std(archive.file));
    Ok((headers, Body::from_stream(bytes)))
}
