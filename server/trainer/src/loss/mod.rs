//! Objectives: from the log-probabilities of labels to a loss and its gradient by each of them.
//!
//! An objective sees numbers only, never tensors or a model; the engine multiplies its gradient by
//! the unit gradients that the output head kept. Losses are sums divided by a normaliser that
//! covers the whole optimizer step, so that micro-batches add up to what one batch would give.
//!
//! # Adding an objective
//! 1. A struct that implements [`Objective`], or [`PairwiseLoss`] if it looks at one pair at a time:
//!    its formula and paper in the doc comment.
//! 2. Its word in `shared::training` (`Method` or `PreferenceLoss`) and its place in
//!    [`objective`].
//! 3. Tests of the gradient against finite differences in f64; and where TRL has the objective, its
//!    line in `tests/reference/losses.py`, which stores what TRL's own code finds.

mod dpo;
mod grpo;
mod kto;
mod metrics;
mod pairs;
mod reference_free;
mod reward;
mod sft;

use std::ops::Range;

use shared::training::{Method, TrainingConfig};

pub use dpo::Dpo;
pub use grpo::{Grpo, advantages};
pub(crate) use grpo::{deviation, mean};
pub use kto::Kto;
pub use metrics::{ClippedSums, PreferenceSums};
pub use pairs::{Pair, PairLoss, Pairwise, PairwiseLoss, Verdict};
pub use reference_free::{Orpo, Simpo};
pub use reward::BradleyTerry;
pub use sft::NegativeLogLikelihood;

/// What the model said about a micro-batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scored<'a> {
    /// The log-probabilities of the labels of all sequences, `[N]`, or for a reward model the scores
    /// of the sequences.
    pub logps: &'a [f32],
    /// For each sequence its part of `logps`.
    pub spans: &'a [Range<usize>],
    /// For each sequence the sum of its labels' log-probabilities under the reference model, where
    /// the objective needs one.
    pub reference: &'a [f64],
    /// For each sequence whether its answer is wanted, where examples have such a label.
    pub desirable: &'a [bool],
    /// For each pair of sequences what annotators said of it beyond its order; nothing where no pair
    /// has such.
    pub verdicts: &'a [Verdict],
    /// How far the model is from its reference, estimated on the examples of the whole step, where
    /// the objective needs it; a constant to the gradient.
    pub kl: f64,
    /// For each sequence how much better it is than the others of its group, where answers were drawn.
    pub advantages: &'a [f64],
    /// The log-probabilities of the labels under the reference model, `[N]`, where the objective needs
    /// each.
    pub token_reference: &'a [f32],
    /// The log-probabilities with which drawn labels were drawn, `[N]`; nothing where the model is still
    /// the one that drew them.
    pub drawn_logps: &'a [f32],
}

/// A loss and its gradient.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LossOutput {
    /// This micro-batch's part of the step's loss.
    pub loss: f64,
    /// The gradient of that by each log-probability, `[N]`.
    pub by_logp: Vec<f64>,
    /// What preference methods report.
    pub preference: Option<PreferenceSums>,
    /// How many drawn labels were clipped.
    pub clipped: ClippedSums,
}

/// What a run minimises.
pub trait Objective: Send + Sync {
    /// What the loss of a step is divided by, as counted in one micro-batch with sequences of so
    /// many labels each: tokens, pairs or examples.
    fn units(&self, labels: &[usize]) -> usize;

    /// Whether [`Scored::reference`] must be filled.
    fn needs_reference(&self) -> bool;

    /// Whether [`Scored::token_reference`] must be filled.
    fn needs_token_reference(&self) -> bool {
        false
    }

    /// Whether [`Scored::kl`] must be filled.
    fn needs_kl(&self) -> bool {
        false
    }

    /// The part of the loss that a micro-batch gives; `units` are those of the whole step.
    fn evaluate(&self, scored: &Scored<'_>, units: usize) -> LossOutput;
}

/// The objective that a configuration asks for.
pub fn objective(config: &TrainingConfig) -> Box<dyn Objective> {
    let beta = config.beta();
    match config.method {
        Method::Sft | Method::Pretrain => Box::new(NegativeLogLikelihood),
        Method::Dpo => Box::new(Pairwise(Dpo {
            loss: config.preference.loss,
            beta,
            label_smoothing: config.preference.label_smoothing,
            soft_labels: config.preference.soft_labels,
        })),
        Method::Orpo => Box::new(Pairwise(Orpo { beta })),
        Method::Simpo => Box::new(Pairwise(Simpo {
            beta,
            margin: config.preference.margin,
        })),
        Method::Reward => Box::new(Pairwise(BradleyTerry {
            centering: config.preference.centering,
            soft_labels: config.preference.soft_labels,
        })),
        Method::Grpo => Box::new(Grpo {
            loss: config.grpo.loss,
            kl_weight: config.grpo.kl_weight,
            clips: config.grpo.clips(),
            max_new_tokens: config.grpo.max_new_tokens,
        }),
        Method::Kto => Box::new(Kto {
            beta,
            weights: [
                config.preference.desirable_weight,
                config.preference.undesirable_weight,
            ],
        }),
    }
}
