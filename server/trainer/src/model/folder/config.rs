//! `config.json` to [`ModelConfig`], and the settings that are refused.

use std::path::Path;

use serde_json::Value;

use crate::error::{Result, TrainerError};
use crate::model::reason::refuse;
use crate::model::{Architecture, ModelConfig, RopeScaling};

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
const MISTRAL_WINDOW: usize = 4096;

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
    let heads = file.count("num_attention_heads")?;
    let hidden_size = file.count("hidden_size")?;
    let config = ModelConfig {
        architecture,
        hidden_size,
        intermediate_size: file.count("intermediate_size")?,
        layers: file.count("num_hidden_layers")?,
        heads,
        kv_heads: file.count_or("num_key_value_heads", heads)?,
        head_dim: file.count_or("head_dim", hidden_size / heads.max(1))?,
        vocab_size: file.count("vocab_size")?,
        rms_norm_eps: file.number_or("rms_norm_eps", 1e-6)?,
        rope_theta: file.rope_theta()?,
        rope_scaling: file.rope_scaling()?,
        tie_word_embeddings: file.get("tie_word_embeddings").and_then(Value::as_bool) == Some(true),
        max_position_embeddings: file.count_or("max_position_embeddings", 2048)?,
        sliding_window: file.sliding_window(architecture)?,
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

struct ConfigFile<'a> {
    path: &'a Path,
    json: &'a Value,
}

impl<'a> ConfigFile<'a> {
    fn get(&self, key: &str) -> Option<&'a Value> {
        self.json.get(key).filter(|value| !value.is_null())
    }

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

    /// The window of a Mistral, which is 4096 where nothing is said. Qwen's files name one that they
    /// do not use, which `use_sliding_window` says.
    fn sliding_window(&self, architecture: Architecture) -> Result<Option<usize>> {
        let is_said = self.json.get("sliding_window").is_some();
        match (architecture, self.get("sliding_window")) {
            (Architecture::Mistral, None) if !is_said => Ok(Some(MISTRAL_WINDOW)),
            (_, None) | (Architecture::Qwen2 | Architecture::Qwen3, _) => Ok(None),
            (Architecture::Mistral, Some(_)) => self.count("sliding_window").map(Some),
            (Architecture::Llama, Some(value)) => {
                Err(self.refuse(format!("sliding_window = {value} is not supported")))
            }
        }
    }

    fn count(&self, key: &'static str) -> Result<usize> {
        match self.get(key).and_then(Value::as_u64) {
            Some(count) if count > 0 => Ok(count as usize),
            _ => Err(self.refuse(format!("{key} is missing or no positive number"))),
        }
    }

    fn count_or(&self, key: &'static str, default: usize) -> Result<usize> {
        self.get(key).map_or(Ok(default), |_| self.count(key))
    }

    fn number_or(&self, key: &str, default: f64) -> Result<f64> {
        self.number(self.json, key)
            .map(|number| number.unwrap_or(default))
    }

    fn number(&self, object: &Value, key: &str) -> Result<Option<f64>> {
        match object.get(key).filter(|value| !value.is_null()) {
            None => Ok(None),
            Some(value) => match value.as_f64() {
                Some(number) if number > 0.0 => Ok(Some(number)),
                _ => Err(self.refuse(format!("{key} = {value} is no positive number"))),
            },
        }
    }

    /// The rotary settings: transformers 5 calls them `rope_parameters`, older ones `rope_scaling`.
    fn rope(&self) -> Option<&'a Value> {
        self.get("rope_parameters")
            .or_else(|| self.get("rope_scaling"))
    }

    fn rope_theta(&self) -> Result<f64> {
        let within = match self.rope() {
            Some(rope) => self.number(rope, "rope_theta")?,
            None => None,
        };
        within.map_or_else(|| self.number_or("rope_theta", 10_000.0), Ok)
    }

    fn rope_scaling(&self) -> Result<Option<RopeScaling>> {
        let Some(rope) = self.rope() else {
            return Ok(None);
        };
        let kind = rope.get("rope_type").or_else(|| rope.get("type"));
        match kind.and_then(Value::as_str) {
            None | Some("default") => Ok(None),
            Some("llama3") => self.llama3(rope).map(Some),
            Some(kind) => Err(self.refuse(format!(
                "the rope type {kind} is not supported; only default and llama3 are"
            ))),
        }
    }

    fn llama3(&self, rope: &Value) -> Result<RopeScaling> {
        let needed = |key: &str| {
            self.number(rope, key)?
                .ok_or_else(|| self.refuse(format!("the rope type llama3 needs {key}")))
        };
        #[expect(
            clippy::cast_sign_loss,
            reason = "`number` refuses what is not positive"
        )]
        let original = needed("original_max_position_embeddings")? as usize;
        Ok(RopeScaling {
            factor: needed("factor")?,
            low_freq_factor: needed("low_freq_factor")?,
            high_freq_factor: needed("high_freq_factor")?,
            original_max_position_embeddings: original,
        })
    }

    fn refuse(&self, reason: String) -> TrainerError {
        refuse(self.path, reason)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn llama() -> Value {
        json!({
            "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
            "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
            "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 260,
            "rms_norm_eps": 1e-5, "rope_theta": 1e5, "tie_word_embeddings": true,
            "bos_token_id": 1, "eos_token_id": [2, 3], "pretraining_tp": 1, "rope_scaling": null,
        })
    }

    fn parse_with(key: &str, value: Value) -> Result<ModelConfig> {
        let mut config = llama();
        config[key] = value;
        parse(Path::new("config.json"), &config)
    }

    #[test]
    fn reads_a_llama() {
        let config = parse(Path::new("config.json"), &llama()).unwrap();
        assert_eq!(config.head_dim, 16);
        assert_eq!(config.kv_heads, 2);
        assert_eq!(config.eos_token_ids, [2, 3]);
        assert!(config.rope_scaling.is_none());
    }

    #[test]
    fn reads_llama_3_scaling_under_both_names() {
        let scaling = json!({
            "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192, "rope_theta": 5e5,
        });
        let new = parse_with("rope_parameters", scaling.clone()).unwrap();
        let old = parse_with("rope_scaling", scaling).unwrap();
        assert_eq!(new, old);
        assert_eq!(Some(new.rope_theta), Some(5e5));
        assert_eq!(new.rope_scaling.map(|scaling| scaling.factor), Some(8.0));
    }

    #[test]
    fn a_window_shortens_the_context_of_a_mistral_only() {
        let mut config = llama();
        config["max_position_embeddings"] = json!(32_768);
        config["sliding_window"] = json!(4096);
        let context = |config: &mut Value, class: &str, kind: &str| {
            config["architectures"] = json!([class]);
            config["model_type"] = json!(kind);
            parse(Path::new("config.json"), config).map(|config| config.context())
        };
        assert!(context(&mut config, "LlamaForCausalLM", "llama").is_err());
        let mistral = context(&mut config, "MistralForCausalLM", "mistral");
        assert_eq!(mistral.unwrap(), 4096);
        config["sliding_window"] = Value::Null;
        let mistral = context(&mut config, "MistralForCausalLM", "mistral");
        assert_eq!(mistral.unwrap(), 32_768);
        config.as_object_mut().unwrap().remove("sliding_window");
        let mistral = context(&mut config, "MistralForCausalLM", "mistral");
        assert_eq!(mistral.unwrap(), 4096);
        config["use_sliding_window"] = json!(false);
        let qwen2 = context(&mut config, "Qwen2ForCausalLM", "qwen2");
        assert_eq!(qwen2.unwrap(), 32_768);
    }

    #[test]
    fn refuses_what_it_does_not_implement_by_name() {
        for (key, value) in [
            ("architectures", json!(["GPT2LMHeadModel"])),
            (
                "architectures",
                json!(["Qwen2ForCausalLM", "LlamaForCausalLM"]),
            ),
            ("model_type", json!("qwen2")),
            (
                "layer_types",
                json!(["full_attention", "sliding_attention"]),
            ),
            ("hidden_act", json!("gelu")),
            ("attention_bias", json!(true)),
            ("mlp_bias", json!(true)),
            ("sliding_window", json!(4096)),
            ("pretraining_tp", json!(2)),
            ("quantization_config", json!({"bits": 4})),
            ("rope_scaling", json!({"rope_type": "yarn"})),
            ("num_key_value_heads", json!(3)),
            ("hidden_size", json!(0)),
            ("head_dim", json!(15)),
            ("rms_norm_eps", json!(-1.0)),
        ] {
            let message = parse_with(key, value).unwrap_err().to_string();
            let word = key.strip_prefix("rope_scaling").map_or(key, |_| "yarn");
            assert!(message.contains(word), "{key}: {message}");
        }
    }
}
