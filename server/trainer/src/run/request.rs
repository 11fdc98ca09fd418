//! What a run is given, and what it hands back.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use shared::training::{RunEvent, StopReason, TrainingConfig};

use crate::data::TokenizedRow;
use crate::engine::Model;
use crate::error::{Result, TrainerError};
use crate::whole::WholeModel;

use super::draw::Drawer;
use super::evaluate::TaskEvaluation;
use super::examples::Examples;
use super::interrupter::Interrupter;
use super::training::Training;

/// Stack of the threads that compute.
const STACK_BYTES: usize = 16 << 20;

/// Everything a run needs.
pub struct TrainRequest<'a> {
    /// The settings. Paths in it are not opened, but for `adapter.initial`.
    pub config: &'a TrainingConfig,
    /// The base model, which the run computes with.
    pub model: &'a Model,
    /// Where all weights are trained, the one that `model` was made of, as it is before any step.
    pub whole: Option<&'a WholeModel>,
    /// The hash of its weights, so that no checkpoint is resumed on another base.
    pub model_hash: &'a str,
    /// What to learn from.
    pub train: Examples,
    /// What to measure the loss on, in the order of the file.
    pub validation: Option<Examples>,
    /// What to mix in against forgetting.
    pub general: Option<Examples>,
    /// General rows whose loss tells what the model forgets.
    pub general_validation: Option<Vec<TokenizedRow>>,
    /// How answers are generated and judged at evaluations.
    pub task: Option<TaskEvaluation<'a>>,
    /// How answers are drawn and rewarded, where that is what is learned from.
    pub drawer: Option<&'a dyn Drawer>,
    /// Rows that were cut, for [`RunEvent::Started`].
    pub truncated_rows: usize,
    /// Rows that were left out, for [`RunEvent::Started`].
    pub dropped_rows: usize,
    /// The folder for `checkpoints/` and `adapter/` or `model/`; made if it is not there.
    pub output: &'a Path,
    /// Whether to go on from the newest checkpoint in `output`, if there is one. Otherwise the
    /// run begins anew, and checkpoints that are there are removed.
    pub resume: bool,
    /// Time since any fixed moment; measures speed and duration only.
    pub clock: &'a (dyn Fn() -> Duration + Sync),
}

impl fmt::Debug for TrainRequest<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TrainRequest")
            .field("config", self.config)
            .field("output", &self.output)
            .field("resume", &self.resume)
            .finish_non_exhaustive()
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Why it ended.
    pub reason: StopReason,
    /// The last step made.
    pub step: usize,
    /// The step whose state was handed over: the best one or the last.
    pub adapter_step: usize,
    /// The folder with what was trained: an adapter in PEFT's format, or a model.
    pub folder: PathBuf,
    /// Seconds of training over all attempts, without loading.
    pub train_seconds: f64,
}

/// Trains an adapter and writes it to `adapter/` in the request's output folder, or all weights and
/// writes the model to `model/`.
///
/// Runs on threads of its own number (`config.threads`), and blocks until the end; `sink` sees
/// events in their order, from one of those threads. An interrupted run saves its state, hands
/// over what it has and returns with [`StopReason::Interrupted`].
///
/// # Errors
/// [`TrainerError::Config`] for settings and data that do not fit, [`TrainerError::Checkpoint`]
/// for a checkpoint of other settings or data, [`TrainerError::Io`] for a full disk or a folder
/// that cannot be written (the previous checkpoint is then still whole), and
/// [`TrainerError::Diverged`], after a warning, for a loss that is not finite.
pub fn train(
    request: TrainRequest<'_>,
    sink: &mut (dyn FnMut(RunEvent) + Send),
    interrupter: &Interrupter,
) -> Result<Outcome> {
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(request.config.threads)
        .stack_size(STACK_BYTES)
        .thread_name(|index| format!("trainer-{index}"))
        .build()
        .map_err(|error| TrainerError::Config {
            field: "threads",
            reason: error.to_string(),
        })?;
    threads.install(|| Training::new(request, sink, interrupter)?.run())
}
