//! Prompts and their versions.

use shared::{
    ids::PromptId,
    prompt::{CreatePrompt, CreatePromptVersion, Prompt, PromptVersion},
};
use store::{StoreError, prompts};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    services::change::Change,
};

/// The longest system message, in bytes: no context of a small model holds more.
const MAX_SYSTEM_LENGTH: usize = 100_000;

/// The prompts of a project with their versions, by name.
pub async fn list_prompts(app: &App, access: &ProjectAccess) -> ApiResult<Vec<Prompt>> {
    let mut tx = app.store.read().await?;
    Ok(prompts::list(&mut tx, access.project_id()).await?)
}

/// Makes a prompt with its first version.
pub async fn create_prompt(
    app: &App,
    access: &ProjectAccess,
    request: CreatePrompt,
) -> ApiResult<Prompt> {
    let name = request.name.trim();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(ApiError::invalid("name", "must have 1 to 100 characters"));
    }
    let version = new_version(app, access, 1, &request.system, &request.note)?;
    let prompt = Prompt {
        id: app.context.id(),
        name: name.to_owned(),
        versions: vec![version],
    };
    let mut change = Change::begin_in(app, access).await?;
    let inserted = prompts::insert(change.tx(), access.project_id(), prompt.id, name).await;
    inserted.map_err(|error| match error {
        StoreError::Conflict(_) => ApiError::invalid("name", "names another prompt already"),
        other => other.into(),
    })?;
    prompts::insert_version(change.tx(), prompt.id, &prompt.versions[0]).await?;
    change
        .commit("create_prompt", format!("prompt {}", prompt.id), name)
        .await?;
    Ok(prompt)
}

/// Makes the next version of a prompt.
pub async fn create_prompt_version(
    app: &App,
    access: &ProjectAccess,
    id: PromptId,
    request: CreatePromptVersion,
) -> ApiResult<PromptVersion> {
    let mut change = Change::begin_in(app, access).await?;
    let prompt = prompts::get(change.tx(), access.project_id(), id).await?;
    let prompt = prompt.ok_or(ApiError::NotFound("prompt"))?;
    let latest = prompt.versions.first().map_or(0, |version| version.number);
    if latest != request.based_on {
        return Err(ApiError::Conflict(format!(
            "the newest version of the prompt is v{latest}, not the one this edit began from: \
             compare them, and save your edit again on top of the newest"
        )));
    }
    let version = new_version(app, access, latest + 1, &request.system, &request.note)?;
    prompts::insert_version(change.tx(), id, &version).await?;
    let detail = format!("{} v{}", prompt.name, version.number);
    change
        .commit("create_prompt_version", format!("prompt {id}"), &detail)
        .await?;
    Ok(version)
}

fn new_version(
    app: &App,
    access: &ProjectAccess,
    number: i64,
    system: &str,
    note: &str,
) -> ApiResult<PromptVersion> {
    if system.len() > MAX_SYSTEM_LENGTH {
        let message = format!("must have at most {MAX_SYSTEM_LENGTH} bytes");
        return Err(ApiError::invalid("system", message));
    }
    Ok(PromptVersion {
        id: app.context.id(),
        number,
        system: system.to_owned(),
        note: note.trim().to_owned(),
        created_by: Some(access.user_id()),
        created_at: app.context.now(),
    })
}
