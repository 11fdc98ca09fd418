//! Base models from the hub: asked for here, downloaded and registered by the job in
//! [`jobs::model_download`](crate::jobs::model_download).

use std::path::{Path, PathBuf};

use hub::{Cache, Reader};
use serde::{Deserialize, Serialize};
use shared::{
    hub::HubModel,
    ids::UserId,
    job::JobKind,
    model::{DownloadModel, HubSource, ModelDownload},
};
use store::jobs::{self, JobRecord};
use trainer::{
    TrainerError,
    model::{Architecture, read_config},
};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    services::{
        change::Change,
        jobs::{queued, recent},
        models::{models_folder, usable_name},
    },
};

/// What the job of a download is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ModelDownloadTask {
    /// What to call the model.
    pub name: String,
    /// What to download.
    pub hub: HubModel,
    /// Who asked for it.
    pub requested_by: UserId,
}

/// Where this server downloads base models from, or why it does not.
#[must_use]
pub fn hub_source(app: &App) -> HubSource {
    match &app.hub {
        Ok(hub) => HubSource {
            endpoint: Some(hub.endpoint().to_owned()),
            has_token: hub.has_token(),
            refusal: None,
        },
        Err(refusal) => HubSource {
            endpoint: None,
            has_token: false,
            refusal: Some(refusal.clone()),
        },
    }
}

/// Where downloaded models are kept: in the folder of base models, so that back-ups hold them, under
/// a name that is not offered there.
#[must_use]
pub fn cache(app: &App) -> Cache {
    Cache::at(cache_folder(app))
}

fn cache_folder(app: &App) -> PathBuf {
    models_folder(app).join(".hub")
}

/// The newest downloads of a project that go on or have ended lately, newest first.
pub async fn list_downloads(app: &App, access: &ProjectAccess) -> ApiResult<Vec<ModelDownload>> {
    let mut tx = app.store.read().await?;
    let found = recent(app, &mut tx, access, JobKind::ModelDownload).await?;
    // What an older version was told otherwise is still in the list of jobs.
    Ok(found.into_iter().filter_map(as_download).collect())
}

fn as_download(record: JobRecord) -> Option<ModelDownload> {
    let task: ModelDownloadTask = serde_json::from_str(&record.payload).ok()?;
    Some(ModelDownload {
        job: record.job,
        name: task.name,
        hub: task.hub,
    })
}

/// Asks for a download. One of the same model that is on its way is refused.
pub async fn create_download(
    app: &App,
    access: &ProjectAccess,
    request: DownloadModel,
) -> ApiResult<ModelDownload> {
    if let Err(refusal) = &app.hub {
        return Err(ApiError::Forbidden(refusal.clone()));
    }
    let name = usable_name(&request.name)?.to_owned();
    let hub: HubModel = request
        .hub
        .parse()
        .map_err(|reason: String| ApiError::invalid("hub", reason))?;
    let mut change = Change::begin_in(app, access).await?;
    let kind = JobKind::ModelDownload;
    let known = recent(app, change.tx(), access, kind).await?;
    let mut open = known.into_iter().filter_map(as_download);
    if open.any(|one| one.hub == hub && one.job.state.is_open()) {
        let message = format!("{hub} is on its way already: see Downloads on the page of models");
        return Err(ApiError::Conflict(message));
    }
    let job = queued(app, access, kind, format!("Download {hub}"));
    let task = ModelDownloadTask {
        name: name.clone(),
        hub: hub.clone(),
        requested_by: access.user_id(),
    };
    let payload = serde_json::to_string(&task).map_err(anyhow::Error::new)?;
    jobs::insert(change.tx(), &job, &payload).await?;
    let subject = format!("job {}", job.id);
    change
        .commit("download_model", subject, &format!("{hub} as {name}"))
        .await?;
    app.job_wake.notify_one();
    Ok(ModelDownload { job, name, hub })
}

/// Knows what the trainer can use.
#[derive(Clone, Copy, Debug)]
pub struct TrainerReader;

impl Reader for TrainerReader {
    fn check_config(&self, path: &Path) -> Result<(), String> {
        match read_config(path) {
            Ok(_) => Ok(()),
            // Where the file is says nothing here: it has just been downloaded.
            Err(TrainerError::Model { reason, .. }) => Err(reason),
            Err(error) => Err(error.to_string()),
        }
    }

    fn check_gguf(&self, architecture: &str) -> Result<(), String> {
        if Architecture::of_gguf(architecture).is_some() {
            return Ok(());
        }
        let known = Architecture::ALL.map(Architecture::label).join(", ");
        Err(format!(
            "its architecture {architecture} is not supported; choose a model of {known}"
        ))
    }
}
