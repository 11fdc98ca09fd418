//! `config.json` to [`ModelConfig`], and the settings that are refused.

use std::path::Path;

use serde_json::Value;

use super::file::ConfigFile;
use super::rope::Rotation;
use crate::error::Result;
use crate::model::reason::refuse;
use crate::model::{Architecture, ModelConfig, SlidingWindow};

/// Settings that must have this value, or be absent or null, because anything else changes what the
/// model computes in a way that is not implemented.
const REQUIRED: [(&str, Required); 8] = [
    ("attention_bias", Required::False),
    ("mlp_bias", Required::False),
    ("use_bidirectional_attention", Required::False),
    ("pretraining_tp", Required::Number(1.0)),
    ("partial_rotary_factor", Required::Number(1.0)),
    ("quantization_config", Required::Absent),
    ("attn_logit_softcapping", Required::Absent),
    ("final_logit_softcapping", Required::Absent),
];

/// The same for Gemma.
const REQUIRED_OF_GEMMA: [(&str, Required); 1] =
    [("hidden_activation", Required::Text("gelu_pytorch_tanh"))];

/// The same for all others.
const REQUIRED_OF_OTHERS: [(&str, Required); 3] = [
    ("hidden_act", Required::Text("silu")),
    ("use_sliding_window", Required::False),
    ("layer_types", Required::Every("full_attention")),
];

/// The window of a Mistral or Gemma whose file names none.
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

/// What transformers takes for settings that a file may leave out.
struct Defaults {
    kv_heads: usize,
    head_dim: usize,
    query_pre_attn_scalar: Option<usize>,
    rope_theta: f64,
    tied: bool,
    positions: usize,
}

impl Defaults {
    fn of(architecture: Architecture, hidden_size: usize, heads: usize) -> Self {
        match architecture {
            Architecture::Gemma3 => Self {
                kv_heads: 4,
                head_dim: 256,
                query_pre_attn_scalar: Some(256),
                rope_theta: 1e6,
                tied: true,
                positions: 131_072,
            },
            _ => Self {
                kv_heads: heads,
                head_dim: hidden_size / heads.max(1),
                query_pre_attn_scalar: None,
                rope_theta: 1e4,
                tied: false,
                positions: 2048,
            },
        }
    }
}

/// Reads a `config.json`; `path` is for errors.
pub(super) fn parse(path: &Path, json: &Value) -> Result<ModelConfig> {
    let file = ConfigFile { path, json };
    let architecture = file.architecture()?;
    file.check_supported(architecture)?;
    let (hidden_size, heads) = (
        file.count("hidden_size")?,
        file.count("num_attention_heads")?,
    );
    let layers = file.count("num_hidden_layers")?;
    let defaults = Defaults::of(architecture, hidden_size, heads);
    let head_dim = file.count_or("head_dim", defaults.head_dim)?;
    let Rotation { theta, scaling } = file.rotation(defaults.rope_theta)?;
    let tied = file.get("tie_word_embeddings").and_then(Value::as_bool);
    let config = ModelConfig {
        architecture,
        hidden_size,
        intermediate_size: file.count("intermediate_size")?,
        layers,
        heads,
        kv_heads: file.count_or("num_key_value_heads", defaults.kv_heads)?,
        head_dim,
        vocab_size: file.count("vocab_size")?,
        rms_norm_eps: file.number_or("rms_norm_eps", 1e-6)?,
        activation: architecture.activation(),
        embedding_scale: architecture.embedding_scale(hidden_size),
        query_pre_attn_scalar: match defaults.query_pre_attn_scalar {
            Some(default) => file.count_or("query_pre_attn_scalar", default)?,
            None => head_dim,
        },
        rope_theta: theta,
        rope_scaling: scaling,
        tie_word_embeddings: tied.unwrap_or(defaults.tied),
        max_position_embeddings: file.count_or("max_position_embeddings", defaults.positions)?,
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

    fn check_supported(&self, architecture: Architecture) -> Result<()> {
        let own = match architecture {
            Architecture::Gemma3 => &REQUIRED_OF_GEMMA[..],
            _ => &REQUIRED_OF_OTHERS,
        };
        for (key, required) in REQUIRED.iter().chain(own) {
            if let Some(value) = self.get(key)
                && !required.accepts(value)
            {
                return Err(self.refuse(format!("{key} = {value} is not supported")));
            }
        }
        Ok(())
    }

    /// The window of all blocks of a Mistral, and of most of a Gemma. Qwen's files name one that
    /// they do not use, which `use_sliding_window` says.
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
            (Architecture::Gemma3, _) => self.window_of_gemma(layers),
            (Architecture::Llama, Some(value)) => {
                Err(self.refuse(format!("sliding_window = {value} is not supported")))
            }
            (Architecture::Qwen2 | Architecture::Qwen3, _) | (_, None) => Ok(None),
        }
    }

    /// `layer_types` says which blocks have a window; older files say that every n-th has none.
    fn window_of_gemma(&self, layers: usize) -> Result<Option<SlidingWindow>> {
        let slides = if let Some(kinds) = self.get("layer_types") {
            self.sliding_layers(kinds, layers)?
        } else {
            let pattern = self.count_or("sliding_window_pattern", 6)?;
            SlidingWindow::by_pattern(pattern, layers)
        };
        if !slides.contains(&true) {
            return Ok(None);
        }
        let is_said = self.json.get("sliding_window").is_some();
        Ok(Some(SlidingWindow {
            tokens: if is_said {
                self.count("sliding_window")?
            } else {
                WINDOW
            },
            layers: slides,
            rope_theta: Some(self.local_theta()?),
        }))
    }

    fn sliding_layers(&self, kinds: &Value, layers: usize) -> Result<Vec<bool>> {
        let slides = |kind: &Value| match kind.as_str() {
            Some("sliding_attention") => Some(true),
            Some("full_attention") => Some(false),
            _ => None,
        };
        let all: Option<Vec<bool>> = kinds
            .as_array()
            .and_then(|kinds| kinds.iter().map(slides).collect());
        all.filter(|all| all.len() == layers).ok_or_else(|| {
            self.refuse(format!(
                "layer_types = {kinds} is no list of sliding_attention and full_attention for \
                 {layers} blocks"
            ))
        })
    }
}

#[cfg(test)]
mod tests;
