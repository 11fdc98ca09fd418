//! Files that wait to be imported.

use axum::{body::Body, extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    dataset::{ImportPreview, PreviewRequest, Upload},
    ids::UploadId,
};
use utoipa::IntoParams;

use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, Path, ProjectAccess, Query},
    services::uploads,
};

/// The parameters of one upload's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct UploadPath {
    upload_id: UploadId,
}

/// What is said of a file that arrives.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// Its name.
    pub filename: String,
}

/// Takes a file, which is the request's body as it is.
#[utoipa::path(post, path = "/api/projects/{project}/uploads", operation_id = "create_upload",
    tag = "datasets", params(("project" = String, Path), UploadQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Upload)))]
pub async fn create_upload(
    State(app): State<App>,
    access: ProjectAccess,
    Query(query): Query<UploadQuery>,
    body: Body,
) -> ApiResult<(StatusCode, Json<Upload>)> {
    let pieces = body.into_data_stream();
    let upload = uploads::create_upload(&app, &access, &query.filename, pieces).await?;
    Ok((StatusCode::CREATED, Json(upload)))
}

/// Shows what an import would make of a file.
#[utoipa::path(post, path = "/api/projects/{project}/uploads/{upload_id}/preview",
    operation_id = "preview_upload", tag = "datasets",
    params(("project" = String, Path), ("upload_id" = UploadId, Path)),
    request_body = PreviewRequest, responses((status = 200, body = ImportPreview)))]
pub async fn preview_upload(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<UploadPath>,
    Json(request): Json<PreviewRequest>,
) -> ApiResult<Json<ImportPreview>> {
    uploads::preview_upload(&app, &access, path.upload_id, request)
        .await
        .map(Json)
}

/// Removes a file that shall not be imported.
#[utoipa::path(delete, path = "/api/projects/{project}/uploads/{upload_id}",
    operation_id = "delete_upload", tag = "datasets",
    params(("project" = String, Path), ("upload_id" = UploadId, Path)),
    responses((status = 204)))]
pub async fn delete_upload(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<UploadPath>,
) -> ApiResult<StatusCode> {
    uploads::delete_upload(&app, &access, path.upload_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
