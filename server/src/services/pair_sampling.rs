//! Pairs that are sampled from models into a queue: asked for here, done by the job in
//! [`jobs::sample_pairs`](crate::jobs::sample_pairs).

use serde::{Deserialize, Serialize};
use shared::{
    error::FieldError,
    ids::QueueId,
    job::{Job, JobKind},
    queue::SamplePairs,
};
use store::{Tx, dataset_versions, jobs};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    services::{asking, change::Change, jobs::queued, queues},
};

/// What the job is told, and where it stands: the payload is written again with each batch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SamplingPayload {
    /// The queue.
    pub queue_id: QueueId,
    /// What was asked for.
    pub request: SamplePairs,
    /// How far it is.
    #[serde(default)]
    pub place: SamplingPlace,
}

/// How far sampling is in the rows of its dataset version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamplingPlace {
    /// The position of the last row that was asked; absent before the first one.
    pub after: Option<i64>,
    /// Rows that were asked or passed over.
    pub rows: i64,
    /// Pairs that were added.
    pub added: i64,
    /// Rows whose two responses were the same.
    pub equal: i64,
    /// Rows that ask nothing.
    pub without_prompt: i64,
}

/// Asks for pairs to be sampled into a queue.
pub async fn sample_pairs(
    app: &App,
    access: &ProjectAccess,
    id: QueueId,
    request: SamplePairs,
) -> ApiResult<Job> {
    validate(&request)?;
    let mut change = Change::begin_in(app, access).await?;
    let queue = queues::find(change.tx(), access, id).await?;
    let models = check_references(change.tx(), access, &request).await?;
    let title = format!("Sample pairs of {models} into {}", queue.name);
    let job = queued(app, access, JobKind::SamplePairs, title);
    let payload = SamplingPayload {
        queue_id: id,
        request,
        place: SamplingPlace::default(),
    };
    let payload = serde_json::to_string(&payload).map_err(anyhow::Error::new)?;
    jobs::insert(change.tx(), &job, &payload).await?;
    change
        .commit("sample_pairs", format!("queue {id}"), &job.title)
        .await?;
    app.job_wake.notify_one();
    Ok(job)
}

fn validate(request: &SamplePairs) -> ApiResult<()> {
    let mut errors = asking::check_decoding(&request.decoding);
    if request.rows < 1 {
        errors.push(FieldError::new("rows", "must be at least 1"));
    }
    let same = request.model_a == request.model_b && request.prompt_a == request.prompt_b;
    if same && request.decoding.temperature <= 0.0 {
        let message = "must be above 0 for two samples of one version: at 0 both are the same";
        errors.push(FieldError::new("decoding.temperature", message));
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(ApiError::invalid_fields(errors))
    }
}

/// Whether everything that is named is in the project; answers the names of the models.
async fn check_references(
    tx: &mut Tx,
    access: &ProjectAccess,
    request: &SamplePairs,
) -> ApiResult<String> {
    let project_id = access.project_id();
    let version = dataset_versions::get(tx, project_id, request.dataset_version_id).await?;
    if version.is_none() {
        let message = "the project has no such dataset version";
        return Err(ApiError::invalid("dataset_version_id", message));
    }
    let a = asking::find_model(tx, project_id, request.model_a, "model_a").await?;
    let b = asking::find_model(tx, project_id, request.model_b, "model_b").await?;
    asking::find_prompt(tx, project_id, request.prompt_a, "prompt_a").await?;
    asking::find_prompt(tx, project_id, request.prompt_b, "prompt_b").await?;
    Ok(if a.id == b.id {
        asking::label(&a)
    } else {
        format!("{} and {}", asking::label(&a), asking::label(&b))
    })
}
