//! A model as a Hugging Face folder.
//!
//! A quantised base differs from the model it was made from, and an adapter belongs to the numbers
//! it was trained on. In 32 bits, other programs get exactly those.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use candle_core::Tensor;
use half::bf16;
use safetensors::tensor::{Dtype, View};
use serde_json::{Map, Value, json};

use crate::device;
use crate::error::{Result, TrainerError};
use crate::model::{
    Activation, Architecture, LoadedModel, ModelConfig, RopeScaling, is_norm, named_tensors,
};

/// The numbers of a written folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// 32 bits.
    Full,
    /// bfloat16.
    Brain,
}

/// Writes `config.json`, `model.safetensors`, `tokenizer.json` and `tokenizer_config.json` with the
/// chat template into a folder, which is made where it is missing.
pub fn write_folder(model: &LoadedModel, stored: Stored, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|source| TrainerError::Io {
        action: "cannot make the folder",
        path: folder.to_path_buf(),
        source,
    })?;
    let mut config = config_json(&model.config, stored);
    if model.weights.score.is_some() {
        add_settings_of_reward(&mut config, model);
    }
    write_json(&folder.join("config.json"), &config)?;
    write(
        &folder.join("tokenizer.json"),
        model.tokenizer.to_json()?.as_bytes(),
    )?;
    write_json(
        &folder.join("tokenizer_config.json"),
        &tokenizer_config(model),
    )?;
    write_weights(model, stored, &folder.join("model.safetensors"))
}

/// The `config.json` that transformers 4 and 5 read.
fn config_json(config: &ModelConfig, stored: Stored) -> Value {
    let mut json = json!({
        "architectures": [config.architecture.class()],
        "model_type": config.architecture.model_type(),
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.kv_heads,
        "head_dim": config.head_dim,
        "vocab_size": config.vocab_size,
        "rms_norm_eps": config.rms_norm_eps,
        "rope_theta": config.rope_theta,
        "rope_scaling": config.rope_scaling.map(rope_json),
        "tie_word_embeddings": config.tie_word_embeddings,
        "max_position_embeddings": config.max_position_embeddings,
        "sliding_window": config.sliding_window.as_ref().map(|window| window.tokens),
        "attention_bias": false,
        "mlp_bias": false,
        "bos_token_id": config.bos_token_id,
        "eos_token_id": config.eos_token_ids,
        "torch_dtype": match stored {
            Stored::Full => "float32",
            Stored::Brain => "bfloat16",
        },
    });
    match config.activation {
        Activation::Silu => json["hidden_act"] = json!("silu"),
        Activation::GeluTanh => json["hidden_activation"] = json!("gelu_pytorch_tanh"),
    }
    if config.architecture == Architecture::Gemma3 {
        add_settings_of_gemma(&mut json, config);
    } else {
        json["use_sliding_window"] = json!(false);
    }
    json
}

/// Of a model with one score for a sequence, which is that of the last token that fills no row.
fn add_settings_of_reward(json: &mut Value, model: &LoadedModel) {
    json["architectures"] = json!([model.config.architecture.scoring_class()]);
    json["id2label"] = json!({"0": "LABEL_0"});
    json["label2id"] = json!({"LABEL_0": 0});
    let special = model.tokenizer.special();
    let pad = special.pad.as_ref().or(special.eos.as_ref());
    json["pad_token_id"] = json!(pad.and_then(|text| model.tokenizer.token_id(text)));
}

fn add_settings_of_gemma(json: &mut Value, config: &ModelConfig) {
    let kinds = (0..config.layers).map(|layer| match config.window_of(layer) {
        Some(_) => "sliding_attention",
        None => "full_attention",
    });
    json["layer_types"] = kinds.collect();
    json["query_pre_attn_scalar"] = json!(config.query_pre_attn_scalar);
    let window = config.sliding_window.as_ref();
    if let Some(theta) = window.and_then(|window| window.rope_theta) {
        json["rope_local_base_freq"] = json!(theta);
    }
}

fn rope_json(scaling: RopeScaling) -> Value {
    match scaling {
        RopeScaling::Linear { factor } => json!({"rope_type": "linear", "factor": factor}),
        RopeScaling::Llama3(scaling) => json!({
            "rope_type": "llama3",
            "factor": scaling.factor,
            "low_freq_factor": scaling.low_freq_factor,
            "high_freq_factor": scaling.high_freq_factor,
            "original_max_position_embeddings": scaling.original_max_position_embeddings,
        }),
    }
}

fn tokenizer_config(model: &LoadedModel) -> Value {
    let special = model.tokenizer.special();
    let mut json = Map::from_iter([(
        "tokenizer_class".to_owned(),
        Value::from("PreTrainedTokenizerFast"),
    )]);
    let texts = [
        ("bos_token", special.bos.as_deref()),
        ("eos_token", special.eos.as_deref()),
        ("pad_token", special.pad.as_deref()),
        ("unk_token", special.unk.as_deref()),
        ("chat_template", model.template.source()),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            json.insert(key.to_owned(), Value::from(text));
        }
    }
    json.insert(
        "model_max_length".to_owned(),
        Value::from(model.config.max_position_embeddings),
    );
    json.insert(
        "clean_up_tokenization_spaces".to_owned(),
        Value::from(false),
    );
    Value::Object(json)
}

fn write_weights(model: &LoadedModel, stored: Stored, path: &Path) -> Result<()> {
    let less_one = model.config.architecture.norms_less_one();
    let named = named_tensors(&model.weights)?
        .into_iter()
        .map(|(name, tensor)| {
            let mut tensor = device::on_processor(&tensor)?;
            if less_one && is_norm(&name) {
                tensor = (tensor - 1.0)?;
            }
            Ok((name, OnProcessor { tensor, stored }))
        })
        .collect::<Result<Vec<_>>>()?;
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    safetensors::serialize_to_file(named, Some(metadata), path).map_err(|error| {
        TrainerError::Model {
            path: path.to_path_buf(),
            reason: format!("it cannot be written: {error}"),
        }
    })
}

/// A tensor in main memory, whose bytes are made only when they are written.
struct OnProcessor {
    tensor: Tensor,
    stored: Stored,
}

impl View for OnProcessor {
    fn dtype(&self) -> Dtype {
        match self.stored {
            Stored::Full => Dtype::F32,
            Stored::Brain => Dtype::BF16,
        }
    }

    fn shape(&self) -> &[usize] {
        self.tensor.dims()
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let flat = self.tensor.flatten_all();
        let numbers = flat.and_then(|flat| flat.to_vec1::<f32>());
        let numbers = numbers.unwrap_or_default().into_iter();
        Cow::Owned(match self.stored {
            Stored::Full => numbers.flat_map(f32::to_le_bytes).collect(),
            Stored::Brain => numbers
                .flat_map(|number| bf16::from_f32(number).to_le_bytes())
                .collect(),
        })
    }

    fn data_len(&self) -> usize {
        let bytes = match self.stored {
            Stored::Full => 4,
            Stored::Brain => 2,
        };
        self.tensor.elem_count() * bytes
    }
}

fn write_json(path: &Path, json: &Value) -> Result<()> {
    write(path, format!("{json:#}\n").as_bytes())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).map_err(|source| TrainerError::Io {
        action: "cannot write",
        path: path.to_path_buf(),
        source,
    })
}
