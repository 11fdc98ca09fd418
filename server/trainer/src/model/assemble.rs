//! From named tensors to [`Weights`]: which tensors a model has and what shape each must have.
//!
//! Where the bytes come from is the business of a [`TensorSource`]. A tensor that nobody asked for
//! is an error too: a bias or an extra norm that is left out changes the model.

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use shared::training::Precision;

use super::reason::refuse;
use super::{HeadNorms, LayerWeights, ModelConfig, PostNorms, Weights};
use crate::error::Result;

/// Named tensors on disk. Names are Hugging Face's.
pub(super) trait TensorSource {
    /// The file or folder, for errors.
    fn path(&self) -> &Path;
    /// Whether the tensor exists.
    fn has(&self, name: &str) -> bool;
    /// The tensor's shape and its numbers as f32, row-major, as they multiply and in Hugging Face's
    /// order, however the file holds them; marks it as used.
    fn read(&mut self, name: &str) -> Result<(Vec<usize>, Vec<f32>)>;
    /// The names of tensors that nobody read and that are not known to be harmless.
    fn unread(&self) -> Vec<String>;
}

/// The output head's name; absent where the embedding serves.
const HEAD: &str = "lm_head.weight";

/// Reads all weights of a model onto a device, checking names, shapes and that all are finite.
pub(super) fn weights(
    source: &mut dyn TensorSource,
    config: &ModelConfig,
    device: &Device,
    precision: Precision,
) -> Result<Weights> {
    let (d, v) = (config.hidden_size, config.vocab_size);
    let matrices = match precision {
        Precision::Full => DType::F32,
        Precision::Brain => DType::BF16,
    };
    let mut reader = Reader {
        source,
        device,
        matrices,
    };
    let embedding = reader.read("model.embed_tokens.weight", &[v, d])?;
    let layers = (0..config.layers)
        .map(|layer| reader.layer(layer, config))
        .collect::<Result<Vec<_>>>()?;
    let norm = reader.read("model.norm.weight", &[d])?;
    let head = if config.tie_word_embeddings {
        None
    } else {
        Some(reader.read(HEAD, &[v, d])?)
    };
    reader.check_all_read(config)?;
    Ok(Weights {
        embedding,
        layers,
        norm,
        head,
    })
}

struct Reader<'a> {
    source: &'a mut dyn TensorSource,
    device: &'a Device,
    /// How matrices are kept; vectors always have 32 bits.
    matrices: DType,
}

impl Reader<'_> {
    fn layer(&mut self, layer: usize, config: &ModelConfig) -> Result<LayerWeights> {
        let (d, f) = (config.hidden_size, config.intermediate_size);
        let queries = config.heads * config.head_dim;
        let keys = config.kv_heads * config.head_dim;
        let mut read =
            |name: &str, shape: &[usize]| self.read(&format!("model.layers.{layer}.{name}"), shape);
        let architecture = config.architecture;
        let attention_bias = if architecture.has_attention_bias() {
            let parts = [
                read("self_attn.q_proj.bias", &[queries])?,
                read("self_attn.k_proj.bias", &[keys])?,
                read("self_attn.v_proj.bias", &[keys])?,
            ];
            Some(Tensor::cat(&parts, 0)?)
        } else {
            None
        };
        let head_norms = if architecture.has_head_norms() {
            Some(HeadNorms {
                query: read("self_attn.q_norm.weight", &[config.head_dim])?,
                key: read("self_attn.k_norm.weight", &[config.head_dim])?,
            })
        } else {
            None
        };
        let (post_norms, mlp_norm) = if architecture.has_post_norms() {
            let norms = PostNorms {
                attention: read("post_attention_layernorm.weight", &[d])?,
                mlp: read("post_feedforward_layernorm.weight", &[d])?,
            };
            (Some(norms), "pre_feedforward_layernorm.weight")
        } else {
            (None, "post_attention_layernorm.weight")
        };
        Ok(LayerWeights {
            attention_norm: read("input_layernorm.weight", &[d])?,
            query: read("self_attn.q_proj.weight", &[queries, d])?,
            key: read("self_attn.k_proj.weight", &[keys, d])?,
            value: read("self_attn.v_proj.weight", &[keys, d])?,
            attention_bias,
            head_norms,
            output: read("self_attn.o_proj.weight", &[d, queries])?,
            post_norms,
            mlp_norm: read(mlp_norm, &[d])?,
            gate: read("mlp.gate_proj.weight", &[f, d])?,
            up: read("mlp.up_proj.weight", &[f, d])?,
            down: read("mlp.down_proj.weight", &[d, f])?,
        })
    }

    fn read(&mut self, name: &str, expected: &[usize]) -> Result<Tensor> {
        if !self.source.has(name) {
            return Err(self.refuse(format!(
                "the tensor {name} {expected:?} is missing; the download is incomplete or the \
                 configuration belongs to another model"
            )));
        }
        let (shape, numbers) = self.source.read(name)?;
        if shape != expected {
            return Err(self.refuse(format!(
                "the tensor {name} has the shape {shape:?}, but the configuration asks for \
                 {expected:?}; weights and configuration belong to different models"
            )));
        }
        if let Some(position) = numbers.iter().position(|number| !number.is_finite()) {
            return Err(self.refuse(format!(
                "the tensor {name} holds {} at position {position}; the file is damaged or the \
                 model diverged when it was made",
                numbers[position]
            )));
        }
        let tensor = Tensor::from_vec(numbers, shape, self.device)?;
        if expected.len() > 1 {
            return Ok(tensor.to_dtype(self.matrices)?);
        }
        Ok(tensor)
    }

    fn check_all_read(&self, config: &ModelConfig) -> Result<()> {
        let mut unread = self.source.unread();
        // A tied model may still carry a copy of its embedding under the head's name.
        unread.retain(|name| !(config.tie_word_embeddings && name == HEAD));
        unread.sort();
        match unread.first() {
            None => Ok(()),
            Some(first) => Err(self.refuse(format!(
                "it has {} tensors that a {} model with {} layers does not have, such as \
                 {first}; leaving them out would change the model, so it is not supported",
                unread.len(),
                config.architecture.label(),
                config.layers
            ))),
        }
    }

    fn refuse(&self, reason: String) -> crate::TrainerError {
        refuse(self.source.path(), reason)
    }
}
