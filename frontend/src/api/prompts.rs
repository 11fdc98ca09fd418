//! Prompts and their versions.

use std::future::Future;

use shared::{
    ids::PromptId,
    prompt::{CreatePrompt, CreatePromptVersion, Prompt, PromptVersion},
};

use super::{
    ApiResult,
    client::{self, Method},
    projects::path_of,
};

/// The prompts of a project with their versions, by name.
pub fn list_prompts(project: &str) -> impl Future<Output = ApiResult<Vec<Prompt>>> + use<> {
    client::get(format!("{}/prompts", path_of(project)))
}

/// Makes a prompt with its first version.
pub async fn create_prompt(project: String, request: CreatePrompt) -> ApiResult<Prompt> {
    let path = format!("{}/prompts", path_of(&project));
    client::send(Method::Post, path, &request).await
}

/// Makes the next version of a prompt.
pub async fn create_prompt_version(
    project: String,
    prompt: PromptId,
    request: CreatePromptVersion,
) -> ApiResult<PromptVersion> {
    let path = format!("{}/prompts/{prompt}/versions", path_of(&project));
    client::send(Method::Post, path, &request).await
}
