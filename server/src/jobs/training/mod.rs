//! The job of a training run.
//!
//! The trainer works on an operating-system thread of its own, which gives way to the server. Its
//! events come through a channel and are written in batches, each in one short transaction with the
//! run's summary and the job's progress. The trainer saves its state as it goes; a run that is begun
//! again, for whatever reason, goes on from its newest checkpoint.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `work` | the thread: one session of the trainer |
//! | `journal` | events to a file, so that a crash loses none |
//! | `recorder` | events to the database |
//! | `handover` | what was trained becomes a model version |

mod handover;
mod journal;
mod recorder;
mod work;

use std::time::Duration;

use futures::{FutureExt, future::BoxFuture};
use shared::training::StopReason;
use store::{
    jobs::JobRecord,
    runs::{self, RunRecord},
};
use tokio::time::{Instant, sleep_until};
use trainer::run::Outcome;

use self::{
    recorder::Recorder,
    work::{Running, Work},
};
use super::{JobControl, JobError, JobHandler, JobResult, task_of};
use crate::{
    app::App,
    error::ApiError,
    services::{run_setup, runs::RunPayload},
};

/// How long an event may wait for others to be written with.
const BATCH_INTERVAL: Duration = Duration::from_millis(200);

/// Trains adapters, or all weights of a base.
#[derive(Clone, Copy, Debug, Default)]
pub struct TrainingJob;

impl JobHandler for TrainingJob {
    fn run<'job>(
        &'job self,
        app: &'job App,
        job: &'job JobRecord,
        control: &'job JobControl,
    ) -> BoxFuture<'job, JobResult> {
        async move {
            let payload: RunPayload = task_of(job)?;
            let mut tx = app.store.read().await?;
            let record = runs::get(&mut tx, payload.run_id).await?;
            drop(tx);
            let record = record.ok_or_else(|| JobError::Failed("the run is gone".to_owned()))?;
            if let Some(version) = record.summary.model_version_id {
                // It had ended and only could not say so any more.
                return handover::describe(app, record.project_id, version).await;
            }
            control.check()?;
            let outcome = train(app, &record, job.attempt, control).await?;
            handover::register(app, &record, &outcome, control).await
        }
        .boxed()
    }
}

/// Trains until the end of the run or until it should stop.
async fn train(
    app: &App,
    record: &RunRecord,
    attempt: i64,
    control: &JobControl,
) -> Result<Outcome, JobError> {
    control.progress(app, None, "reading the rows").await?;
    let setup = run_setup::resolve(app, record.project_id, record.request.clone()).await?;
    let work = Work {
        config: setup.config(app).await?,
        base_hash: setup.base.content_hash.clone(),
        output: work::folder(app, record.summary.id),
        attempt,
        context: app.context.clone(),
    };
    control.progress(app, None, "loading the model").await?;
    let journal = journal::path_of(&work.output);
    let lease = control.lease();
    let mut recorder = Recorder::begin(app, record, (attempt, lease), journal).await?;
    let mut running = work.start().map_err(|error| {
        JobError::Failed(format!("no thread can be started for the run: {error}"))
    })?;
    let end = record_events(app, &mut running, &mut recorder, control).await;
    // The thread ends before the job does: another one must not find it still writing.
    let result = running.end().await;
    end?;
    let outcome = match result {
        Ok(outcome) => outcome,
        Err(message) => {
            control.check()?;
            return Err(JobError::Failed(message));
        }
    };
    if outcome.reason == StopReason::Interrupted {
        control.check()?;
        let message = "it was stopped; take it up again to go on";
        return Err(JobError::Failed(message.to_owned()));
    }
    Ok(outcome)
}

/// Writes what happens until the trainer has nothing more to tell. The first failure stops it.
async fn record_events(
    app: &App,
    running: &mut Running,
    recorder: &mut Recorder,
    control: &JobControl,
) -> Result<(), JobError> {
    let stop = control.stopped();
    let mut failure = None;
    let mut due = Instant::now();
    loop {
        let waiting = recorder.has_news() && failure.is_none();
        tokio::select! {
            entry = running.events.recv() => match entry {
                Some(entry) if failure.is_none() => {
                    if !recorder.has_news() {
                        due = Instant::now() + BATCH_INTERVAL;
                    }
                    recorder.take(entry);
                    if !recorder.is_full() {
                        continue;
                    }
                }
                Some(_) => continue,
                None => break,
            },
            () = sleep_until(due), if waiting => {}
            () = stop.cancelled(), if !running.is_stopping() => {
                running.interrupt("the job was stopped");
                continue;
            }
        }
        due = Instant::now() + BATCH_INTERVAL;
        if let Err(error) = recorder.write(app).await {
            running.interrupt("what happens cannot be recorded");
            failure = Some(error);
        }
    }
    while failure.is_none() && recorder.has_news() {
        failure = recorder.write(app).await.err();
        if recorder.has_news() {
            sleep_until(Instant::now() + BATCH_INTERVAL).await;
        }
    }
    failure.map_or(Ok(()), Err)
}

impl From<ApiError> for JobError {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::Internal(cause) => Self::Failed(format!("{cause:#}")),
            ApiError::Invalid { message, fields } => {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|field| format!("{}: {}", field.field, field.message))
                    .collect();
                Self::Failed(if fields.is_empty() {
                    message
                } else {
                    fields.join("; ")
                })
            }
            other => Self::Failed(other.to_string()),
        }
    }
}
