//! What a run has trained, an adapter or all weights, becomes a model version.

use std::{
    fs::File,
    io::{self, Read as _},
    path::PathBuf,
};

use sha2::{Digest, Sha256};
use shared::{
    ids::{ModelVersionId, ProjectId, RunId},
    model::{ModelKind, ModelVersion},
    training::{Method, Trained},
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

/// Where what a run has trained is, from the data folder, and the file in it that holds the weights.
fn path_of(id: RunId, trained: &Trained) -> (String, &'static str) {
    match trained {
        Trained::Adapter(_) => (format!("runs/{id}/adapter"), "adapter_model.safetensors"),
        Trained::AllWeights => (format!("runs/{id}/model"), "model.safetensors"),
    }
}

/// Registers what a run has trained, once: who finds it registered leaves it.
pub(super) async fn register(
    app: &App,
    record: &RunRecord,
    outcome: &Outcome,
    control: &JobControl,
) -> JobResult {
    let summary = &record.summary;
    let config = &record.request.config;
    let (path, file) = path_of(summary.id, &config.adapter);
    let content_hash = hash(app.data_dir.join(&path).join(file)).await?;
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
        kind: match (&config.adapter, config.method.writes_answers()) {
            (Trained::AllWeights, _) => ModelKind::Tuned,
            (Trained::Adapter(_), true) => ModelKind::Adapter,
            (Trained::Adapter(_), false) => ModelKind::Reward,
        },
        path,
        hub: None,
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
    let action = if config.adapter.is_whole() {
        "register_tuned_model"
    } else {
        "register_adapter"
    };
    let subject = format!("model version {}", version.id);
    change.commit(action, subject, &detail).await?;
    app.news.tell();
    Ok(said_of(&version))
}

fn description(record: &RunRecord, outcome: &Outcome) -> String {
    let config = &record.request.config;
    let what = match config.method {
        Method::Reward => "Reward model, ",
        _ => "",
    };
    let trained = match &config.adapter {
        Trained::Adapter(adapter) => format!("LoRA of rank {}", adapter.rank),
        Trained::AllWeights => "All weights".to_owned(),
    };
    format!(
        "{what}{trained} by {}, step {}",
        config.method, outcome.adapter_step
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

/// The hash of a file that may be larger than the memory.
async fn hash(file: PathBuf) -> Result<String, JobError> {
    let name = file.display().to_string();
    let read = move || {
        let mut file = File::open(file)?;
        let (mut sha, mut bytes) = (Sha256::new(), vec![0; 1 << 20]);
        loop {
            match file.read(&mut bytes)? {
                0 => return Ok(hex::encode(sha.finalize())),
                count => sha.update(&bytes[..count]),
            }
        }
    };
    let unreadable = |error: io::Error| JobError::Failed(format!("{name} cannot be read: {error}"));
    tokio::task::spawn_blocking(read)
        .await
        .map_err(|error| unreadable(io::Error::other(error)))?
        .map_err(unreadable)
}
