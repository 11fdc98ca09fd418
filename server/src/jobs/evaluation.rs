//! The job that asks a suite's items of a model version and judges the answers.
//!
//! Items are asked in batches, in the order of the suite. A batch's results, the time that it took
//! and the job's progress are one short transaction, so that after a crash the job goes on with the
//! items that have no result; what they come to is summed up from what is stored, once, at the end.

use std::{collections::HashSet, sync::Arc, time::Instant};

use futures::{FutureExt, future::BoxFuture};
use shared::{
    evaluation::{Decoding, EvaluationResult},
    ids::{EvaluationId, SuiteId},
    message::Message,
    suite::SuiteItem,
};
use store::{
    evaluation_results,
    evaluations::{self, EvaluationRecord},
    jobs::{self, JobRecord},
    prompts, specs, suites,
};

use super::{JobControl, JobError, JobHandler, JobResult, task_of};
use crate::{
    app::App,
    error::ApiError,
    evaluation::{Criteria, Scorer, Summarizer},
    inference::{
        Asking, BestOfFiles, InferenceError, Leash, ModelFiles, Question, Respondent, on_thread,
    },
    services::{asking, best_of::find_best_of, evaluations::EvaluationPayload},
};

/// Items that are asked and written at once at most.
const ITEMS_AT_ONCE: usize = 8;

/// Results that are read at once for the summary.
const ROWS_AT_ONCE: u32 = 200;

/// Evaluates model versions.
#[derive(Clone, Copy, Debug, Default)]
pub struct EvaluationJob;

impl JobHandler for EvaluationJob {
    fn run<'job>(
        &'job self,
        app: &'job App,
        job: &'job JobRecord,
        control: &'job JobControl,
    ) -> BoxFuture<'job, JobResult> {
        async move {
            let payload: EvaluationPayload = task_of(job)?;
            let task = Task::read(app, job, payload).await?;
            // With its summary, an evaluation had ended and only could not say so any more.
            if let Some(summary) = &task.record.evaluation.summary {
                return Ok(message(summary.passed.passed, summary.passed.total));
            }
            task.ask_all(app, control).await?;
            task.sum_up(app, control).await
        }
        .boxed()
    }
}

fn message(passed: i64, total: i64) -> String {
    format!("{passed} of {total} items passed")
}

/// Everything that an evaluation needs from the database.
struct Task {
    record: EvaluationRecord,
    suite_id: SuiteId,
    item_count: i64,
    scorer: Arc<Scorer>,
    system: Option<String>,
    files: ModelFiles,
    best_of: Option<BestOfFiles>,
}

/// A batch on its way to the model, which takes it to a thread.
struct Batch {
    respondent: Respondent,
    scorer: Arc<Scorer>,
    system: Option<String>,
    decoding: Decoding,
    items: Vec<(i64, SuiteItem)>,
}

impl Task {
    async fn read(
        app: &App,
        job: &JobRecord,
        payload: EvaluationPayload,
    ) -> Result<Self, JobError> {
        let project_id = job.job.project_id;
        let gone = |what: &str| JobError::Failed(format!("{what} is gone"));
        let mut tx = app.store.read().await?;
        let record = evaluations::get(&mut tx, project_id, payload.evaluation_id).await?;
        let record = record.ok_or_else(|| gone("the evaluation"))?;
        let request = &record.evaluation.request;
        let suite = suites::get(&mut tx, project_id, request.suite_id).await?;
        let suite = suite.ok_or_else(|| gone("the suite"))?;
        let clauses = match record.spec_version {
            Some(number) => specs::get(&mut tx, project_id, number).await?,
            None => None,
        };
        let clauses = clauses.map_or_else(Vec::new, |version| version.clauses);
        let criteria = Criteria::new(suite.checks, suite.pass_rule, &clauses);
        let scorer = Scorer::new(criteria).map_err(|error| JobError::Failed(error.to_string()))?;
        let prompt = match request.prompt_version_id {
            Some(id) => prompts::get_version(&mut tx, project_id, id).await?,
            None => None,
        };
        let model = store::models::get_version(&mut tx, project_id, request.model_version_id);
        let model = model.await?.ok_or_else(|| gone("the model version"))?;
        let refused = |error: ApiError| JobError::Failed(error.to_string());
        let files = asking::files_of(app, &mut tx, project_id, &model).await;
        let choice = (request.best_of, &request.decoding);
        let best_of = find_best_of(app, &mut tx, project_id, &model, choice).await;
        Ok(Self {
            suite_id: suite.id,
            item_count: suite.item_count,
            scorer: Arc::new(scorer),
            system: asking::system_of(prompt),
            files: files.map_err(refused)?,
            best_of: best_of.map_err(refused)?.map(|found| found.files),
            record,
        })
    }

    const fn id(&self) -> EvaluationId {
        self.record.evaluation.id
    }

    /// Asks every item that has no result yet.
    async fn ask_all(&self, app: &App, control: &JobControl) -> Result<(), JobError> {
        let mut tx = app.store.read().await?;
        let mut done: HashSet<i64> = evaluation_results::positions(&mut tx, self.id())
            .await?
            .into_iter()
            .collect();
        drop(tx);
        let message = format!("loading {}", self.files.name);
        control.progress(app, None, &message).await?;
        let respondent = self.open(app).await?;
        let at_once = u32::try_from(respondent.at_once(ITEMS_AT_ONCE)).unwrap_or(1);
        let leash = Leash::follow(control.stopped());
        let mut offset = 0;
        while i64::from(offset) < self.item_count {
            control.check()?;
            let items = self.waiting(app, (offset, at_once), &done).await?;
            offset += at_once;
            if items.is_empty() {
                continue;
            }
            done.extend(items.iter().map(|(position, _)| *position));
            let batch = Batch {
                respondent: respondent.clone(),
                scorer: self.scorer.clone(),
                system: self.system.clone(),
                decoding: self.record.evaluation.request.decoding,
                items,
            };
            let interrupter = leash.interrupter();
            let answered = on_thread(move || batch.answer(&interrupter)).await;
            // Whoever interrupted it says why.
            control.check()?;
            let (results, seconds) = answered?;
            self.write(app, control, &results, (seconds, done.len()))
                .await?;
        }
        Ok(())
    }

    async fn open(&self, app: &App) -> Result<Respondent, InferenceError> {
        let (loader, files, best_of) = (app.clone(), self.files.clone(), self.best_of.clone());
        on_thread(move || {
            let model = loader.inference.open(&files)?;
            let best_of = best_of.map(|files| loader.inference.open_best_of(&files));
            Ok(Respondent {
                model,
                best_of: best_of.transpose()?,
            })
        })
        .await
    }

    /// The items of the next batch that have no result.
    async fn waiting(
        &self,
        app: &App,
        (offset, at_once): (u32, u32),
        done: &HashSet<i64>,
    ) -> Result<Vec<(i64, SuiteItem)>, JobError> {
        let mut tx = app.store.read().await?;
        let items = suites::list_items(&mut tx, self.suite_id, offset, at_once).await?;
        let numbered = (i64::from(offset)..).zip(items);
        Ok(numbered
            .filter(|(position, _)| !done.contains(position))
            .collect())
    }

    /// Writes a batch, if the job is still this runner's.
    async fn write(
        &self,
        app: &App,
        control: &JobControl,
        results: &[EvaluationResult],
        (seconds, done): (f64, usize),
    ) -> Result<(), JobError> {
        let share = done as f64 / self.item_count.max(1) as f64;
        let message = format!("{done} of {} items", self.item_count);
        let mut tx = app.store.write().await?;
        if !jobs::set_progress(&mut tx, control.lease(), Some(share), &message).await? {
            return Err(JobError::LeaseLost);
        }
        for result in results {
            evaluation_results::insert(&mut tx, self.id(), result).await?;
        }
        evaluations::add_seconds(&mut tx, self.id(), seconds).await?;
        Ok(tx.commit().await?)
    }

    /// Sums up what is stored, and freezes it.
    async fn sum_up(&self, app: &App, control: &JobControl) -> JobResult {
        let mut summarizer = Summarizer::new(self.scorer.criteria());
        let mut tx = app.store.read().await?;
        let mut after = -1;
        loop {
            let rows = evaluation_results::list(&mut tx, self.id(), after, ROWS_AT_ONCE).await?;
            let Some(last) = rows.last() else { break };
            after = last.position;
            for row in &rows {
                summarizer.add(row);
            }
        }
        let record = evaluations::get(&mut tx, self.record.project_id, self.id()).await?;
        drop(tx);
        let summary = summarizer.finish(record.map_or(0.0, |record| record.seconds));
        let mut tx = app.store.write().await?;
        if !jobs::set_progress(&mut tx, control.lease(), Some(1.0), "summing up").await? {
            return Err(JobError::LeaseLost);
        }
        evaluations::set_summary(&mut tx, self.id(), &summary).await?;
        tx.commit().await?;
        Ok(message(summary.passed.passed, summary.passed.total))
    }
}

impl Batch {
    /// Answers and judges every item; says how many seconds the answers took. Blocks.
    fn answer(
        self,
        interrupter: &trainer::run::Interrupter,
    ) -> Result<(Vec<EvaluationResult>, f64), InferenceError> {
        let seed = self.decoding.seed;
        let questions: Vec<Question> = self
            .items
            .iter()
            .map(|(position, item)| {
                let messages = vec![Message::user(&item.content.input)];
                Question::numbered(messages, seed, position.unsigned_abs())
            })
            .collect();
        let asking = Asking {
            system: self.system.as_deref(),
            questions: &questions,
            decoding: self.decoding,
        };
        let start = Instant::now();
        let answers = self.respondent.answer(&asking, interrupter)?;
        let seconds = start.elapsed().as_secs_f64();
        let judged = self.items.into_iter().zip(answers);
        let results = judged.map(|((position, item), given)| {
            let key = item.content.key.clone();
            let result = self.scorer.score(position, item, given);
            result.map_err(|error| InferenceError::Refused(format!("item {key}: {error}")))
        });
        Ok((results.collect::<Result<_, _>>()?, seconds))
    }
}
