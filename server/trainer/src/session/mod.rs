//! From a configuration to a run: the model is loaded, the rows are read and tokenized.
//!
//! The command line and the server's jobs both begin here, so that the same configuration gives the
//! same run. What must not go in: where events go, and how answers are judged; both come in.

mod prepared;

use std::path::{Path, PathBuf};
use std::time::Duration;

use shared::training::{Lesson, Precision, RunEvent, Trained, TrainingConfig};

use crate::adapter::{self, Adapter};
use crate::data::{Row, TokenizedRow, read_rows};
use crate::device;
use crate::engine::Model;
use crate::error::{Result, TrainerError};
use crate::model::{LoadedModel, load_in};
use crate::run::{
    Drawer, Interrupter, Outcome, TaskEvaluation, TrainRequest, check_trained, drawn_at_once, train,
};
use crate::whole::WholeModel;

pub use prepared::{Part, Prepared};
use prepared::{imitated, nothing_to_learn, prepare};

/// A run that is ready to begin.
#[derive(Debug)]
pub struct Session {
    config: TrainingConfig,
    model: Model,
    loaded: LoadedModel,
    whole: Option<WholeModel>,
    train: Prepared,
    train_rows: Vec<Row>,
    reward_model: Option<Adapter>,
    validation: Option<Prepared>,
    validation_rows: Vec<Row>,
    general: Option<Prepared>,
    general_validation: Option<Vec<TokenizedRow>>,
}

/// Where a run writes, and whether it goes on from what is there.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// The folder for `checkpoints/` and `adapter/`.
    pub output: &'a Path,
    /// Whether to go on from the newest checkpoint there.
    pub resume: bool,
    /// Time since any fixed moment, for speed and duration.
    pub clock: &'a (dyn Fn() -> Duration + Sync),
}

impl std::fmt::Debug for Target<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Target")
            .field("output", &self.output)
            .field("resume", &self.resume)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Loads the model and reads and tokenizes every row that the configuration names.
    ///
    /// # Errors
    /// Whatever the model, a file of rows or the template is refused for, each by name;
    /// [`TrainerError::Config`] where no row is left to learn from.
    pub fn open(config: TrainingConfig) -> Result<Self> {
        let path = PathBuf::from(&config.model);
        Self::open_base(config, &path)
    }

    /// The same with the base model's files at `path`; `model` of the configuration is then its name,
    /// which goes into the adapter.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_base(config: TrainingConfig, path: &Path) -> Result<Self> {
        let device = device::open(&config.device)?;
        check_trained(&config, &device)?;
        let kept = match config.adapter {
            Trained::Adapter(_) => config.precision,
            Trained::AllWeights => Precision::Full,
        };
        let loaded = load_in(path, &device, kept)?;
        let (loaded, whole) = match config.adapter {
            Trained::Adapter(_) => (loaded, None),
            Trained::AllWeights => {
                let whole = if config.method.writes_answers() {
                    WholeModel::new(loaded)?
                } else {
                    WholeModel::with_score_head(loaded, config.seed)?
                };
                (whole.loaded().clone(), Some(whole))
            }
        };
        let mut model = Model::new(loaded.config.clone(), loaded.weights.clone());
        if config.precision == Precision::Brain {
            model = model.rounded();
        }
        let reward_model = reward_model(&config, &model)?;
        let mut train_rows = read_rows(Path::new(&config.data.train))?;
        let train = prepare(&config, &loaded, &train_rows, Part::Train)?;
        if train.examples.is_empty() {
            return Err(nothing_to_learn(&config, train_rows.len()));
        }
        let read = |path: &Option<String>| path.as_deref().map(|path| read_rows(Path::new(path)));
        let validation_rows = read(&config.data.validation).transpose()?;
        let general_rows = read(&config.data.general).transpose()?;
        let general_validation = read(&config.data.general_validation).transpose()?;
        let general_validation = general_validation
            .map(|rows| imitated(&config, &loaded, &rows))
            .transpose()?;
        let prepared = |rows: &Option<Vec<Row>>, part| {
            let rows = rows.as_ref();
            rows.map(|rows| prepare(&config, &loaded, rows, part))
        };
        let validation = prepared(&validation_rows, Part::Validation).transpose()?;
        let general = prepared(&general_rows, Part::General).transpose()?;
        let validation_rows = validation_rows.unwrap_or_default();
        // Only answers that are drawn are judged by what their rows say.
        if config.method.lesson() != Lesson::Prompts {
            train_rows = Vec::new();
        }
        Ok(Self {
            config,
            model,
            loaded,
            whole,
            train,
            train_rows,
            reward_model,
            validation,
            validation_rows,
            general,
            general_validation,
        })
    }

    /// The configuration.
    pub const fn config(&self) -> &TrainingConfig {
        &self.config
    }

    /// The base model, ready to compute.
    pub const fn model(&self) -> &Model {
        &self.model
    }

    /// The base model with its tokenizer and template.
    pub const fn loaded(&self) -> &LoadedModel {
        &self.loaded
    }

    /// The validation rows, as they stand in their file.
    pub fn validation_rows(&self) -> &[Row] {
        &self.validation_rows
    }

    /// The rows to learn from as they stand in their file, where their prompts are answered; else none.
    pub fn train_rows(&self) -> &[Row] {
        &self.train_rows
    }

    /// The adapter of the reward model, if the configuration names one that it uses.
    pub const fn reward_model(&self) -> Option<&Adapter> {
        self.reward_model.as_ref()
    }

    /// How many answers are drawn at once.
    pub fn drawn_at_once(&self) -> usize {
        drawn_at_once(&self.config)
    }

    /// The tokenized rows to learn from.
    pub const fn train_data(&self) -> &Prepared {
        &self.train
    }

    /// Trains. Blocks until the end; see [`train`]. Where all weights are trained, the model is then the
    /// trained one, so that a session trains once. `drawer` draws answers to the prompts of
    /// [`Self::train_rows`] and rewards them, where that is what is learned from.
    pub fn train(
        &self,
        target: Target<'_>,
        task: Option<TaskEvaluation<'_>>,
        drawer: Option<&dyn Drawer>,
        sink: &mut (dyn FnMut(RunEvent) + Send),
        interrupter: &Interrupter,
    ) -> Result<Outcome> {
        let request = TrainRequest {
            config: &self.config,
            model: &self.model,
            whole: self.whole.as_ref(),
            model_hash: &self.loaded.content_hash,
            train: self.train.examples.clone(),
            validation: self.validation.as_ref().map(|data| data.examples.clone()),
            general: self.general.as_ref().map(|data| data.examples.clone()),
            general_validation: self.general_validation.clone(),
            task,
            drawer,
            truncated_rows: self.train.truncated,
            dropped_rows: self.train.dropped,
            output: target.output,
            resume: target.resume,
            clock: target.clock,
        };
        train(request, sink, interrupter)
    }
}

/// The adapter of the reward model that rewards answers.
fn reward_model(config: &TrainingConfig, model: &Model) -> Result<Option<Adapter>> {
    let folder = config.grpo.reward_model.as_ref();
    let Some(folder) = folder.filter(|_| config.method.lesson() == Lesson::Prompts) else {
        return Ok(None);
    };
    let (adapter, found) = adapter::load(Path::new(folder), &model.config, model.device())?;
    if !found.shape.score_head {
        return Err(TrainerError::Config {
            field: "grpo.reward_model",
            reason: format!("{folder} writes answers: name the adapter of a reward model"),
        });
    }
    Ok(Some(adapter))
}

#[cfg(test)]
mod tests {
    use shared::training::Method;

    use super::*;
    use crate::run::Examples;

    const TEXT: &str = r#"{"text": "the quick brown fox jumps over the lazy dog"}"#;
    const ANSWER: &str = r#"{"prompt": "a", "completion": "the other one"}"#;

    /// A session on rows of both kinds, which are mixed in as well.
    fn session(method: Method, packing: Option<bool>) -> Session {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.jsonl");
        std::fs::write(&path, format!("{TEXT}\n{ANSWER}\n{TEXT}\n")).unwrap();
        let path = path.display().to_string();
        let model =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/fixtures/tiny-llama");
        let mut config = TrainingConfig {
            method,
            model: model.display().to_string(),
            ..TrainingConfig::default()
        };
        config.data.train.clone_from(&path);
        config.data.validation = Some(path.clone());
        config.data.general = Some(path);
        config.data.packing = packing;
        Session::open(config).unwrap()
    }

    fn count(prepared: Option<&Prepared>) -> (usize, usize) {
        let prepared = prepared.unwrap();
        (prepared.examples.len(), prepared.dropped)
    }

    #[test]
    fn texts_and_answers_are_mixed_in_with_each_other() {
        for (method, learned) in [(Method::Sft, 1), (Method::Pretrain, 2)] {
            let session = session(method, Some(false));
            let other = 3 - learned;
            assert_eq!(count(Some(&session.train)), (learned, other), "{method}");
            assert_eq!(count(session.validation.as_ref()), (learned, other));
            assert_eq!(count(session.general.as_ref()), (3, 0));
        }
    }

    #[test]
    fn what_is_learned_is_packed_and_what_is_measured_is_not() {
        let session = session(Method::Pretrain, None);
        assert_eq!(count(Some(&session.train)), (1, 1));
        assert_eq!(count(session.validation.as_ref()), (2, 1));
        assert_eq!(count(session.general.as_ref()), (1, 0));
        assert!(matches!(session.train.examples, Examples::Packs(_)));
    }
}
