//! The tiny models as a whole.

use std::path::Path;

use candle_core::Device;
use serde_json::Value;
use shared::training::{OptimizerConfig, Precision};
use trainer::adapter::{self, Adapter};
use trainer::data::TokenizedRow;
use trainer::engine::{Batch, Model, Pass};
use trainer::error::Result;
use trainer::loss::{NegativeLogLikelihood, Objective, Scored};
use trainer::model::{LoadedModel, load_in};
use trainer::ops::DropoutKey;
use trainer::optim::AdamW;

use crate::support::{BRAIN, FULL, close, fixture, gpu, read};

/// Models with their adapters. The base of the last is the first's.
const MODELS: [(&str, &str); 3] = [
    ("tiny-llama", "adapter-random"),
    ("tiny-llama", "dora-llama"),
    ("tiny-llama", "adapter-fresh"),
];

/// Models whose folders have no tokenizer take the first's.
pub(crate) const OTHERS: [&str; 4] = ["tiny-mistral", "tiny-qwen2", "tiny-qwen3", "tiny-gemma3"];

struct Scene {
    model: Model,
    adapter: Adapter,
}

impl Scene {
    fn new(name: &str, adapter: &str, precision: Precision, device: &Device) -> Self {
        let loaded = load(name, precision, device);
        let (adapter, _) = adapter::load(&fixture(adapter), &loaded.config, device).unwrap();
        let model = Model::new(loaded.config, loaded.weights);
        Self { model, adapter }
    }

    fn logits(&self, tokens: &[&[u32]]) -> Vec<f32> {
        let batch = Batch::unlabelled(tokens);
        let hidden = self.model.forward(Some(&self.adapter), &batch).unwrap();
        read(&self.model.logits(&hidden).unwrap())
    }

    /// The loss of completions; its gradients are those of `gradients`.
    fn learn(
        &self,
        rows: &[TokenizedRow],
        dropout: Option<DropoutKey>,
        gradients: &adapter::Gradients,
    ) -> Result<f64> {
        let batch = Batch::new(rows);
        let pass = Pass::new(&self.model, Some(&self.adapter))?.with_dropout(dropout);
        let saved = self.model.forward_saving(&pass, &batch)?;
        let scores = self.model.score(saved.hidden(), &batch, true)?;
        let scored = Scored {
            logps: &scores.logps(),
            spans: &batch.spans,
            ..Scored::default()
        };
        let output = NegativeLogLikelihood.evaluate(&scored, batch.labels.len());
        self.model
            .backward(&pass, &batch, saved, &scores, &output.by_logp, gradients)?;
        Ok(output.loss)
    }

    /// Losses of ten steps of AdamW, and the adapter afterwards.
    fn ten_steps(&self, rows: &[TokenizedRow]) -> Result<(Vec<f32>, Vec<f32>)> {
        let config = OptimizerConfig::default();
        let count = self.adapter.parameters();
        let mut optimizer = AdamW::new(&config, count, self.model.device())?;
        let mut losses = Vec::new();
        for step in 0..10 {
            let gradients = self.adapter.gradients()?;
            let dropout = DropoutKey {
                seed: 3,
                stream: step,
                share: 0.1,
            };
            losses.push(self.learn(rows, Some(dropout), &gradients)? as f32);
            optimizer.step(self.adapter.flat(), gradients.flat(), 1e-3)?;
        }
        Ok((losses, read(self.adapter.flat())))
    }

    /// Logits of each step of greedy answers to two prompts.
    fn greedy(&self, prompts: &[&[u32]]) -> (Vec<u32>, Vec<f32>) {
        let adapter = Some(&self.adapter);
        let (mut cache, logits) = self.model.prefill(adapter, prompts, 64).unwrap();
        let (mut logits, mut tokens, mut all) = (read(&logits), Vec::new(), Vec::new());
        for _ in 0..12 {
            let rows = logits.chunks(self.model.config.vocab_size);
            let next: Vec<(usize, u32)> = rows.map(best).enumerate().collect();
            tokens.extend(next.iter().map(|(_, token)| *token));
            all.append(&mut logits);
            logits = read(&self.model.step(adapter, &mut cache, &next).unwrap());
        }
        (tokens, all)
    }
}

fn best(logits: &[f32]) -> u32 {
    let places = (0u32..).zip(logits);
    places
        .max_by(|one, other| one.1.total_cmp(other.1))
        .unwrap()
        .0
}

/// A tiny model, with the tokenizer of the first where it has none.
pub(crate) fn load(name: &str, precision: Precision, device: &Device) -> LoadedModel {
    let folder = tempfile::tempdir().unwrap();
    for from in ["tiny-llama", name] {
        copy_files(&fixture(from), folder.path());
    }
    load_in(folder.path(), device, precision).unwrap()
}

fn copy_files(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

/// Rows of tokens that all tiny models know.
pub(crate) fn rows() -> Vec<TokenizedRow> {
    let text = std::fs::read_to_string(fixture("gradients.json")).unwrap();
    let values: Value = serde_json::from_str(&text).unwrap();
    let numbers = |value: &Value| -> Vec<u32> {
        let numbers = value.as_array().unwrap().iter();
        numbers.map(|one| one.as_u64().unwrap() as u32).collect()
    };
    let rows = values["sequences"].as_array().unwrap().iter();
    rows.map(|row| TokenizedRow {
        tokens: numbers(&row["ids"]),
        loss_mask: numbers(&row["mask"]).iter().map(|bit| *bit == 1).collect(),
    })
    .collect()
}

/// Calls `each` with every model on the processor and on the GPU, in either precision.
fn pairs(test: &str, models: &[(String, String)], each: impl Fn(&str, f64, [Scene; 2])) {
    let Some(gpu) = gpu(test) else {
        return;
    };
    for (precision, limit) in [(Precision::Full, FULL), (Precision::Brain, BRAIN)] {
        for (model, adapter) in models {
            let scenes =
                [&gpu, &Device::Cpu].map(|device| Scene::new(model, adapter, precision, device));
            each(
                &format!("{test}, {model}, {adapter}, {precision:?}"),
                limit,
                scenes,
            );
        }
    }
}

fn all_models() -> Vec<(String, String)> {
    let named = MODELS.map(|(model, adapter)| (model.to_owned(), adapter.to_owned()));
    let others = OTHERS.map(|name| (name.to_owned(), format!("{name}/adapter")));
    named.into_iter().chain(others).collect()
}

#[test]
fn logits_are_the_processors() {
    pairs("logits", &all_models(), |what, limit, [ours, theirs]| {
        let rows = rows();
        let tokens: Vec<&[u32]> = rows.iter().map(|row| row.tokens.as_slice()).collect();
        close(what, &ours.logits(&tokens), &theirs.logits(&tokens), limit);
    });
}

#[test]
fn losses_and_gradients_are_the_processors() {
    pairs("gradients", &all_models(), |what, limit, scenes| {
        let [ours, theirs] = scenes.map(|scene| {
            let gradients = scene.adapter.gradients().unwrap();
            let loss = scene.learn(&rows(), None, &gradients).unwrap();
            (vec![loss as f32], read(gradients.flat()))
        });
        close(&format!("loss of {what}"), &ours.0, &theirs.0, limit);
        close(what, &ours.1, &theirs.1, limit);
    });
}

#[test]
fn ten_steps_of_sft_with_dropout_are_the_processors() {
    pairs("ten steps", &all_models()[..3], |what, limit, scenes| {
        let [ours, theirs] = scenes.map(|scene| scene.ten_steps(&rows()).unwrap());
        close(&format!("losses of {what}"), &ours.0, &theirs.0, limit);
        // AdamW moves numbers whose gradients are nearly zero by their sign.
        close(what, &ours.1, &theirs.1, 10.0 * limit);
    });
}

#[test]
fn greedy_answers_are_the_processors() {
    pairs("answers", &all_models(), |what, limit, [ours, theirs]| {
        let rows = rows();
        let prompts: Vec<&[u32]> = rows.iter().map(|row| &row.tokens[..9]).collect();
        let (ours, theirs) = (ours.greedy(&prompts[..2]), theirs.greedy(&prompts[..2]));
        if limit <= FULL {
            assert_eq!(ours.0, theirs.0, "{what}");
            close(what, &ours.1, &theirs.1, limit);
        } else {
            // In bfloat16 near choices may differ, and what follows with them.
            let first = ours.1.len() / 12;
            close(what, &ours.1[..first], &theirs.1[..first], limit);
        }
    });
}
