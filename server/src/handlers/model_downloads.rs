//! Downloads of base models from the hub.

use axum::{extract::State, http::StatusCode};
use shared::model::{DownloadModel, HubSource, ModelDownload};

use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, ProjectAccess},
    services::model_downloads,
};

/// Where this server downloads base models from, or why it does not.
#[utoipa::path(get, path = "/api/projects/{project}/hub", operation_id = "get_hub",
    tag = "models", params(("project" = String, Path)),
    responses((status = 200, body = HubSource)))]
pub async fn get_hub(State(app): State<App>) -> Json<HubSource> {
    Json(model_downloads::hub_source(&app))
}

/// Lists the downloads of base models that go on or have ended in the last day, newest first.
#[utoipa::path(get, path = "/api/projects/{project}/model-downloads",
    operation_id = "list_model_downloads", tag = "models", params(("project" = String, Path)),
    responses((status = 200, body = Vec<ModelDownload>)))]
pub async fn list_model_downloads(
    State(app): State<App>,
    access: ProjectAccess,
) -> ApiResult<Json<Vec<ModelDownload>>> {
    model_downloads::list_downloads(&app, &access)
        .await
        .map(Json)
}

/// Asks for a base model from the hub. It is downloaded by a job, which registers it.
#[utoipa::path(post, path = "/api/projects/{project}/model-downloads",
    operation_id = "create_model_download", tag = "models", params(("project" = String, Path)),
    request_body = DownloadModel, responses((status = 201, body = ModelDownload)))]
pub async fn create_model_download(
    State(app): State<App>,
    access: ProjectAccess,
    Json(request): Json<DownloadModel>,
) -> ApiResult<(StatusCode, Json<ModelDownload>)> {
    let download = model_downloads::create_download(&app, &access, request).await?;
    Ok((StatusCode::CREATED, Json(download)))
}
