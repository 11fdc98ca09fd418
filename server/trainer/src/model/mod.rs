//! A base model: its configuration, weights, tokenizer and chat template.

mod config;
mod weights;

pub use config::{ModelConfig, RopeScaling};
pub use weights::{LayerWeights, Weights};
