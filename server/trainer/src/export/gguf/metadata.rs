//! The shape of a model as GGUF's metadata.

use candle_core::quantized::gguf_file::Value;
use shared::model_export::ModelExportFormat;

use super::{Metadata, count, text, types};
use crate::error::Result;
use crate::model::{Architecture, LoadedModel, ModelConfig, RopeScaling};

/// The layout of quantised blocks, as llama.cpp counts it.
const QUANTISATION_VERSION: u32 = 2;

/// Everything but the tokenizer.
pub(super) fn of_model(model: &LoadedModel, format: ModelExportFormat) -> Result<Metadata> {
    let name = model.path.file_stem().and_then(|name| name.to_str());
    let mut metadata = general(model.config.architecture, "model");
    metadata.extend([
        ("general.name".to_owned(), text(name.unwrap_or("model"))),
        (
            "general.file_type".to_owned(),
            Value::U32(types::of_file(format)?),
        ),
        (
            "general.quantization_version".to_owned(),
            Value::U32(QUANTISATION_VERSION),
        ),
    ]);
    metadata.extend(shape(&model.config));
    Ok(metadata)
}

/// What every file begins with; `kind` is `model` or `adapter`.
pub(super) fn general(architecture: Architecture, kind: &str) -> Metadata {
    vec![
        ("general.architecture".to_owned(), text(architecture.gguf())),
        ("general.type".to_owned(), text(kind)),
    ]
}

fn shape(config: &ModelConfig) -> Metadata {
    let mut keys = vec![
        ("block_count", count(config.layers)),
        ("context_length", count(config.max_position_embeddings)),
        ("embedding_length", count(config.hidden_size)),
        ("feed_forward_length", count(config.intermediate_size)),
        ("attention.head_count", count(config.heads)),
        ("attention.head_count_kv", count(config.kv_heads)),
        ("attention.key_length", count(config.head_dim)),
        ("attention.value_length", count(config.head_dim)),
        (
            "attention.layer_norm_rms_epsilon",
            number(config.rms_norm_eps),
        ),
        ("rope.dimension_count", count(config.head_dim)),
        ("rope.freq_base", number(config.rope_theta)),
        ("vocab_size", count(config.vocab_size)),
    ];
    if let Some(RopeScaling::Linear { factor }) = config.rope_scaling {
        keys.push(("rope.scaling.type", text("linear")));
        keys.push(("rope.scaling.factor", number(factor)));
    }
    if let Some(window) = &config.sliding_window {
        keys.push(("attention.sliding_window", count(window.tokens)));
    }
    let prefix = config.architecture.gguf();
    keys.into_iter()
        .map(|(key, value)| (format!("{prefix}.{key}"), value))
        .collect()
}

fn number(value: f64) -> Value {
    Value::F32(value as f32)
}
