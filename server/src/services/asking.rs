//! What every question to a model needs: the model's files, the prompt's text, sound decoding.

use shared::{
    error::FieldError,
    evaluation::{Decoding, MAX_NEW_TOKENS},
    ids::{ModelVersionId, ProjectId, PromptVersionId},
    model::{ModelKind, ModelVersion},
    prompt::PromptVersion,
};
use store::{Tx, models, prompts};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    inference::ModelFiles,
    services::models::files_of as folder_of,
};

/// The highest temperature: above it, answers are noise.
const MAX_TEMPERATURE: f64 = 5.0;

/// A model version of a project that writes answers, named by a field of a request.
pub async fn find_model(
    tx: &mut Tx,
    project_id: ProjectId,
    id: ModelVersionId,
    field: &str,
) -> ApiResult<ModelVersion> {
    let version = models::get_version(tx, project_id, id).await?;
    let version =
        version.ok_or_else(|| ApiError::invalid(field, "the project has no such model version"))?;
    if version.kind.writes_answers() {
        Ok(version)
    } else {
        Err(ApiError::invalid(field, no_answers(&version)))
    }
}

/// Why a version that writes no answers is not asked.
#[must_use]
pub fn no_answers(version: &ModelVersion) -> String {
    let name = label(version);
    if version.kind == ModelKind::Blank {
        return format!("{name} is blank: pretrain it first, and ask what the run makes of it");
    }
    format!("{name} is a reward model: it scores answers and writes none")
}

/// A prompt version of a project with the prompt's name, named by a field of a request.
pub async fn find_prompt(
    tx: &mut Tx,
    project_id: ProjectId,
    id: Option<PromptVersionId>,
    field: &str,
) -> ApiResult<Option<(String, PromptVersion)>> {
    let Some(id) = id else { return Ok(None) };
    let version = prompts::get_version(tx, project_id, id).await?;
    let missing = || ApiError::invalid(field, "the project has no such prompt version");
    version.map(Some).ok_or_else(missing)
}

/// The system message of a prompt version, as training puts it before rows: none if it is empty.
#[must_use]
pub fn system_of(prompt: Option<(String, PromptVersion)>) -> Option<String> {
    let system = prompt.map(|(_, version)| version.system);
    system.filter(|text| !text.is_empty())
}

/// Where the files of a model version that writes answers are.
pub async fn files_of(
    app: &App,
    tx: &mut Tx,
    project_id: ProjectId,
    version: &ModelVersion,
) -> ApiResult<ModelFiles> {
    if !version.kind.writes_answers() {
        return Err(ApiError::Conflict(no_answers(version)));
    }
    let base = base_of(tx, project_id, version).await?;
    Ok(files_on_base(app, version, &base))
}

/// The version whose weights a model version computes with: itself where it has weights of its own.
pub async fn base_of(
    tx: &mut Tx,
    project_id: ProjectId,
    version: &ModelVersion,
) -> ApiResult<ModelVersion> {
    let id = version.weights_id();
    if id == version.id {
        return Ok(version.clone());
    }
    let base = models::get_version(tx, project_id, id).await?;
    base.ok_or(ApiError::NotFound("base of the model version"))
}

/// Where the files of a model version and its base are; the base of one that has weights of its own is
/// itself.
#[must_use]
pub fn files_on_base(app: &App, version: &ModelVersion, base: &ModelVersion) -> ModelFiles {
    let adapter = version.kind.is_on_base();
    ModelFiles {
        name: label(version),
        base: folder_of(app, base),
        base_hash: Some(base.content_hash.clone()),
        adapter: adapter.then(|| folder_of(app, version)),
    }
}

/// What people call a model version.
#[must_use]
pub fn label(version: &ModelVersion) -> String {
    format!("{} {}", version.name, version.number)
}

/// What is wrong with how answers are to be generated.
#[must_use]
pub fn check_decoding(decoding: &Decoding) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut refuse = |field: &str, message: String| {
        errors.push(FieldError::new(format!("decoding.{field}"), message));
    };
    if !(0.0..=MAX_TEMPERATURE).contains(&decoding.temperature) {
        let message = format!("must be from 0 to {MAX_TEMPERATURE}");
        refuse("temperature", message);
    }
    if !(decoding.top_p > 0.0 && decoding.top_p <= 1.0) {
        refuse("top_p", "must be above 0 and at most 1".to_owned());
    }
    if !(1..=MAX_NEW_TOKENS).contains(&decoding.max_new_tokens) {
        refuse(
            "max_new_tokens",
            format!("must be from 1 to {MAX_NEW_TOKENS}"),
        );
    }
    errors
}

/// Refuses a request whose decoding makes no sense.
pub fn refuse_bad_decoding(decoding: &Decoding) -> ApiResult<()> {
    let errors = check_decoding(decoding);
    if errors.is_empty() {
        Ok(())
    } else {
        Err(ApiError::invalid_fields(errors))
    }
}
