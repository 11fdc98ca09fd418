//! All weights trained: the gradient of each against torch's autograd in 64 bits, and whole runs
//! against TRL's trainers.

use std::collections::HashMap;

use candle_core::{Device, Tensor};
use shared::training::{Method, Trained};
use trainer::data::TokenizedRow;
use trainer::engine::{Batch, Model, Pass};
use trainer::loss::{NegativeLogLikelihood, Objective, Scored};
use trainer::model::{LoadedModel, named_tensors};
use trainer::whole::WholeModel;

use crate::architectures::model_of;
use crate::gradients::check_loss;
use crate::support::{fixture, json, numbers, relative_error, row, tensors, tiny};
use crate::trajectory::{compare, config, limits, run};

const TOLERANCE: f64 = 1e-5;
/// Of a matrix every third row is kept, beside the norm of all of it.
const STEP: usize = 3;

fn loaded(name: &str) -> LoadedModel {
    match name {
        "llama" => tiny(),
        name => model_of(name),
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "the measured errors are worth seeing")]
fn the_gradients_of_all_weights_are_torchs() {
    let rows = json("gradients.json");
    let rows = rows["sequences"].as_array().unwrap().iter().map(row);
    let rows: Vec<TokenizedRow> = rows.collect();
    for name in ["llama", "mistral", "qwen2", "qwen3", "gemma3"] {
        let whole = WholeModel::new(loaded(name)).unwrap();
        let LoadedModel {
            config, weights, ..
        } = whole.loaded().clone();
        let model = Model::new(config, weights);
        let batch = Batch::new(&rows);
        let pass = Pass::new(&model, None).unwrap();
        let saved = model.forward_saving(&pass, &batch).unwrap();
        let scores = model.score(saved.hidden(), &batch, true).unwrap();
        let labels: Vec<usize> = batch.spans.iter().map(ExactSizeIterator::len).collect();
        let objective = NegativeLogLikelihood;
        let output = objective.evaluate(
            &Scored {
                logps: &scores.logps(),
                spans: &batch.spans,
                ..Scored::default()
            },
            objective.units(&labels),
        );
        let gradients = whole.gradients().unwrap();
        model
            .backward(
                &pass,
                &batch,
                saved,
                &scores,
                &output.by_logp,
                gradients.weights(),
            )
            .unwrap();
        let told = &json("full.json")[name];
        check_loss(output.loss, &told["loss"]);
        let named: HashMap<_, _> = named_tensors(gradients.weights())
            .unwrap()
            .into_iter()
            .collect();
        let theirs = tensors(&format!("full-{name}.safetensors"));
        assert_eq!(named.len(), theirs.len(), "{name}");
        let mut worst = 0.0_f64;
        for (key, theirs) in theirs {
            let ours = &named[&key];
            let error = relative_error(&numbers(&kept(ours)), &numbers(&theirs));
            assert!(error < TOLERANCE, "{name}: {key}: {error}");
            let norm = norm(ours) / told["norms"][key.as_str()].as_f64().unwrap();
            assert!((norm - 1.0).abs() < TOLERANCE, "{name}: {key}: norm {norm}");
            worst = worst.max(error).max((norm - 1.0).abs());
        }
        eprintln!("{name}: gradients of all weights {worst:.2e}");
    }
}

/// The rows that the script kept.
fn kept(weight: &Tensor) -> Tensor {
    match weight.dims() {
        [rows, _] if *rows > STEP => {
            let rows: Vec<u32> = (0..*rows as u32).step_by(STEP).collect();
            let rows = Tensor::new(rows, &Device::Cpu).unwrap();
            weight.contiguous().unwrap().index_select(&rows, 0).unwrap()
        }
        _ => weight.clone(),
    }
}

fn norm(weight: &Tensor) -> f64 {
    let squares = numbers(weight).into_iter().map(|x| f64::from(x).powi(2));
    squares.sum::<f64>().sqrt()
}

#[test]
fn ten_steps_of_sft_are_trls() {
    whole_run(Method::Sft, "full-trajectory-sft");
}

#[test]
fn ten_steps_of_dpo_are_trls() {
    whole_run(Method::Dpo, "full-trajectory-dpo");
}

#[test]
fn ten_steps_of_kto_are_trls() {
    whole_run(Method::Kto, "full-trajectory-kto");
}

#[test]
fn ten_steps_of_a_reward_model_are_trls() {
    whole_run(Method::Reward, "full-trajectory-reward");
}

#[test]
fn ten_steps_of_grpo_are_trls() {
    whole_run(Method::Grpo, "full-trajectory-grpo");
}

#[expect(clippy::print_stderr, reason = "the measured errors are worth seeing")]
fn whole_run(method: Method, name: &str) {
    let reference = json(&format!("{name}.json"));
    let mut config = config(method, &reference);
    config.adapter = Trained::AllWeights;
    let whole = if method == Method::Reward {
        let mut loaded = tiny();
        let score = &tensors(&format!("{name}.safetensors"))["score.initial"];
        loaded.weights.score = Some(score.clone().into());
        WholeModel::new(loaded).unwrap()
    } else {
        WholeModel::new(tiny()).unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let (steps, outcome) = run(
        &config,
        whole.loaded(),
        Some(&whole),
        &reference,
        folder.path(),
    );
    compare(&steps, &reference, name, limits(config.precision));
    let file = outcome.folder.join("model.safetensors");
    let ours = candle_core::safetensors::load(file, &Device::Cpu).unwrap();
    let norms = reference["norms"].as_object().unwrap();
    assert_eq!(ours.len(), norms.len());
    let errors = norms
        .iter()
        .map(|(key, theirs)| (norm(&ours[key.as_str()]) / theirs.as_f64().unwrap() - 1.0).abs());
    let mut worst = errors.fold(0.0, f64::max);
    if fixture(&format!("{name}.safetensors")).is_file() {
        for (key, theirs) in tensors(&format!("{name}.safetensors")) {
            if let Some(ours) = ours.get(&key) {
                worst = worst.max(relative_error(&numbers(&kept(ours)), &numbers(&theirs)));
            }
        }
    }
    eprintln!("{name}: weights {worst:.2e}");
    assert!(worst < limits(config.precision)[1], "{worst}");
}
