//! Prompts and their versions.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    ids::PromptId,
    prompt::{CreatePrompt, CreatePromptVersion, Prompt, PromptVersion},
};

use crate::{
    app::App,
    error::ApiResult,
    extract::{Json, Path, ProjectAccess},
    services::prompts,
};

/// The parameters of one prompt's address.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct PromptPath {
    prompt_id: PromptId,
}

/// Lists the prompts of a project with their versions, by name.
#[utoipa::path(get, path = "/api/projects/{project}/prompts", operation_id = "list_prompts",
    tag = "prompts", params(("project" = String, Path)),
    responses((status = 200, body = Vec<Prompt>)))]
pub async fn list_prompts(
    State(app): State<App>,
    access: ProjectAccess,
) -> ApiResult<Json<Vec<Prompt>>> {
    prompts::list_prompts(&app, &access).await.map(Json)
}

/// Makes a prompt with its first version.
#[utoipa::path(post, path = "/api/projects/{project}/prompts", operation_id = "create_prompt",
    tag = "prompts", params(("project" = String, Path)), request_body = CreatePrompt,
    responses((status = 201, body = Prompt)))]
pub async fn create_prompt(
    State(app): State<App>,
    access: ProjectAccess,
    Json(request): Json<CreatePrompt>,
) -> ApiResult<(StatusCode, Json<Prompt>)> {
    let prompt = prompts::create_prompt(&app, &access, request).await?;
    Ok((StatusCode::CREATED, Json(prompt)))
}

/// Makes the next version of a prompt.
#[utoipa::path(post, path = "/api/projects/{project}/prompts/{prompt_id}/versions",
    operation_id = "create_prompt_version", tag = "prompts",
    params(("project" = String, Path), ("prompt_id" = PromptId, Path)),
    request_body = CreatePromptVersion, responses((status = 201, body = PromptVersion)))]
pub async fn create_prompt_version(
    State(app): State<App>,
    access: ProjectAccess,
    Path(path): Path<PromptPath>,
    Json(request): Json<CreatePromptVersion>,
) -> ApiResult<(StatusCode, Json<PromptVersion>)> {
    let version = prompts::create_prompt_version(&app, &access, path.prompt_id, request).await?;
    Ok((StatusCode::CREATED, Json(version)))
}
