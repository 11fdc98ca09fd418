//! The trainer: fine-tunes a language model and samples from it, in process, on candle.
//!
//! A library without tokio, axum or sqlx: it takes a configuration, data, an event sink and an
//! interrupter, and knows nothing of projects, users or databases.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`data`] | rows, chat template, tokens with their loss mask, the order of batches |
//! | [`model`] | configuration, weights and tokenizer of a base model, from safetensors or GGUF |
//! | [`device`] | where to compute, by name |
//! | [`adapter`] | LoRA weights; reading and writing PEFT's format |
//! | [`blank`] | models with random weights, to be pretrained from scratch |
//! | [`whole`] | all weights of a model, to be trained without an adapter |
//! | [`ops`] | the kernels: forward and backward of each operation |
//! | [`engine`] | a whole model forward and backward, without automatic differentiation |
//! | [`loss`] | objectives: from token log-probabilities to a loss and its gradient |
//! | [`optim`] | AdamW, clipping, schedules |
//! | [`run`] | the training loop, evaluation, checkpoints, resuming |
//! | [`session`] | from a configuration to a run |
//! | [`export`] | a trained model in the forms that other programs read |
//! | [`generate`] | batched sampling with a key-value cache |
//!
//! How close it comes to transformers, PEFT and TRL is in `PARITY.md`, beside this crate's `src`.
//!
//! Shapes are written `[rows, columns]`, row-major. Everything is 32-bit floating point unless a
//! name says otherwise.

pub mod adapter;
pub mod blank;
pub mod data;
pub mod device;
mod durable;
pub mod engine;
pub mod error;
pub mod export;
pub mod generate;
pub mod loss;
pub mod model;
pub mod ops;
pub mod optim;
pub mod run;
pub mod session;
#[cfg(test)]
mod testing;
pub mod whole;

pub use error::TrainerError;
