//! Blank models, to be pretrained from scratch.

use axum::{extract::State, http::StatusCode};
use shared::blank::{BlankModel, CreateBlankModel};

use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, ProjectAccess},
    services::blank_models,
};

/// Lists the blank models that are made or were in the last day, newest first.
#[utoipa::path(get, path = "/api/projects/{project}/blank-models",
    operation_id = "list_blank_models", tag = "models", params(("project" = String, Path)),
    responses((status = 200, body = Vec<BlankModel>)))]
pub async fn list_blank_models(
    State(app): State<App>,
    access: ProjectAccess,
) -> ApiResult<Json<Vec<BlankModel>>> {
    blank_models::list_blank_models(&app, &access)
        .await
        .map(Json)
}

/// Asks for a model with random weights. It is made by a job, which registers it.
#[utoipa::path(post, path = "/api/projects/{project}/blank-models",
    operation_id = "create_blank_model", tag = "models", params(("project" = String, Path)),
    request_body = CreateBlankModel, responses((status = 201, body = BlankModel)))]
pub async fn create_blank_model(
    State(app): State<App>,
    access: ProjectAccess,
    Json(request): Json<CreateBlankModel>,
) -> ApiResult<(StatusCode, Json<BlankModel>)> {
    let made = blank_models::create_blank_model(&app, &access, request).await?;
    Ok((StatusCode::CREATED, Json(made)))
}
