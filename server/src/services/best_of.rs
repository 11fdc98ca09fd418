//! What a choice among several answers needs: a reward model on the base of the model that answers,
//! and answers that differ.

use shared::{
    evaluation::{BEST_OF, BestOf, Decoding},
    ids::ProjectId,
    model::{ModelKind, ModelVersion},
};
use store::{Tx, models, prompts};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    inference::BestOfFiles,
    services::asking::{base_of, files_on_base, label, system_of},
};

/// A choice among answers of a model version, with where its files are.
#[derive(Clone, Debug)]
pub struct FoundBestOf {
    /// What the inference needs.
    pub files: BestOfFiles,
    /// The name and number of the reward model.
    pub reward_model_name: String,
}

/// The choice that a request asks for, if it can be made.
pub async fn find_best_of(
    app: &App,
    tx: &mut Tx,
    project_id: ProjectId,
    model: &ModelVersion,
    (best_of, decoding): (Option<BestOf>, &Decoding),
) -> ApiResult<Option<FoundBestOf>> {
    let Some(best_of) = best_of else {
        return Ok(None);
    };
    refuse_bad_choice(best_of.answers, decoding)?;
    let field = "best_of.reward_model_id";
    let reward_model = models::get_version(tx, project_id, best_of.reward_model_id).await?;
    let reward_model = reward_model
        .ok_or_else(|| ApiError::invalid(field, "the project has no such model version"))?;
    let name = label(&reward_model);
    if reward_model.kind != ModelKind::Reward {
        let message = format!(
            "{name} is no reward model and scores nothing: choose one that a reward run made"
        );
        return Err(ApiError::invalid(field, message));
    }
    let base = base_of(tx, project_id, &reward_model).await?;
    if base.id != model.weights_id() {
        let message = format!(
            "{name} belongs to the base {}, but {} to {}: choose a reward model on the same base",
            label(&base),
            label(model),
            label(&base_of(tx, project_id, model).await?),
        );
        return Err(ApiError::invalid(field, message));
    }
    let prompt = match reward_model.prompt_version_id {
        Some(id) => prompts::get_version(tx, project_id, id).await?,
        None => None,
    };
    Ok(Some(FoundBestOf {
        files: BestOfFiles {
            answers: usize::try_from(best_of.answers).unwrap_or(usize::MAX),
            reward_model: files_on_base(app, &reward_model, &base),
            system: system_of(prompt),
        },
        reward_model_name: name,
    }))
}

/// Refuses a number of answers that leaves nothing to choose, and answers that would all be the same.
pub fn refuse_bad_choice(answers: u32, decoding: &Decoding) -> ApiResult<()> {
    if !BEST_OF.contains(&answers) {
        let message = format!(
            "must be from {} to {}: the reward model chooses among so many answers",
            BEST_OF.start(),
            BEST_OF.end()
        );
        return Err(ApiError::invalid("best_of.answers", message));
    }
    if decoding.temperature <= 0.0 {
        let message = format!(
            "must be above 0, such as 0.8, for the best of {answers}: at 0 all answers to a \
             question are the same"
        );
        return Err(ApiError::invalid("decoding.temperature", message));
    }
    Ok(())
}
