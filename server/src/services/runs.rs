//! Training runs: asked for here, done by the job in [`jobs::training`](crate::jobs::training).

use serde::{Deserialize, Serialize};
use shared::{
    error::FieldError,
    ids::RunId,
    job::{Job, JobKind, JobState},
    page::Page,
    run::{CreateRun, NumberedEvent, Preflight, Run, RunHistory, RunSummary, Severity},
};
use store::{
    dataset_versions, datasets, jobs, models, run_events,
    runs::{self, RunRecord},
};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::{PageQuery, ProjectAccess, next_cursor},
    services::{
        change::Change,
        preflight::{examine, has_locked_suite},
        run_setup::{RunSetup, resolve},
    },
};

/// The most steps of a history.
const HISTORY_POINTS: i64 = 400;

/// What the job of a run is told.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RunPayload {
    /// The run.
    pub run_id: RunId,
}

/// Asks for a run. What the preflight calls an error is refused.
pub async fn create_run(app: &App, access: &ProjectAccess, request: CreateRun) -> ApiResult<Run> {
    let name = request.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(ApiError::invalid("name", "must have 1 to 100 characters"));
    }
    let request = CreateRun { name, ..request };
    let setup = resolve(app, access.project_id(), request).await?;
    let preflight = examine(app, access, &setup).await?;
    refuse_errors(&preflight)?;
    let number = insert(app, access, &setup, preflight).await?;
    app.job_wake.notify_one();
    app.news.tell();
    get_run(app, access, number).await
}

fn refuse_errors(preflight: &Preflight) -> ApiResult<()> {
    let errors = preflight
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    let errors: Vec<FieldError> = errors
        .map(|finding| FieldError::new(finding.field.clone(), finding.message.clone()))
        .collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(ApiError::invalid_fields(errors))
    }
}

/// One transaction: the run, its job, and who asked for it.
async fn insert(
    app: &App,
    access: &ProjectAccess,
    setup: &RunSetup,
    preflight: Preflight,
) -> ApiResult<i64> {
    let request = &setup.request;
    let mut change = Change::begin_in(app, access).await?;
    let locked = has_locked_suite(change.tx(), access).await?;
    let override_reason = request.suite_override.as_deref().map(str::trim);
    let override_reason = override_reason.filter(|reason| !reason.is_empty() && !locked);
    if !locked && override_reason.is_none() {
        let message = "the domain suite that was locked is gone: lock one, or say why not";
        return Err(ApiError::invalid("suite_override", message));
    }
    let number = runs::next_number(change.tx(), access.project_id()).await?;
    let record = record(app, access, setup, preflight, number);
    let summary = &record.summary;
    let job = Job {
        id: summary.job_id,
        project_id: access.project_id(),
        kind: JobKind::TrainingRun,
        title: format!("Train {} on {}", summary.name, setup.base.name),
        state: JobState::Queued,
        progress: None,
        message: String::new(),
        created_at: summary.created_at,
        started_at: None,
        finished_at: None,
    };
    let payload = RunPayload { run_id: summary.id };
    let payload = serde_json::to_string(&payload).map_err(anyhow::Error::new)?;
    jobs::insert(change.tx(), &job, &payload).await?;
    runs::insert(change.tx(), &record).await?;
    let detail = override_reason.map_or_else(
        || summary.name.clone(),
        |reason| format!("{}, without a locked suite: {reason}", summary.name),
    );
    change
        .commit("create_run", format!("run {number}"), &detail)
        .await?;
    Ok(number)
}

fn record(
    app: &App,
    access: &ProjectAccess,
    setup: &RunSetup,
    preflight: Preflight,
    number: i64,
) -> RunRecord {
    let request = setup.request.clone();
    RunRecord {
        summary: RunSummary {
            id: app.context.id(),
            number,
            name: request.name.clone(),
            method: request.config.method,
            job_id: app.context.id(),
            state: JobState::Queued,
            progress: None,
            message: String::new(),
            base_id: request.base_id,
            dataset_version_id: request.dataset_version_id,
            step: 0,
            total_steps: None,
            loss: None,
            validation_loss: None,
            best_validation_loss: None,
            model_version_id: None,
            created_by: Some(access.user_id()),
            created_at: app.context.now(),
            started_at: None,
            finished_at: None,
        },
        project_id: access.project_id(),
        request,
        preflight,
        attempt: 0,
    }
}

/// The runs of a project, newest first.
pub async fn list_runs(
    app: &App,
    access: &ProjectAccess,
    page: PageQuery,
) -> ApiResult<Page<RunSummary>> {
    let mut tx = app.store.read().await?;
    let before = page.after.map(RunId::from);
    let mut items =
        runs::list_of_project(&mut tx, access.project_id(), before, page.probe()).await?;
    let next = next_cursor(&mut items, page.limit(), |run| run.id.as_uuid());
    Ok(Page { items, next })
}

/// One run with everything that decided it.
pub async fn get_run(app: &App, access: &ProjectAccess, number: i64) -> ApiResult<Run> {
    let project_id = access.project_id();
    let record = find(app, access, number).await?;
    let mut tx = app.store.read().await?;
    let base = models::get_version(&mut tx, project_id, record.request.base_id).await?;
    let base = base.ok_or(ApiError::NotFound("model version"))?;
    let id = record.request.dataset_version_id;
    let version = dataset_versions::get(&mut tx, project_id, id).await?;
    let version = version
        .ok_or(ApiError::NotFound("version of a dataset"))?
        .version;
    let dataset = datasets::get(&mut tx, project_id, version.dataset_id).await?;
    let dataset = dataset.ok_or(ApiError::NotFound("dataset"))?.dataset;
    Ok(Run {
        dataset_name: format!("{} {}", dataset.name, version.number),
        dataset_id: dataset.id,
        dataset_hash: version.content_hash,
        base_name: format!("{} {}", base.name, base.number),
        base_hub: base.hub,
        base_hash: base.content_hash,
        summary: record.summary,
        request: record.request,
        attempt: record.attempt,
        preflight: record.preflight,
    })
}

/// One run as it is stored.
pub async fn find(app: &App, access: &ProjectAccess, number: i64) -> ApiResult<RunRecord> {
    let mut tx = app.store.read().await?;
    let record = runs::get_by_number(&mut tx, access.project_id(), number).await?;
    record.ok_or(ApiError::NotFound("run"))
}

/// The history of a run: few enough points to draw.
pub async fn get_history(app: &App, access: &ProjectAccess, number: i64) -> ApiResult<RunHistory> {
    let id = find(app, access, number).await?.summary.id;
    let mut tx = app.store.read().await?;
    // What is told from here on belongs to the stream.
    let seq = run_events::last_seq(&mut tx, id).await?;
    Ok(RunHistory {
        steps: run_events::thinned_steps(&mut tx, id, seq, HISTORY_POINTS).await?,
        others: run_events::list_others(&mut tx, id, seq).await?,
        seq,
    })
}

/// The events of a run behind a place, in their order.
pub async fn list_events(
    app: &App,
    access: &ProjectAccess,
    number: i64,
    after: i64,
    limit: u32,
) -> ApiResult<Page<NumberedEvent>> {
    let id = find(app, access, number).await?.summary.id;
    let mut tx = app.store.read().await?;
    let mut items = run_events::list_after(&mut tx, id, after, limit + 1).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items
        .last()
        .filter(|_| more)
        .map(|last| last.seq.to_string());
    Ok(Page { items, next })
}

/// Takes up a run again that failed or was cancelled. It goes on from its newest checkpoint.
pub async fn resume_run(app: &App, access: &ProjectAccess, number: i64) -> ApiResult<Run> {
    let summary = find(app, access, number).await?.summary;
    let mut change = Change::begin_in(app, access).await?;
    if !jobs::take_up_again(change.tx(), summary.job_id).await? {
        let message = "only a run that failed or was cancelled can be taken up again";
        return Err(ApiError::Conflict(message.to_owned()));
    }
    change
        .commit("resume_run", format!("run {number}"), &summary.name)
        .await?;
    app.job_wake.notify_one();
    app.news.tell();
    get_run(app, access, number).await
}
