//! A whole model forward and backward, without automatic differentiation.
//!
//! Where an adapter is trained the base is frozen, so the backward goes through it but computes no
//! gradient of it; otherwise it computes those of all weights ([`Gradients`]). A batch is rows of all its sequences, one after another, without padding,
//! and what several of them begin with is there once.
//! Losses are not known here: [`Model::score`] gives log-probabilities of labels and keeps, for
//! each, the gradient of that log-probability by the hidden state (the unit gradient); a loss then
//! only says how strongly each counts ([`Model::backward`]).
//!
//! | file | what it holds |
//! | --- | --- |
//! | `batch` | sequences packed into rows, with shared beginnings and labels |
//! | `model` | weights with what is derived from them; forward, score, backward of the whole |
//! | `block` | one block forward, saving what its backward needs |
//! | `block_backward` | its backward |
//! | `gradients` | where a backward adds what it finds |
//! | `linear` | a linear layer with its adapter, forward and backward |
//! | `decomposed` | the same where the adapter is weight-decomposed |
//! | `stretches` | the same where rows have different adapters |
//! | `head` | log-probabilities and unit gradients by vocabulary tiles |
//! | `reward` | a score for each sequence instead, as a reward model gives |
//! | `decode` | prefill and single steps over a key-value cache |
//!
//! # Adding an architecture
//! A switch in `ModelConfig`, the extra weights in `LayerWeights`, then the extra operation at its
//! place in `block`, `block_backward` and `decode`, and the slow form in `tests/oracle`.

mod batch;
mod block;
mod block_backward;
pub mod decode;
mod decomposed;
mod gradients;
mod head;
mod linear;
mod model;
mod reward;
mod stretches;
#[cfg(test)]
mod tests;

pub use batch::Batch;
pub use decode::KvCache;
pub use gradients::Gradients;
pub use head::Scores;
pub use model::{Model, Pass, Saved};
