//! Whole runs of a tiny model.

mod drawing;
mod failures;
mod learning;
mod resume;
mod whole;

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use candle_core::Device;
use shared::training::{
    AdapterConfig, BatchConfig, Lesson, Method, OptimizerConfig, RunEvent, ScheduleConfig,
    StepMetrics, TargetModule, TrainingConfig,
};

use self::drawing::EvenTokens;
use super::{Examples, Interrupter, Outcome, TaskEvaluation, TrainRequest, train};
use crate::data::{AskedRow, LabelledRow, TokenizedPair, TokenizedRow};
use crate::engine::Model;
use crate::error::Result;
use crate::model::load;
use crate::testing::{random_rows, tiny_config, tiny_model};
use crate::whole::WholeModel;

fn config(method: Method) -> TrainingConfig {
    TrainingConfig {
        method,
        adapter: AdapterConfig {
            rank: 4,
            alpha: 8.0,
            targets: TargetModule::ALL.to_vec(),
            ..AdapterConfig::default()
        }
        .into(),
        batch: BatchConfig {
            size: 2,
            ..BatchConfig::default()
        },
        optimizer: OptimizerConfig {
            learning_rate: Some(0.01),
            ..OptimizerConfig::default()
        },
        schedule: ScheduleConfig {
            warmup_steps: Some(0),
            ..ScheduleConfig::default()
        },
        threads: 2,
        ..TrainingConfig::default()
    }
}

fn rows(seed: u64) -> Vec<TokenizedRow> {
    random_rows(&tiny_config(), &[9, 14, 6, 20, 11], seed)
}

fn pairs(seed: u64) -> Vec<TokenizedPair> {
    rows(seed)
        .into_iter()
        .zip(rows(seed + 100))
        .map(|(chosen, other)| {
            let prompt = chosen
                .loss_mask
                .iter()
                .take_while(|learned| !**learned)
                .count();
            let rejected = TokenizedRow {
                tokens: [&chosen.tokens[..prompt], &other.tokens[prompt..]].concat(),
                loss_mask: other.loss_mask,
            };
            TokenizedPair {
                chosen,
                rejected,
                ..TokenizedPair::default()
            }
        })
        .collect()
}

fn examples(method: Method, seed: u64) -> Examples {
    match method.lesson() {
        Lesson::Answers => Examples::Rows(rows(seed)),
        Lesson::Texts => Examples::packed(rows(seed), 32),
        Lesson::Pairs | Lesson::Comparisons => Examples::Pairs(pairs(seed)),
        Lesson::Unpaired => Examples::Unpaired(labelled(seed)),
        Lesson::Prompts => Examples::Prompts(rows(seed).into_iter().map(asked).collect()),
    }
}

fn asked(prompt: TokenizedRow) -> AskedRow {
    AskedRow {
        prompt,
        ..AskedRow::default()
    }
}

/// Both sides of the pairs, the better ones first.
fn labelled(seed: u64) -> Vec<LabelledRow> {
    let row = |row, desirable| LabelledRow {
        row,
        beyond: Vec::new(),
        desirable,
    };
    let (better, worse): (Vec<_>, Vec<_>) = pairs(seed)
        .into_iter()
        .map(|pair| (row(pair.chosen, true), row(pair.rejected, false)))
        .unzip();
    [better, worse].concat()
}

/// A run of the tiny model on the data of `method`.
struct Run<'a> {
    config: &'a TrainingConfig,
    output: &'a Path,
    resume: bool,
    model_hash: &'a str,
    train: Examples,
    task: Option<TaskEvaluation<'a>>,
    /// Interrupt when this many steps were made.
    interrupt_after: Option<usize>,
}

impl<'a> Run<'a> {
    fn new(config: &'a TrainingConfig, output: &'a Path) -> Self {
        let train = examples(config.method, 1);
        Self {
            config,
            output,
            resume: false,
            model_hash: "tiny",
            train,
            task: None,
            interrupt_after: None,
        }
    }

    fn go(self) -> (Result<Outcome>, Vec<RunEvent>) {
        let ticks = Mutex::new(0u64);
        let clock = || {
            let mut ticks = ticks.lock().unwrap();
            *ticks += 1;
            Duration::from_millis(*ticks)
        };
        let whole = self
            .config
            .adapter
            .is_whole()
            .then(|| whole(self.config.method));
        let model = whole.as_ref().map_or_else(tiny_model, |whole| {
            let loaded = whole.loaded();
            Model::new(loaded.config.clone(), loaded.weights.clone())
        });
        let general = self.config.method.lesson() != Lesson::Prompts;
        let request = TrainRequest {
            config: self.config,
            model: &model,
            whole: whole.as_ref(),
            model_hash: self.model_hash,
            train: self.train,
            validation: Some(examples(self.config.method, 2)),
            general: general.then(|| examples(self.config.method, 3)),
            general_validation: self.config.method.writes_answers().then(|| rows(2)),
            task: self.task,
            drawer: Some(&EvenTokens { model: &model }),
            truncated_rows: 0,
            dropped_rows: 0,
            output: self.output,
            resume: self.resume,
            clock: &clock,
        };
        let interrupter = Interrupter::new();
        let mut events = Vec::new();
        let mut sink = |event: RunEvent| {
            if let RunEvent::Step(step) = &event
                && Some(step.step) == self.interrupt_after
            {
                interrupter.interrupt("a test");
            }
            events.push(event);
        };
        let outcome = train(request, &mut sink, &interrupter);
        (outcome, events)
    }
}

fn steps(events: &[RunEvent]) -> Vec<StepMetrics> {
    events
        .iter()
        .filter_map(|event| match event {
            RunEvent::Step(step) => Some(StepMetrics {
                tokens_per_second: 0.0,
                ..step.clone()
            }),
            _ => None,
        })
        .collect()
}

fn validation_losses(events: &[RunEvent]) -> Vec<f64> {
    events
        .iter()
        .filter_map(|event| match event {
            RunEvent::Evaluation(metrics) => metrics.validation_loss,
            _ => None,
        })
        .collect()
}

fn adapter_bytes(outcome: &Outcome) -> Vec<u8> {
    std::fs::read(outcome.folder.join("adapter_model.safetensors")).unwrap()
}

/// The tiny model to be trained whole, with the tokenizer of another.
fn whole(method: Method) -> WholeModel {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/fixtures/tiny-llama");
    let mut loaded = load(&path, &Device::Cpu).unwrap();
    let Model {
        config, weights, ..
    } = tiny_model();
    (loaded.config, loaded.weights) = (config, weights);
    if method.writes_answers() {
        WholeModel::new(loaded).unwrap()
    } else {
        WholeModel::with_score_head(loaded, 5).unwrap()
    }
}

fn model_bytes(outcome: &Outcome) -> Vec<u8> {
    std::fs::read(outcome.folder.join("model.safetensors")).unwrap()
}
