//! Events to the database, in batches.

use std::{io, path::PathBuf};

use shared::{
    ids::RunId,
    run::NumberedEvent,
    training::{EvaluationMetrics, RunEvent, StepMetrics},
};
use store::{
    StoreError, Tx,
    jobs::{self, Lease},
    run_events,
    runs::{self, Advance, RunRecord},
};

use super::journal::{Entry, unknown_entries};
use crate::{app::App, jobs::JobError, services::row_batches::count};

/// Events that are written without waiting for more.
const BATCH: usize = 100;

/// Failures in a row after which a run is stopped. Until then events wait.
const PATIENCE: u32 = 25;

/// Writes the events of one attempt.
#[derive(Debug)]
pub(super) struct Recorder {
    run_id: RunId,
    attempt: i64,
    lease: Lease,
    seq: i64,
    waiting: Vec<Entry>,
    advance: Advance,
    /// Tokens of this attempt's steps and the seconds that they took.
    speed: (f64, f64),
    failures: u32,
    journal: PathBuf,
    /// Whether what earlier attempts could not record is among what waits, or recorded.
    caught_up: bool,
}

impl Recorder {
    /// Goes on behind the last event of the run.
    pub(super) async fn begin(
        app: &App,
        record: &RunRecord,
        (attempt, lease): (i64, Lease),
        journal: PathBuf,
    ) -> Result<Self, StoreError> {
        let summary = &record.summary;
        let mut tx = app.store.read().await?;
        Ok(Self {
            run_id: summary.id,
            attempt,
            lease,
            seq: run_events::last_seq(&mut tx, summary.id).await?,
            waiting: Vec::new(),
            advance: Advance {
                step: summary.step,
                total_steps: summary.total_steps,
                loss: summary.loss,
                validation_loss: summary.validation_loss,
                best_validation_loss: summary.best_validation_loss,
                tokens_per_second: None,
            },
            speed: (0.0, 0.0),
            failures: 0,
            journal,
            caught_up: false,
        })
    }

    /// Takes an event in.
    pub(super) fn take(&mut self, entry: Entry) {
        self.waiting.push(entry);
    }

    pub(super) const fn has_news(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether it should be written at once. After a failure there is time.
    pub(super) const fn is_full(&self) -> bool {
        self.waiting.len() >= BATCH && self.failures == 0
    }

    /// Puts first what earlier attempts told and could not record. With the first event of this
    /// attempt the folder is its own, so nobody adds to it any more.
    async fn catch_up(&mut self, app: &App) -> Result<(), StoreError> {
        let mut tx = app.store.read().await?;
        let known = run_events::count_by_attempt(&mut tx, self.run_id).await?;
        drop(tx);
        let (path, attempt) = (self.journal.clone(), self.attempt);
        let read = move || unknown_entries(&path, attempt, known.into_iter().collect());
        let unknown = tokio::task::spawn_blocking(read).await;
        match unknown.map_err(io::Error::other).flatten() {
            Ok(unknown) => drop(self.waiting.splice(..0, unknown)),
            Err(error) => tracing::warn!(%error, "cannot read the journal of a run"),
        }
        self.caught_up = true;
        Ok(())
    }

    /// Writes what waits. A database that fails for a moment is tried again later.
    pub(super) async fn write(&mut self, app: &App) -> Result<(), JobError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        match self.try_write(app).await {
            Ok(true) => {
                app.news.tell();
                Ok(())
            }
            Ok(false) => Err(JobError::LeaseLost),
            Err(error) => {
                self.failures += 1;
                tracing::warn!(%error, failures = self.failures, "cannot record a run's events");
                if self.failures > PATIENCE {
                    return Err(error.into());
                }
                Ok(())
            }
        }
    }

    /// One transaction; false if the job is not this runner's any more.
    async fn try_write(&mut self, app: &App) -> Result<bool, StoreError> {
        if !self.caught_up {
            self.catch_up(app).await?;
        }
        let mut tx = app.store.write().await?;
        let (mut advance, mut speed, mut seq) = (self.advance, self.speed, self.seq);
        for entry in &self.waiting {
            seq += 1;
            self.prepare(&mut tx, (&mut advance, &mut speed), entry)
                .await?;
            let numbered = NumberedEvent {
                seq,
                attempt: entry.attempt,
                at: entry.at,
                event: entry.event.clone(),
            };
            run_events::insert(&mut tx, self.run_id, &numbered).await?;
        }
        let (tokens, seconds) = speed;
        advance.tokens_per_second = (seconds > 0.0).then(|| tokens / seconds);
        runs::advance(&mut tx, self.run_id, &advance).await?;
        let (progress, message) = progress(&advance);
        if !jobs::set_progress(&mut tx, self.lease, progress, &message).await? {
            return Ok(false);
        }
        tx.commit().await?;
        (self.advance, self.speed, self.seq) = (advance, speed, seq);
        self.waiting.clear();
        self.failures = 0;
        Ok(true)
    }

    /// What an event changes beside being there.
    async fn prepare(
        &self,
        tx: &mut Tx,
        (advance, speed): (&mut Advance, &mut (f64, f64)),
        entry: &Entry,
    ) -> Result<(), StoreError> {
        match &entry.event {
            RunEvent::Started {
                total_steps,
                from_step,
                ..
            } => {
                let from_step = count(*from_step);
                run_events::supersede(tx, self.run_id, entry.attempt, from_step).await?;
                let (loss, evaluations) = run_events::measurements(tx, self.run_id).await?;
                *advance = Advance {
                    step: from_step,
                    total_steps: Some(count(*total_steps)),
                    loss,
                    ..Advance::default()
                };
                for metrics in &evaluations {
                    note_evaluation(advance, metrics);
                }
            }
            RunEvent::Step(metrics) => note_step(advance, speed, metrics),
            RunEvent::Evaluation(metrics) => note_evaluation(advance, metrics),
            _ => {}
        }
        Ok(())
    }
}

fn note_step(advance: &mut Advance, speed: &mut (f64, f64), metrics: &StepMetrics) {
    advance.step = count(metrics.step);
    advance.loss = metrics.loss;
    if metrics.tokens_per_second > 0.0 {
        let tokens = metrics.tokens as f64;
        speed.0 += tokens;
        speed.1 += tokens / metrics.tokens_per_second;
    }
}

fn note_evaluation(advance: &mut Advance, metrics: &EvaluationMetrics) {
    let Some(loss) = metrics.validation_loss else {
        return;
    };
    advance.validation_loss = Some(loss);
    // What training begins with is measured, but is no result of it.
    if metrics.step > 0 {
        let best = advance.best_validation_loss.unwrap_or(f64::INFINITY);
        advance.best_validation_loss = Some(best.min(loss));
    }
}

fn progress(advance: &Advance) -> (Option<f64>, String) {
    let Some(total) = advance.total_steps.filter(|total| *total > 0) else {
        return (None, String::new());
    };
    let loss = advance
        .loss
        .map_or_else(String::new, |loss| format!(", loss {loss:.3}"));
    let share = advance.step as f64 / total as f64;
    (
        Some(share.clamp(0.0, 1.0)),
        format!("step {} of {total}{loss}", advance.step),
    )
}
