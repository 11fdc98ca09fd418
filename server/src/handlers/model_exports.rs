//! Model versions in forms that other programs read.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use shared::{
    ids::{ModelExportId, ModelVersionId},
    model_export::{CreateModelExport, ModelExport},
};
use tower::ServiceExt as _;
use tower_http::services::ServeFile;

use super::models::ModelVersionPath;
use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, Path, ProjectAccess},
    services::model_exports,
};

/// The parameters of one export's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct ModelExportPath {
    model_version_id: ModelVersionId,
    export_id: ModelExportId,
}

/// Lists the exports of a model version, in the order in which they were asked for.
#[utoipa::path(get, path = "/api/projects/{project}/models/{model_version_id}/exports",
    operation_id = "list_model_exports", tag = "models",
    params(("project" = String, Path), ("model_version_id" = ModelVersionId, Path)),
    responses((status = 200, body = Vec<ModelExport>)))]
pub async fn list_model_exports(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<ModelVersionPath>,
) -> ApiResult<Json<Vec<ModelExport>>> {
    model_exports::list_exports(&app, &access, path.model_version_id)
        .await
        .map(Json)
}

/// Asks for an export. One of this format that is there or on its way is answered as it is.
#[utoipa::path(post, path = "/api/projects/{project}/models/{model_version_id}/exports",
    operation_id = "create_model_export", tag = "models",
    params(("project" = String, Path), ("model_version_id" = ModelVersionId, Path)),
    request_body = CreateModelExport,
    responses((status = 201, body = ModelExport)))]
pub async fn create_model_export(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<ModelVersionPath>,
    Json(request): Json<CreateModelExport>,
) -> ApiResult<(StatusCode, Json<ModelExport>)> {
    let export =
        model_exports::create_export(&app, &access, path.model_version_id, request).await?;
    Ok((StatusCode::CREATED, Json(export)))
}

/// Forgets an export and removes its file.
#[utoipa::path(delete,
    path = "/api/projects/{project}/models/{model_version_id}/exports/{export_id}",
    operation_id = "delete_model_export", tag = "models",
    params(("project" = String, Path), ("model_version_id" = ModelVersionId, Path),
        ("export_id" = ModelExportId, Path)),
    responses((status = 204)))]
pub async fn delete_model_export(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<ModelExportPath>,
) -> ApiResult<StatusCode> {
    let ModelExportPath {
        model_version_id,
        export_id,
    } = path;
    model_exports::delete_export(&app, &access, model_version_id, export_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Downloads the file of an export, or the part of it that a `Range` header names.
#[utoipa::path(get,
    path = "/api/projects/{project}/models/{model_version_id}/exports/{export_id}/file",
    operation_id = "download_model_export", tag = "models",
    params(("project" = String, Path), ("model_version_id" = ModelVersionId, Path),
        ("export_id" = ModelExportId, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub async fn download_model_export(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<ModelExportPath>,
    request: Request,
) -> ApiResult<Response> {
    let ModelExportPath {
        model_version_id,
        export_id,
    } = path;
    let (file, name) = model_exports::file_of(&app, &access, model_version_id, export_id).await?;
    let served = ServeFile::new(file).oneshot(request).await;
    let mut response = served
        .map_err(anyhow::Error::from)?
        .map(Body::new)
        .into_response();
    let disposition = format!("attachment; filename=\"{name}\"");
    let disposition = HeaderValue::try_from(disposition).map_err(anyhow::Error::from)?;
    response
        .headers_mut()
        .insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}
