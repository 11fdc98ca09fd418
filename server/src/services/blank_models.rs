//! Blank models: asked for here, made and registered by the job in
//! [`jobs::blank_model`](crate::jobs::blank_model).

use serde::{Deserialize, Serialize};
use shared::{
    blank::{BlankModel, CreateBlankModel, MOST_PARAMETERS, TokenizerSource, VOCABULARY},
    error::FieldError,
    ids::{JobId, ProjectId, UserId},
    job::JobKind,
    model::ModelVersion,
};
use store::{
    Tx,
    dataset_versions::{self, VersionRecord},
    jobs::{self, JobRecord},
    models,
};
use trainer::blank::Vocabulary;

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::ProjectAccess,
    services::{
        change::Change,
        jobs::{queued, recent},
        memory,
        models::usable_name,
        run_cache::outline_of,
    },
};

/// The folder of blank models in the folder of base models, so that back-ups hold them; it is not
/// offered there.
const FOLDER: &str = ".blank";

/// Where an attempt of a job makes its blank model, seen from the folder of base models. Each has a place
/// of its own, because one that has lost the job may still be writing.
#[must_use]
pub fn path_of(job: JobId, attempt: i64) -> String {
    format!("{FOLDER}/{job}-{attempt}")
}

/// The blank model that a job has registered, if it has.
pub async fn version_of(
    tx: &mut Tx,
    project_id: ProjectId,
    job: JobId,
) -> ApiResult<Option<ModelVersion>> {
    let known = models::list_versions(tx, project_id).await?;
    let of_job = format!("{FOLDER}/{job}-");
    let mut known = known.into_iter();
    Ok(known.find(|version| version.path.starts_with(&of_job)))
}

/// What the job of a blank model is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BlankModelTask {
    /// What was asked for.
    pub request: CreateBlankModel,
    /// By whom.
    pub requested_by: UserId,
}

/// The blank models of a project that are made or were lately, newest first.
pub async fn list_blank_models(app: &App, access: &ProjectAccess) -> ApiResult<Vec<BlankModel>> {
    let mut tx = app.store.read().await?;
    let found = recent(app, &mut tx, access, JobKind::BlankModel).await?;
    Ok(found.into_iter().filter_map(as_blank).collect())
}

fn as_blank(record: JobRecord) -> Option<BlankModel> {
    let task: BlankModelTask = serde_json::from_str(&record.payload).ok()?;
    Some(BlankModel {
        job: record.job,
        request: task.request,
    })
}

/// Asks for a blank model. What cannot be made is refused now and not by the job.
pub async fn create_blank_model(
    app: &App,
    access: &ProjectAccess,
    mut request: CreateBlankModel,
) -> ApiResult<BlankModel> {
    let mut errors = Vec::new();
    match usable_name(&request.name) {
        Ok(name) => request.name = name.to_owned(),
        Err(error) => errors.extend(error.into_fields()?),
    }
    let problems = request.shape.problems();
    let fits = problems.is_empty();
    let problems = problems.into_iter();
    errors.extend(problems.map(|problem| FieldError {
        field: format!("shape.{}", problem.field),
        ..problem
    }));
    match vocabulary_size(app, access.project_id(), &request.tokenizer).await {
        Ok(size) => {
            if fits && let Some(message) = too_large(request.shape.parameters(size), size) {
                errors.push(FieldError::new("shape.hidden_size", message));
            }
        }
        Err(error) => errors.extend(error.into_fields()?),
    }
    if !errors.is_empty() {
        return Err(ApiError::invalid_fields(errors));
    }
    let mut change = Change::begin_in(app, access).await?;
    let title = format!("Make the blank model {}", request.name);
    let job = queued(app, access, JobKind::BlankModel, title);
    let task = BlankModelTask {
        request,
        requested_by: access.user_id(),
    };
    let payload = serde_json::to_string(&task).map_err(anyhow::Error::new)?;
    jobs::insert(change.tx(), &job, &payload).await?;
    let subject = format!("job {}", job.id);
    let request = task.request;
    change
        .commit("create_blank_model", subject, &request.name)
        .await?;
    app.job_wake.notify_one();
    Ok(BlankModel { job, request })
}

/// Why so many weights are not made here, if they are too many.
fn too_large(parameters: u64, tokens: usize) -> Option<String> {
    let weights = format!(
        "gives {:.0} M weights with {tokens} tokens",
        parameters as f64 / 1e6
    );
    if parameters > MOST_PARAMETERS {
        let most = MOST_PARAMETERS / 1_000_000;
        return Some(format!(
            "{weights}, more than the {most} M that are made here: take fewer layers, or \
             `temper blank` and register the folder"
        ));
    }
    let needed = parameters.saturating_mul(4);
    let total = memory::measure().map(|memory| u64::try_from(memory.total).unwrap_or(0));
    total.filter(|total| needed > total / 2).map(|total| {
        format!(
            "{weights}, {:.1} GB, which the server's {:.1} GB of memory do not hold beside all else: \
             take fewer layers",
            needed as f64 / 1e9,
            total as f64 / 1e9
        )
    })
}

/// How many tokens a blank model will have, at most.
async fn vocabulary_size(
    app: &App,
    project_id: ProjectId,
    source: &TokenizerSource,
) -> ApiResult<usize> {
    if let TokenizerSource::Trained { vocabulary, .. } = source
        && !VOCABULARY.contains(vocabulary)
    {
        let (least, most) = (VOCABULARY.start(), VOCABULARY.end());
        let message = format!("must be from {least} to {most}");
        return Err(ApiError::invalid("tokenizer.vocabulary", message));
    }
    Ok(match find(app, project_id, source).await? {
        Found::Given(vocabulary) => vocabulary.size(),
        Found::Texts(_, size) => size,
    })
}

/// A tokenizer, or what it is trained on.
#[derive(Clone, Debug)]
pub enum Found {
    /// That of a model.
    Given(Box<Vocabulary>),
    /// A version whose rows have the texts, and how many tokens they shall give.
    Texts(Box<VersionRecord>, usize),
}

/// Looks up what a tokenizer is made of, and refuses what is not in the project by its field.
pub async fn find(app: &App, project_id: ProjectId, source: &TokenizerSource) -> ApiResult<Found> {
    let mut tx = app.store.read().await?;
    match source {
        TokenizerSource::Model { model_version_id } => {
            let field = "tokenizer.model_version_id";
            let model = models::get_version(&mut tx, project_id, *model_version_id).await?;
            let model = model.filter(|model| model.kind.is_whole()).ok_or_else(|| {
                let message = "names no model with weights of its own of this project";
                ApiError::invalid(field, message)
            })?;
            drop(tx);
            let outline = outline_of(app, &model).await;
            let outline = outline.map_err(|reason| ApiError::invalid(field, reason.to_string()))?;
            let vocabulary = Vocabulary::of_model((*outline).clone());
            Ok(Found::Given(Box::new(vocabulary)))
        }
        TokenizerSource::Trained {
            dataset_version_id,
            vocabulary,
        } => {
            let field = "tokenizer.dataset_version_id";
            let record = dataset_versions::get(&mut tx, project_id, *dataset_version_id).await?;
            let record = record.ok_or_else(|| {
                ApiError::invalid(field, "names no version of a dataset of this project")
            })?;
            if record.version.counts.train == 0 {
                let message = "has no rows to learn from: all of its rows are held back";
                return Err(ApiError::invalid(field, message));
            }
            Ok(Found::Texts(Box::new(record), *vocabulary))
        }
    }
}
