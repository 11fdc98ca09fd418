//! Batched sampling with a key-value cache.
//!
//! A [`GenerateRequest`] is tokens in, and a [`Generated`] is text out; rendering conversations is
//! `data`'s business and computing logits the engine's, behind [`Decoder`]. Every request draws
//! from a random source of its own, so what it is answered does not depend on what else is asked
//! at the same time. Requests of one batch can be for different adapters on one base.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `request` | what is asked, and what comes back |
//! | `sample` | from logits to a token |
//! | `answer` | one growing answer: tokens to text, stop texts, the end |
//! | `decoder` | what sampling needs of an engine |
//! | `generator` | batches by length, the loop |
//! | `judge` | scores of answers by a reward model |
//! | `rewards` | what answers are worth, by a reward model and by checks |
//! | `rows` | answers to the prompts of rows, for evaluations while training and to learn from |
//!
//! # Adding a way to sample
//! A field of [`Sampling`] whose default changes nothing, its step in `sample` in the order that
//! transformers applies it, and a test of the probabilities that are left.

mod answer;
mod decoder;
mod generator;
mod judge;
mod request;
mod rewards;
mod rows;
mod sample;

pub use decoder::{Decoder, ModelDecoder, Prompt};
pub use generator::Generator;
pub use judge::{Judge, best_of};
pub use request::{FinishReason, GenerateRequest, Generated, Sampling};
pub use rewards::Rewards;
pub use rows::RowAnswerer;
pub use sample::Sampler;
