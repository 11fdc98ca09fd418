//! The shape of a model as GGUF's metadata.

use candle_core::quantized::gguf_file::Value;
use shared::model_export::ModelExportFormat;

use super::{Metadata, count, text, types};
use crate::error::{Result, TrainerError};
use crate::model::gguf::query_scalar;
use crate::model::{Architecture, LoadedModel, ModelConfig, RopeScaling, SlidingWindow};

/// The layout of quantised blocks, as llama.cpp counts it.
const QUANTISATION_VERSION: u32 = 2;

/// Everything but the tokenizer.
pub(super) fn of_model(model: &LoadedModel, format: ModelExportFormat) -> Result<Metadata> {
    check_implied(model)?;
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
        keys.extend(window_keys(window));
    }
    let prefix = config.architecture.gguf();
    keys.into_iter()
        .map(|(key, value)| (format!("{prefix}.{key}"), value))
        .collect()
}

/// A window of all blocks, which rotate alike, is told by its length alone: only a Mistral has one,
/// and llama.cpp runs it without.
fn window_keys(window: &SlidingWindow) -> Vec<(&'static str, Value)> {
    let mut keys = vec![("attention.sliding_window", count(window.tokens))];
    if let (Some(theta), Some(pattern)) = (window.rope_theta, window.pattern()) {
        keys.push(("rope.freq_base_swa", number(theta)));
        keys.push(("attention.sliding_window_pattern", count(pattern)));
    }
    keys
}

/// What llama.cpp derives from the family and cannot be told is refused where it is another.
fn check_implied(model: &LoadedModel) -> Result<()> {
    let config = &model.config;
    let implied = query_scalar(config);
    let reason = if config.query_pre_attn_scalar != implied {
        format!(
            "query_pre_attn_scalar = {} cannot be written into GGUF files, where it is {implied} \
             for such a model",
            config.query_pre_attn_scalar
        )
    } else if (config.sliding_window.iter()).any(|window| window.pattern().is_none()) {
        "layer_types without a period cannot be written into GGUF files".to_owned()
    } else {
        return Ok(());
    };
    Err(TrainerError::Model {
        path: model.path.clone(),
        reason: format!("{reason}; export safetensors instead"),
    })
}

fn number(value: f64) -> Value {
    Value::F32(value as f32)
}
