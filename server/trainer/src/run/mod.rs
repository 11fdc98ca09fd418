//! The training loop, evaluation, checkpoints, resuming.
//!
//! [`train`] takes everything it needs as arguments: no global clock, no global randomness. Equal
//! configurations, data and seeds give equal adapters, whatever the number of threads, and a run
//! that was stopped and resumed gives the same bytes as one that was not: what is drawn depends
//! only on the seed and on which step it is drawn for. Files beyond checkpoints and the adapter
//! are the caller's, who sees every event.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `request` | what a run is given, and what it hands back |
//! | `examples` | tokenized rows, pairs or labelled answers, and their digest |
//! | `order` | which examples make which step |
//! | `plan` | what is known of a run before it starts |
//! | `refusals` | what is refused before a run begins |
//! | `start` | where a run begins: fresh, or from a checkpoint |
//! | `learner` | what is trained, with its gradients |
//! | `training` | the loop |
//! | `step` | one optimizer step from micro-batches |
//! | `draw` | answers that the model draws, and their rewards |
//! | `rollout` | those answers, for as long as steps learn from them |
//! | `dropout` | what a step zeroes at random |
//! | `reference` | log-probabilities of the reference model |
//! | `kl` | how far the model is from its reference, for KTO |
//! | `evaluate` | validation loss and checks on generated answers |
//! | `progress` | the best so far, and stopping early |
//! | `health` | numbers that foretell a bad end |
//! | `handover` | writing what was trained |
//! | `checkpoint` | saving so that a crash leaves the old or the new state |
//!
//! # Adding something to the state of a run
//! Prefer what follows from seed and step. Otherwise a field of `checkpoint::State`, with a test
//! in `tests/resume` that fails without it.

mod checkpoint;
mod draw;
mod dropout;
mod evaluate;
mod examples;
mod handover;
mod health;
mod interrupter;
mod kl;
mod learner;
mod order;
mod plan;
mod progress;
mod reference;
mod refusals;
mod request;
mod rollout;
mod start;
mod step;
#[cfg(test)]
mod tests;
mod training;

pub use draw::{Draw, Drawer, Drawn};
pub use evaluate::{Answer, Answerer, Scorer, TaskEvaluation};
pub use examples::Examples;
pub use interrupter::Interrupter;
pub use plan::{Steps, count_steps, estimate_memory, trainable_parameters};
pub(crate) use plan::{base_parameters, drawn_at_once};
pub(crate) use refusals::check_trained;
pub use request::{Outcome, TrainRequest, train};
