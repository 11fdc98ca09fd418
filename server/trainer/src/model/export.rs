//! Writing a model as a Hugging Face folder, with the numbers that training used.
//!
//! A quantised base differs from the model it was made from, and an adapter belongs to the numbers
//! it was trained on. Other programs get those by this folder.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use safetensors::tensor::{Dtype, View};
use serde_json::{Map, Value, json};

use super::{LayerWeights, LoadedModel, ModelConfig};
use crate::error::{Result, TrainerError};

/// Writes `config.json`, `model.safetensors` (f32), `tokenizer.json` and `tokenizer_config.json`
/// with the chat template into a folder, which is made where it is missing.
pub fn export_safetensors(model: &LoadedModel, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|source| TrainerError::Io {
        action: "cannot make the folder",
        path: folder.to_path_buf(),
        source,
    })?;
    write_json(&folder.join("config.json"), &config_json(&model.config))?;
    write(
        &folder.join("tokenizer.json"),
        model.tokenizer.to_json()?.as_bytes(),
    )?;
    write_json(
        &folder.join("tokenizer_config.json"),
        &tokenizer_config(model),
    )?;
    write_weights(model, &folder.join("model.safetensors"))
}

/// The `config.json` that transformers 4 and 5 read.
fn config_json(config: &ModelConfig) -> Value {
    let mut json = json!({
        "architectures": [config.architecture.class()],
        "model_type": config.architecture.model_type(),
        "hidden_act": "silu",
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.kv_heads,
        "head_dim": config.head_dim,
        "vocab_size": config.vocab_size,
        "rms_norm_eps": config.rms_norm_eps,
        "rope_theta": config.rope_theta,
        "rope_scaling": null,
        "tie_word_embeddings": config.tie_word_embeddings,
        "max_position_embeddings": config.max_position_embeddings,
        "sliding_window": config.sliding_window,
        "use_sliding_window": false,
        "attention_bias": false,
        "mlp_bias": false,
        "bos_token_id": config.bos_token_id,
        "eos_token_id": config.eos_token_ids,
        "torch_dtype": "float32",
    });
    if let Some(scaling) = config.rope_scaling {
        json["rope_scaling"] = json!({
            "rope_type": "llama3",
            "factor": scaling.factor,
            "low_freq_factor": scaling.low_freq_factor,
            "high_freq_factor": scaling.high_freq_factor,
            "original_max_position_embeddings": scaling.original_max_position_embeddings,
        });
    }
    json
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

fn write_weights(model: &LoadedModel, path: &Path) -> Result<()> {
    let named = named_tensors(model)?
        .into_iter()
        .map(|(name, tensor)| Ok((name, OnProcessor(tensor.to_device(&Device::Cpu)?))))
        .collect::<Result<Vec<_>>>()?;
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    safetensors::serialize_to_file(named, Some(metadata), path).map_err(|error| {
        TrainerError::Model {
            path: path.to_path_buf(),
            reason: format!("it cannot be written: {error}"),
        }
    })
}

/// An f32 tensor in main memory, whose bytes are made only when they are written.
struct OnProcessor(Tensor);

impl View for OnProcessor {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        self.0.dims()
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let numbers = self.0.flatten_all().and_then(|flat| flat.to_vec1::<f32>());
        let bytes = numbers
            .unwrap_or_default()
            .into_iter()
            .flat_map(f32::to_le_bytes);
        Cow::Owned(bytes.collect())
    }

    fn data_len(&self) -> usize {
        self.0.elem_count() * size_of::<f32>()
    }
}

/// All tensors under Hugging Face's names.
fn named_tensors(model: &LoadedModel) -> Result<Vec<(String, Tensor)>> {
    let weights = &model.weights;
    let mut named = vec![
        (
            "model.embed_tokens.weight".to_owned(),
            weights.embedding.clone(),
        ),
        ("model.norm.weight".to_owned(), weights.norm.clone()),
    ];
    if let Some(head) = &weights.head {
        named.push(("lm_head.weight".to_owned(), head.clone()));
    }
    for (index, layer) in weights.layers.iter().enumerate() {
        let parts = layer_tensors(layer)?;
        named.extend(
            parts
                .into_iter()
                .map(|(part, tensor)| (format!("model.layers.{index}.{part}"), tensor)),
        );
    }
    Ok(named)
}

fn layer_tensors(layer: &LayerWeights) -> Result<Vec<(&'static str, Tensor)>> {
    let mut parts = vec![
        ("input_layernorm.weight", layer.attention_norm.clone()),
        ("self_attn.q_proj.weight", layer.query.clone()),
        ("self_attn.k_proj.weight", layer.key.clone()),
        ("self_attn.v_proj.weight", layer.value.clone()),
        ("self_attn.o_proj.weight", layer.output.clone()),
        ("post_attention_layernorm.weight", layer.mlp_norm.clone()),
        ("mlp.gate_proj.weight", layer.gate.clone()),
        ("mlp.up_proj.weight", layer.up.clone()),
        ("mlp.down_proj.weight", layer.down.clone()),
    ];
    if let Some(bias) = &layer.attention_bias {
        let mut first = 0;
        for (name, weight) in [
            ("self_attn.q_proj.bias", &layer.query),
            ("self_attn.k_proj.bias", &layer.key),
            ("self_attn.v_proj.bias", &layer.value),
        ] {
            let width = weight.dims2()?.0;
            parts.push((name, bias.narrow(0, first, width)?));
            first += width;
        }
    }
    if let Some(norms) = &layer.head_norms {
        parts.push(("self_attn.q_norm.weight", norms.query.clone()));
        parts.push(("self_attn.k_norm.weight", norms.key.clone()));
    }
    Ok(parts)
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
