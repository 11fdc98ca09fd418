//! Objectives: from the log-probabilities of labels to a loss and its gradient by each of them.
//!
//! An objective sees numbers only, never tensors or a model; the engine multiplies its gradient by
//! the unit gradients that the output head kept. Losses are sums divided by a normaliser that
//! covers the whole optimizer step, so that micro-batches add up to what one batch would give.
//!
//! # Adding an objective
//! 1. A file with a struct that implements [`Objective`]: its formula and paper in the doc comment.
//! 2. Its word in `shared::training` (`Method` or `PreferenceLoss`) and its place in
//!    [`objective`].
//! 3. Tests of loss and gradient against the closed form and finite differences in f64.

mod dpo;
mod metrics;
mod sft;

use std::ops::Range;

use shared::training::{Method, PreferenceLoss, TrainingConfig};

pub use dpo::DpoSigmoid;
pub use metrics::PreferenceSums;
pub use sft::NegativeLogLikelihood;

/// What the model said about a micro-batch.
#[derive(Clone, Copy, Debug)]
pub struct Scored<'a> {
    /// The log-probabilities of the labels of all sequences, `[N]`.
    pub logps: &'a [f32],
    /// For each sequence its part of `logps`.
    pub spans: &'a [Range<usize>],
    /// For each sequence the sum of its labels' log-probabilities under the reference model, where
    /// the objective needs one.
    pub reference: &'a [f64],
}

/// A loss and its gradient.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LossOutput {
    /// This micro-batch's part of the step's loss.
    pub loss: f64,
    /// The gradient of that by each log-probability, `[N]`.
    pub by_logp: Vec<f32>,
    /// What preference methods report.
    pub preference: Option<PreferenceSums>,
}

/// What a run minimises.
pub trait Objective: Send + Sync {
    /// What the loss of a step is divided by, as counted in one micro-batch with sequences of so
    /// many labels each: tokens or pairs.
    fn units(&self, labels: &[usize]) -> usize;

    /// Whether [`Scored::reference`] must be filled.
    fn needs_reference(&self) -> bool;

    /// The part of the loss that a micro-batch gives; `units` are those of the whole step.
    fn evaluate(&self, scored: &Scored<'_>, units: usize) -> LossOutput;
}

/// The objective that a configuration asks for.
pub fn objective(config: &TrainingConfig) -> Box<dyn Objective> {
    match (config.method, config.preference.loss) {
        (Method::Sft, _) => Box::new(NegativeLogLikelihood),
        (Method::Dpo, PreferenceLoss::Sigmoid) => Box::new(DpoSigmoid {
            beta: config.preference.beta,
        }),
    }
}
