//! The finished adapter becomes a model version.

use std::path::Path;

use sha2::{Digest, Sha256};
use shared::{
    ids::{ModelVersionId, ProjectId, RunId},
    model::{ModelKind, ModelVersion},
    training::Method,
};
use store::{
    jobs, models,
    runs::{self, RunRecord},
};
use trainer::run::Outcome;

use crate::{
    app::App,
    jobs::{JobControl, JobError, JobResult},
    services::change::Change,
};

/// Where the adapter of a run is, from the data folder.
fn path_of(id: RunId) -> String {
    format!("runs/{id}/adapter")
}

/// Registers the adapter of a run, once: who finds it registered leaves it.
pub(super) async fn register(
    app: &App,
    record: &RunRecord,
    outcome: &Outcome,
    control: &JobControl,
) -> JobResult {
    let summary = &record.summary;
    let path = path_of(summary.id);
    let file = app.data_dir.join(&path).join("adapter_model.safetensors");
    let content_hash = hash(&file).await?;
    let mut change = Change::begin(app, summary.created_by).await?;
    change.set_project(record.project_id);
    let tx = change.tx();
    if !jobs::set_progress(tx, control.lease(), Some(1.0), "registering").await? {
        return Err(JobError::LeaseLost);
    }
    let (model_id, number) =
        models::next_version(tx, record.project_id, app.context.id(), &summary.name).await?;
    let version = ModelVersion {
        id: app.context.id(),
        model_id,
        name: summary.name.clone(),
        number,
        kind: if record.request.config.method.writes_answers() {
            ModelKind::Adapter
        } else {
            ModelKind::Reward
        },
        path,
        content_hash,
        description: description(record, outcome),
        base_id: Some(summary.base_id),
        run_id: Some(summary.id),
        prompt_version_id: record.request.prompt_version_id,
        created_by: summary.created_by,
        created_at: app.context.now(),
    };
    models::insert_version(tx, &version).await?;
    if !runs::set_model_version(tx, summary.id, version.id).await? {
        return Err(JobError::LeaseLost);
    }
    let detail = format!("{} v{number} by run {}", version.name, summary.number);
    change
        .commit(
            "register_adapter",
            format!("model version {}", version.id),
            &detail,
        )
        .await?;
    app.news.tell();
    Ok(said_of(&version))
}

fn description(record: &RunRecord, outcome: &Outcome) -> String {
    let config = &record.request.config;
    let what = match config.method {
        Method::Reward => "Reward model, ",
        _ => "",
    };
    format!(
        "{what}LoRA of rank {} by {}, step {}",
        config.adapter.rank, config.method, outcome.adapter_step
    )
}

/// What a run that has its model version says of itself.
pub(super) async fn describe(
    app: &App,
    project_id: ProjectId,
    version: ModelVersionId,
) -> JobResult {
    let mut tx = app.store.read().await?;
    let version = models::get_version(&mut tx, project_id, version).await?;
    Ok(version.as_ref().map_or_else(String::new, said_of))
}

fn said_of(version: &ModelVersion) -> String {
    format!("made {} version {}", version.name, version.number)
}

async fn hash(file: &Path) -> Result<String, JobError> {
    let bytes = tokio::fs::read(file)
        .await
        .map_err(|error| JobError::Failed(format!("{} cannot be read: {error}", file.display())))?;
    Ok(hex::encode(Sha256::digest(&bytes)))
}
