//! `config.json` to [`ModelConfig`], and the settings that are refused.

use std::path::Path;

use serde_json::Value;

use super::file::ConfigFile;
use super::rope::Rotation;
use crate::error::Result;
use crate::model::reason::refuse;
use crate::model::{Activation, Architecture, ModelConfig, SlidingWindow};

/// Settings that must have this value, or be absent or null, because anything else changes what the
/// model computes in a way that is not implemented.
const REQUIRED: [(&str, Required); 8] = [
    ("hidden_act", Required::Text("silu")),
    ("attention_bias", Required::False),
    ("mlp_bias", Required::False),
    ("use_sliding_window", Required::False),
    ("pretraining_tp", Required::Number(1.0)),
    ("partial_rotary_factor", Required::Number(1.0)),
    ("quantization_config", Required::Absent),
    ("layer_types", Required::Every("full_attention")),
];

/// The window of a Mistral whose file names none.
const WINDOW: usize = 4096;

enum Required {
    Text(&'static str),
    Number(f64),
    False,
    Absent,
    /// A list that repeats one text.
    Every(&'static str),
}

impl Required {
    fn accepts(&self, value: &Value) -> bool {
        match self {
            Self::Text(text) => value == text,
            Self::Number(number) => value.as_f64() == Some(*number),
            Self::False => value == &Value::Bool(false),
            Self::Absent => false,
            Self::Every(text) => {
                let list = value.as_array();
                list.is_some_and(|list| list.iter().all(|one| one == text))
            }
        }
    }
}

/// Reads a `config.json`; `path` is for errors.
pub(super) fn parse(path: &Path, json: &Value) -> Result<ModelConfig> {
    let file = ConfigFile { path, json };
    let architecture = file.architecture()?;
    file.check_supported()?;
    let (hidden_size, heads) = (
        file.count("hidden_size")?,
        file.count("num_attention_heads")?,
    );
    let layers = file.count("num_hidden_layers")?;
    let head_dim = file.count_or("head_dim", hidden_size / heads.max(1))?;
    let Rotation { theta, scaling } = file.rotation(10_000.0)?;
    let config = ModelConfig {
        architecture,
        hidden_size,
        intermediate_size: file.count("intermediate_size")?,
        layers,
        heads,
        kv_heads: file.count_or("num_key_value_heads", heads)?,
        head_dim,
        vocab_size: file.count("vocab_size")?,
        rms_norm_eps: file.number_or("rms_norm_eps", 1e-6)?,
        activation: Activation::Silu,
        embedding_scale: None,
        query_pre_attn_scalar: head_dim,
        rope_theta: theta,
        rope_scaling: scaling,
        tie_word_embeddings: file.get("tie_word_embeddings").and_then(Value::as_bool) == Some(true),
        max_position_embeddings: file.count_or("max_position_embeddings", 2048)?,
        sliding_window: file.sliding_window(architecture, layers)?,
        bos_token_id: token_ids(file.get("bos_token_id")).first().copied(),
        eos_token_ids: token_ids(file.get("eos_token_id")),
    };
    config.check().map_err(|reason| refuse(path, reason))?;
    Ok(config)
}

/// Adds the stop tokens of a `generation_config.json`, which often names more than `config.json`.
pub(super) fn add_stop_tokens(config: &mut ModelConfig, generation: Option<Value>) {
    let generation = generation.unwrap_or_default();
    for id in token_ids(generation.get("eos_token_id")) {
        config.add_stop_token(id);
    }
}

/// A token id or a list of them.
fn token_ids(value: Option<&Value>) -> Vec<u32> {
    let one = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
    match value {
        Some(Value::Array(ids)) => ids.iter().filter_map(one).collect(),
        Some(value) => one(value).into_iter().collect(),
        None => Vec::new(),
    }
}

impl ConfigFile<'_> {
    fn architecture(&self) -> Result<Architecture> {
        let named = self.get("architectures");
        let known = Architecture::ALL
            .into_iter()
            .find(|one| named == Some(&serde_json::json!([one.class()])));
        let Some(architecture) = known else {
            let named = named.map_or_else(|| "none".to_owned(), ToString::to_string);
            return Err(self.refuse(format!(
                "its architectures are {named}; only {} are supported",
                Architecture::ALL.map(Architecture::class).join(", ")
            )));
        };
        match self.get("model_type") {
            Some(kind) if kind != architecture.model_type() => Err(self.refuse(format!(
                "model_type = {kind} does not belong to {}",
                architecture.class()
            ))),
            _ => Ok(architecture),
        }
    }

    fn check_supported(&self) -> Result<()> {
        for (key, required) in &REQUIRED {
            if let Some(value) = self.get(key)
                && !required.accepts(value)
            {
                return Err(self.refuse(format!("{key} = {value} is not supported")));
            }
        }
        Ok(())
    }

    /// The window of all blocks of a Mistral. Qwen's files name one that they do not use, which
    /// `use_sliding_window` says.
    fn sliding_window(
        &self,
        architecture: Architecture,
        layers: usize,
    ) -> Result<Option<SlidingWindow>> {
        let is_null = self.json.get("sliding_window") == Some(&Value::Null);
        match (architecture, self.get("sliding_window")) {
            (Architecture::Mistral, None) if is_null => Ok(None),
            (Architecture::Mistral, _) => Ok(Some(SlidingWindow {
                tokens: self.count_or("sliding_window", WINDOW)?,
                layers: vec![true; layers],
                rope_theta: None,
            })),
            (Architecture::Llama, Some(value)) => {
                Err(self.refuse(format!("sliding_window = {value} is not supported")))
            }
            (Architecture::Qwen2 | Architecture::Qwen3, _) | (_, None) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;
