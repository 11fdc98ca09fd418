//! Whole runs against the SFT and DPO trainers of TRL, from the adapter that PEFT initialised.

use std::path::Path;
use std::time::Duration;

use candle_core::Device;
use serde_json::Value;
use shared::training::{
    LearningRateSchedule, Lesson, Method, RunEvent, StepMetrics, TrainingConfig,
};
use trainer::adapter;
use trainer::data::{Encoder, Row};
use trainer::engine::Model;
use trainer::run::{Examples, Interrupter, Outcome, TrainRequest, train};

use crate::support::{fixture, json, numbers, relative_error, tensors, tiny};

/// Differences of the first ten steps and of all, by TRL's value.
const FIRST_TEN: f64 = 1e-5;
const ALL: f64 = 1e-3;

#[test]
fn twenty_steps_of_sft_are_trls() {
    compare(Method::Sft, "trajectory-sft");
}

#[test]
fn ten_steps_of_dpo_are_trls() {
    compare(Method::Dpo, "trajectory-dpo");
}

#[expect(clippy::print_stderr, reason = "the measured errors are worth seeing")]
fn compare(method: Method, name: &str) {
    let reference = json(&format!("{name}.json"));
    let folder = tempfile::tempdir().unwrap();
    let (steps, outcome) = run(&config(method, &reference), &reference, folder.path());
    let theirs = reference["steps"].as_array().unwrap();
    assert_eq!(steps.len(), theirs.len());
    let mut worst = [0.0_f64; 2];
    for (ours, theirs) in steps.iter().zip(theirs) {
        let tolerance = if ours.step <= 10 { FIRST_TEN } else { ALL };
        for (index, (key, ours)) in [("loss", ours.loss), ("grad_norm", ours.grad_norm)]
            .into_iter()
            .enumerate()
        {
            let error = (ours.unwrap() / theirs[key].as_f64().unwrap() - 1.0).abs();
            worst[index] = worst[index].max(error);
            assert!(error < tolerance, "{key}: {error}, {theirs}");
        }
        let rate = theirs["learning_rate"].as_f64().unwrap();
        assert!((ours.learning_rate - rate).abs() < 1e-12);
    }
    let error = adapter_error(&outcome.adapter, name);
    eprintln!(
        "{name}: loss {:.2e}, norm {:.2e}, adapter {error:.2e}",
        worst[0], worst[1]
    );
    assert!(error < ALL, "{error}");
}

/// The settings of TRL's run.
fn config(method: Method, reference: &Value) -> TrainingConfig {
    let settings = &reference["settings"];
    let number = |key: &str| settings[key].as_f64().unwrap();
    let count = |key: &str| usize::try_from(settings[key].as_u64().unwrap()).unwrap();
    let mut config = TrainingConfig {
        method,
        ..TrainingConfig::default()
    };
    config.data.shuffle = false;
    config.adapter.rank = 4;
    config.adapter.alpha = 8.0;
    config.adapter.initial = Some(fixture("adapter-fresh").display().to_string());
    config.batch.size = count("per_device_train_batch_size");
    config.batch.accumulation = count("gradient_accumulation_steps");
    config.batch.max_steps = Some(count("max_steps"));
    config.batch.epochs = 5.0;
    config.optimizer.learning_rate = Some(number("learning_rate"));
    config.optimizer.weight_decay = number("weight_decay");
    config.optimizer.max_grad_norm = number("max_grad_norm");
    let kind = settings["lr_scheduler_type"].as_str().unwrap();
    config.schedule.kind = LearningRateSchedule::try_from(kind.to_owned()).unwrap();
    config.schedule.warmup_steps = Some(count("warmup_steps"));
    config.preference.beta = settings["beta"].as_f64();
    config.evaluation.keep_best = false;
    config
}

fn run(config: &TrainingConfig, reference: &Value, output: &Path) -> (Vec<StepMetrics>, Outcome) {
    let loaded = tiny();
    let rows = reference["rows"].as_array().unwrap().iter().enumerate();
    let rows: Vec<Row> = rows
        .map(|(line, row)| Row::parse(line + 1, &row.to_string()).unwrap())
        .collect();
    let encoder = Encoder::new(&loaded, None, 96);
    let train_on = match config.method.lesson() {
        Lesson::Answers => Examples::Rows(encoder.rows(&rows).unwrap().rows),
        Lesson::Pairs => Examples::Pairs(encoder.pairs(&rows).unwrap().pairs),
    };
    let model = Model::new(loaded.config, loaded.weights);
    let request = TrainRequest {
        config,
        model: &model,
        model_hash: &loaded.content_hash,
        train: train_on,
        validation: None,
        general: None,
        task: None,
        truncated_rows: 0,
        dropped_rows: 0,
        output,
        resume: false,
        clock: &|| Duration::ZERO,
    };
    let mut steps = Vec::new();
    let mut sink = |event| {
        if let RunEvent::Step(metrics) = event {
            steps.push(metrics);
        }
    };
    let outcome = train(request, &mut sink, &Interrupter::new()).unwrap();
    (steps, outcome)
}

/// The largest difference of the trained adapters, by the largest number of each matrix.
fn adapter_error(folder: &Path, name: &str) -> f64 {
    let loaded = tiny();
    let (ours, _) = adapter::load(folder, &loaded.config, &Device::Cpu).unwrap();
    let bytes = adapter::to_safetensors(&ours).unwrap();
    let ours = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap();
    let theirs = tensors(&format!("{name}.safetensors"));
    let errors = theirs
        .iter()
        .map(|(name, theirs)| relative_error(&numbers(&ours[name.as_str()]), &numbers(theirs)));
    errors.fold(0.0, f64::max)
}
