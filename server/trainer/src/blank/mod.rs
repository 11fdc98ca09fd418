//! Blank models: random weights in a shape of choice, with a tokenizer that a model gives or that is
//! trained on texts; what pretraining from scratch begins with.
//!
//! A blank model is a folder like any other base, so that everything that takes a base takes it.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `vocabulary` | the tokenizer and template, given or trained |
//! | `weights` | the random numbers, as transformers draws them |
//!
//! What must not go in: training of weights.

mod vocabulary;
mod weights;

use std::path::Path;

use candle_core::Device;
use serde_json::Value;
use shared::blank::BlankShape;

use crate::durable;
use crate::error::{Result, TrainerError};
use crate::export::{Stored, write_folder};
use crate::model::{Activation, Architecture, LoadedModel, ModelConfig, load, read_config};
use crate::run::base_parameters;

pub use vocabulary::Vocabulary;

/// The standard deviation of random weights where a configuration names none; transformers' own.
const DEVIATION: f64 = 0.02;

/// What a blank model looks like.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Its shape, with the vocabulary's size and special tokens.
    config: ModelConfig,
    /// The standard deviation of its matrices.
    deviation: f64,
}

impl Plan {
    /// A Llama of some shape.
    ///
    /// # Errors
    /// [`TrainerError::Config`] for the first number that does not fit.
    pub fn of_shape(shape: &BlankShape, vocabulary: &Vocabulary) -> Result<Self> {
        if let Some(problem) = shape.problems().into_iter().next() {
            return Err(refuse(format!("{} {}", problem.field, problem.message)));
        }
        let head_dim = shape.hidden_size / shape.heads;
        let config = ModelConfig {
            architecture: Architecture::Llama,
            hidden_size: shape.hidden_size,
            intermediate_size: shape.intermediate_size,
            layers: shape.layers,
            heads: shape.heads,
            kv_heads: shape.kv_heads,
            head_dim,
            vocab_size: vocabulary.size(),
            rms_norm_eps: 1e-5,
            activation: Activation::Silu,
            embedding_scale: None,
            query_pre_attn_scalar: head_dim,
            rope_theta: 10_000.0,
            rope_scaling: None,
            tie_word_embeddings: true,
            max_position_embeddings: shape.context,
            sliding_window: None,
            bos_token_id: None,
            eos_token_ids: Vec::new(),
        };
        Ok(Self::new(config, vocabulary, DEVIATION))
    }

    /// The shape of a `config.json` of any architecture that is supported. Rows of the embedding beyond
    /// the vocabulary stay, special tokens are the vocabulary's.
    ///
    /// # Errors
    /// [`TrainerError::Model`] for a configuration that is not supported, [`TrainerError::Config`]
    /// where the vocabulary has more tokens than it says.
    pub fn read(path: &Path, vocabulary: &Vocabulary) -> Result<Self> {
        let config = read_config(path)?;
        if config.vocab_size < vocabulary.size() {
            return Err(refuse(format!(
                "{} has vocab_size = {}, but the tokenizer {} tokens: raise it to at least that, or \
                 choose a smaller tokenizer",
                path.display(),
                config.vocab_size,
                vocabulary.size()
            )));
        }
        let text = std::fs::read_to_string(path).map_err(|source| TrainerError::Io {
            action: "cannot read",
            path: path.to_path_buf(),
            source,
        })?;
        let json: Value = serde_json::from_str(&text).unwrap_or_default();
        let given = &json["initializer_range"];
        let deviation = if given.is_null() {
            Some(DEVIATION)
        } else {
            given.as_f64().filter(|deviation| *deviation > 0.0)
        };
        let deviation = deviation.ok_or_else(|| {
            let path = path.display();
            refuse(format!(
                "{path} has initializer_range = {given}, which must be a number above 0"
            ))
        })?;
        Ok(Self::new(config, vocabulary, deviation))
    }

    fn new(mut config: ModelConfig, vocabulary: &Vocabulary, deviation: f64) -> Self {
        config.bos_token_id = vocabulary.bos();
        config.eos_token_ids = vocabulary.stops().to_vec();
        Self { config, deviation }
    }

    /// How many weights it will have, of 32 bits each.
    pub fn parameters(&self) -> usize {
        base_parameters(&self.config)
    }

    /// Draws the weights, writes the model into a folder and reads it back. The folder is whole or not
    /// there; it must be empty or not be there before.
    ///
    /// # Errors
    /// [`TrainerError::Io`] or [`TrainerError::Model`] where the folder cannot be written.
    pub fn write(&self, vocabulary: &Vocabulary, seed: u64, folder: &Path) -> Result<LoadedModel> {
        let drawn = LoadedModel {
            path: folder.to_path_buf(),
            config: self.config.clone(),
            weights: weights::draw(&self.config, self.deviation, seed)?,
            tokenizer: vocabulary.tokenizer().clone(),
            template: vocabulary.template().clone(),
            // No file has been written that could be hashed.
            content_hash: String::new(),
        };
        durable::new_folder(folder, |folder| {
            write_folder(&drawn, Stored::Full, folder)?;
            durable::sync_files(folder)
        })?;
        // Not both at once in memory.
        drop(drawn);
        load(folder, &Device::Cpu)
    }
}

fn refuse(reason: String) -> TrainerError {
    TrainerError::Config {
        field: "shape",
        reason,
    }
}

#[cfg(test)]
mod tests;
