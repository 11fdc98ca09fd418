//! Evaluations: asked for here, done by the job in [`jobs::evaluation`](crate::jobs::evaluation).

use serde::{Deserialize, Serialize};
use shared::{
    evaluation::{CreateEvaluation, Evaluation},
    ids::{EvaluationId, ProjectId},
    job::{Job, JobKind, JobState},
    page::Page,
};
use store::{
    Tx,
    evaluations::{self, EvaluationRecord},
    jobs, specs, suites,
};

use crate::{
    app::App,
    error::{ApiError, ApiResult},
    extract::{PageQuery, ProjectAccess, next_cursor},
    services::{asking, best_of::find_best_of, change::Change, jobs::queued},
};

/// What the job of an evaluation is told.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct EvaluationPayload {
    /// The evaluation.
    pub evaluation_id: EvaluationId,
}

/// Asks for an evaluation: a locked suite, asked of a model version.
pub async fn create_evaluation(
    app: &App,
    access: &ProjectAccess,
    request: CreateEvaluation,
) -> ApiResult<Evaluation> {
    asking::refuse_bad_decoding(&request.decoding)?;
    let mut change = Change::begin_in(app, access).await?;
    let record = describe(app, access, change.tx(), request).await?;
    let evaluation = &record.evaluation;
    let best_of = evaluation.request.best_of;
    let best_of = best_of.map(|best_of| format!(", best of {},", best_of.answers));
    let title = format!(
        "Evaluate {}{} on {}",
        evaluation.model_name,
        best_of.unwrap_or_default(),
        evaluation.suite_name
    );
    let payload = EvaluationPayload {
        evaluation_id: evaluation.id,
    };
    let payload = serde_json::to_string(&payload).map_err(anyhow::Error::new)?;
    let job = Job {
        id: evaluation.job_id,
        ..queued(app, access, JobKind::Evaluation, title)
    };
    jobs::insert(change.tx(), &job, &payload).await?;
    evaluations::insert(change.tx(), &record).await?;
    let subject = format!("evaluation {}", evaluation.number);
    change
        .commit("create_evaluation", subject, &job.title)
        .await?;
    app.job_wake.notify_one();
    Ok(record.evaluation)
}

/// The evaluation that a request asks for, if everything that it names is there.
async fn describe(
    app: &App,
    access: &ProjectAccess,
    tx: &mut Tx,
    request: CreateEvaluation,
) -> ApiResult<EvaluationRecord> {
    let project_id = access.project_id();
    let model =
        asking::find_model(tx, project_id, request.model_version_id, "model_version_id").await?;
    let suite = suites::get(tx, project_id, request.suite_id).await?;
    let suite =
        suite.ok_or_else(|| ApiError::invalid("suite_id", "the project has no such suite"))?;
    if suite.locked_at.is_none() {
        let message = "the suite can still be changed: lock it first, so that its results mean \
                       the same for every model";
        return Err(ApiError::invalid("suite_id", message));
    }
    let prompt = request.prompt_version_id;
    let prompt = asking::find_prompt(tx, project_id, prompt, "prompt_version_id").await?;
    let choice = (request.best_of, &request.decoding);
    let best_of = find_best_of(app, tx, project_id, &model, choice).await?;
    let spec = specs::latest(tx, project_id).await?;
    let prompt_name = prompt.map(|(name, version)| format!("{name} {}", version.number));
    let evaluation = Evaluation {
        id: app.context.id(),
        number: evaluations::next_number(tx, project_id).await?,
        job_id: app.context.id(),
        state: JobState::Queued,
        progress: None,
        message: String::new(),
        request,
        model_name: asking::label(&model),
        suite_name: format!("{} {}", suite.name, suite.version),
        prompt_name: prompt_name.unwrap_or_default(),
        reward_model_name: best_of
            .map(|found| found.reward_model_name)
            .unwrap_or_default(),
        summary: None,
        created_by: Some(access.user_id()),
        created_at: app.context.now(),
        finished_at: None,
    };
    Ok(EvaluationRecord {
        evaluation,
        project_id,
        spec_version: spec.map(|version| version.number),
        seconds: 0.0,
    })
}

/// The evaluations of a project, newest first.
pub async fn list_evaluations(
    app: &App,
    access: &ProjectAccess,
    page: PageQuery,
) -> ApiResult<Page<Evaluation>> {
    let mut tx = app.store.read().await?;
    let before = page.after.map(EvaluationId::from);
    let mut items =
        evaluations::list_of_project(&mut tx, access.project_id(), before, page.probe()).await?;
    let next = next_cursor(&mut items, page.limit(), |one| one.id.as_uuid());
    Ok(Page { items, next })
}

/// One evaluation.
pub async fn get_evaluation(
    app: &App,
    access: &ProjectAccess,
    number: i64,
) -> ApiResult<Evaluation> {
    let mut tx = app.store.read().await?;
    let record = find(&mut tx, access.project_id(), number).await?;
    Ok(record.evaluation)
}

/// The evaluation of a project with a number.
pub(super) async fn find(
    tx: &mut Tx,
    project_id: ProjectId,
    number: i64,
) -> ApiResult<EvaluationRecord> {
    let record = evaluations::get_by_number(tx, project_id, number).await?;
    record.ok_or(ApiError::NotFound("evaluation"))
}
