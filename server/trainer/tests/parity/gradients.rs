//! Losses and the gradient of every adapter matrix against torch's autograd in 64 bits.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use serde_json::Value;
use shared::training::{Precision, PreferenceLoss, TargetModule};
use trainer::adapter::{self, Adapter};
use trainer::data::{TokenizedPair, TokenizedRow};
use trainer::engine::{Batch, Model, Pass};
use trainer::loss::{Dpo, LossOutput, NegativeLogLikelihood, Objective, Pairwise, Scored};
use trainer::model::{LoadedModel, load_in};

use crate::support::{fixture, json, numbers, place, relative_error, row, tensors, tiny};

const TOLERANCE: f64 = 1e-5;
/// The same in bfloat16, whose numbers have 8 bits.
const BRAIN: f64 = 4e-2;

pub(crate) struct Scene {
    pub(crate) model: Model,
    pub(crate) adapter: Adapter,
}

impl Scene {
    pub(crate) fn new(loaded: LoadedModel, adapter: &Path) -> Self {
        let (adapter, _) = adapter::load(adapter, &loaded.config, &Device::Cpu).unwrap();
        let model = Model::new(loaded.config, loaded.weights);
        Self { model, adapter }
    }

    fn tiny() -> Self {
        Self::new(tiny(), &fixture("adapter-random"))
    }

    /// The loss over sequences as one batch, and the adapter's gradients.
    pub(crate) fn evaluate(
        &self,
        objective: &dyn Objective,
        rows: &[&TokenizedRow],
    ) -> (LossOutput, Adapter) {
        let batch = Batch::new(rows.iter().copied());
        let reference = if objective.needs_reference() {
            self.reference(&batch)
        } else {
            Vec::new()
        };
        let pass = Pass::new(&self.model, Some(&self.adapter)).unwrap();
        let saved = self.model.forward_saving(&pass, &batch).unwrap();
        let scores = self.model.score(saved.hidden(), &batch, true).unwrap();
        let labels: Vec<usize> = batch.spans.iter().map(ExactSizeIterator::len).collect();
        let output = objective.evaluate(
            &Scored {
                logps: &scores.logps(),
                spans: &batch.spans,
                reference: &reference,
                ..Scored::default()
            },
            objective.units(&labels),
        );
        let gradients = self.adapter.gradients().unwrap();
        self.model
            .backward(&pass, &batch, saved, &scores, &output.by_logp, &gradients)
            .unwrap();
        (output, self.as_adapter(gradients.flat()))
    }

    /// The sums of the base model, which is the reference.
    fn reference(&self, batch: &Batch) -> Vec<f64> {
        let hidden = self.model.forward(None, batch).unwrap();
        let logps = self.model.score(&hidden, batch, false).unwrap().logps();
        let sum = |span: &std::ops::Range<usize>| {
            let span = &logps[span.clone()];
            span.iter().map(|logp| f64::from(*logp)).sum()
        };
        batch.spans.iter().map(sum).collect()
    }

    /// Gradients are laid out like the adapter, so that its names serve for both.
    fn as_adapter(&self, flat: &Tensor) -> Adapter {
        let shape = self.adapter.shape().clone();
        Adapter::from_values(&self.model.config, shape, numbers(flat), &Device::Cpu).unwrap()
    }
}

#[test]
fn the_loss_of_completions_and_its_gradients_are_torchs() {
    let values = json("gradients.json");
    let rows = values["sequences"].as_array().unwrap().iter().map(row);
    let rows: Vec<TokenizedRow> = rows.collect();
    let rows: Vec<&TokenizedRow> = rows.iter().collect();
    let (output, gradients) = Scene::tiny().evaluate(&NegativeLogLikelihood, &rows);
    check_loss(output.loss, &values["losses"]["sft.f64"]);
    check_gradients(&gradients, "sft", TOLERANCE);
    let path = fixture("tiny-llama");
    let brain = load_in(&path, &Device::Cpu, Precision::Brain).unwrap();
    let brain = Scene::new(brain, &fixture("adapter-random"));
    let (_, gradients) = brain.evaluate(&NegativeLogLikelihood, &rows);
    check_gradients(&gradients, "sft", BRAIN);
}

#[test]
fn the_loss_of_pairs_its_metrics_and_gradients_are_trls() {
    let values = json("gradients.json");
    let dpo = &values["dpo"];
    let pairs = dpo["pairs"].as_array().unwrap().iter();
    let pairs: Vec<TokenizedPair> = pairs
        .map(|pair| TokenizedPair {
            chosen: row(&pair["chosen"]),
            rejected: row(&pair["rejected"]),
            ..TokenizedPair::default()
        })
        .collect();
    let rows: Vec<&TokenizedRow> = pairs
        .iter()
        .flat_map(|pair| [&pair.chosen, &pair.rejected])
        .collect();
    let beta = dpo["beta"].as_f64().unwrap();
    let objective = Pairwise(Dpo {
        loss: PreferenceLoss::Sigmoid,
        beta,
        label_smoothing: 0.0,
        soft_labels: false,
    });
    let (output, gradients) = Scene::tiny().evaluate(&objective, &rows);
    check_loss(output.loss, &values["losses"]["dpo.f64"]);
    check_gradients(&gradients, "dpo", TOLERANCE);
    let metrics = output.preference.unwrap().metrics();
    for (name, ours) in [
        ("rewards/chosen", metrics.rewards_chosen),
        ("rewards/rejected", metrics.rewards_rejected),
        ("rewards/margins", metrics.rewards_margins),
        ("rewards/accuracies", metrics.rewards_accuracies),
        ("logps/chosen", metrics.logps_chosen),
        ("logps/rejected", metrics.logps_rejected),
    ] {
        let theirs = dpo["metrics"][name].as_f64().unwrap();
        // TRL computes in 32 bits; rewards are small differences of large sums.
        let ours = ours.unwrap();
        assert!((ours - theirs).abs() < 2e-5, "{name}: {ours} {theirs}");
    }
}

pub(crate) fn check_loss(ours: f64, theirs: &Value) {
    let theirs = theirs.as_f64().unwrap();
    assert!((ours / theirs - 1.0).abs() < TOLERANCE, "{ours} {theirs}");
}

#[expect(clippy::print_stderr, reason = "the measured errors are worth seeing")]
fn check_gradients(ours: &Adapter, kind: &str, tolerance: f64) {
    let reference = tensors("gradients.safetensors");
    let mut worst = (0.0_f64, 0.0_f64);
    for layer in 0..2 {
        for &target in TargetModule::ALL {
            let (a, b) = ours.matrices(layer, target).unwrap().unwrap();
            for (matrix, gradient) in [("lora_A", a), ("lora_B", b)] {
                let name = format!("{}.{matrix}.weight", place(layer, target));
                let exact = tensor(&reference, &format!("{kind}.f64.{name}"));
                let torch = tensor(&reference, &format!("{kind}.f32.{name}"));
                let error = relative_error(&numbers(&gradient), &exact);
                assert!(error < tolerance, "{name}: {error}");
                worst = (
                    worst.0.max(error),
                    worst.1.max(relative_error(&torch, &exact)),
                );
            }
        }
    }
    eprintln!(
        "{kind}: ours {:.2e} (limit {tolerance:.0e}), torch in 32 bits {:.2e}",
        worst.0, worst.1
    );
}

fn tensor(all: &HashMap<String, Tensor>, name: &str) -> Vec<f32> {
    numbers(&all[name].to_dtype(candle_core::DType::F32).unwrap())
}
