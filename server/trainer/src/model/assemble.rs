//! From named tensors to [`Weights`]: which tensors a model has and what shape each must have.
//!
//! Where the bytes come from is the business of a [`TensorSource`]. A tensor that nobody asked for
//! is an error too: a bias or an extra norm that is left out changes the model.

use std::path::Path;
use std::slice;

use candle_core::{DType, Device, Tensor};
use shared::training::Precision;

use super::reason::refuse;
use super::{HeadNorms, Joined, LayerWeights, Matrix, ModelConfig, PostNorms, Weights};
use crate::error::{Result, TrainerError};
use crate::ops::{self, Blocks};

/// Named tensors on disk. Names are Hugging Face's.
pub(super) trait TensorSource {
    /// The file or folder, for errors.
    fn path(&self) -> &Path;
    /// Whether the tensor exists.
    fn has(&self, name: &str) -> bool;
    /// The tensor's shape and its numbers as f32, row-major, as they multiply and in Hugging Face's
    /// order, however the file holds them; marks it as used.
    fn read(&mut self, name: &str) -> Result<(Vec<usize>, Vec<f32>)>;
    /// A matrix as it is stored, if it is quantised by blocks; marks it as used.
    fn blocks(&mut self, name: &str) -> Result<Option<Blocks>>;
    /// The bytes of all tensors with those that are quantised as they are stored and the others in
    /// 32 bits; nothing where no tensor is quantised by blocks.
    fn block_bytes(&self) -> Option<usize>;
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
    if precision == Precision::Quantised && !device.is_cpu() {
        return Err(TrainerError::Config {
            field: "precision",
            reason: "`quantised` computes on the processor only: set the device to cpu, or choose \
                     fp32 or bf16"
                .into(),
        });
    }
    if precision == Precision::Quantised && source.block_bytes().is_none() {
        return Err(refuse(
            source.path(),
            "its weights are not quantised by blocks, so the precision `quantised` cannot keep them \
             as they are: choose fp32 or bf16, or a GGUF file in a form such as Q8_0 or Q4_K_M",
        ));
    }
    let mut reader = Reader {
        source,
        device,
        precision,
    };
    let embedding = in_one_piece(reader.matrix("model.embed_tokens.weight", [v, d])?)?;
    let layers = (0..config.layers)
        .map(|layer| reader.layer(layer, config))
        .collect::<Result<Vec<_>>>()?;
    let norm = reader.read("model.norm.weight", &[d])?;
    let head = if config.tie_word_embeddings {
        None
    } else {
        let head = in_one_piece(reader.matrix(HEAD, [v, d])?)?;
        Some(head)
    };
    reader.check_all_read(config)?;
    Ok(Weights {
        embedding,
        layers,
        norm,
        head,
        score: None,
    })
}

/// The same in memory of its own, as [`LayerWeights::in_one_piece`] does it, where it is the
/// processor's.
fn in_one_piece(matrix: Matrix) -> candle_core::Result<Matrix> {
    match matrix {
        Matrix::Numbers(numbers) if numbers.device().is_cpu() => {
            let own = ops::joined(slice::from_ref(&numbers))?;
            Ok(own.reshape(numbers.shape())?.into())
        }
        matrix => Ok(matrix),
    }
}

struct Reader<'a> {
    source: &'a mut dyn TensorSource,
    device: &'a Device,
    /// How matrices are kept; vectors always have 32 bits.
    precision: Precision,
}

impl Reader<'_> {
    fn layer(&mut self, layer: usize, config: &ModelConfig) -> Result<LayerWeights> {
        let (d, f) = (config.hidden_size, config.intermediate_size);
        let queries = config.heads * config.head_dim;
        let keys = config.kv_heads * config.head_dim;
        let place = |name: &str| format!("model.layers.{layer}.{name}");
        let mut read = |name: &str, shape: &[usize]| self.read(&place(name), shape);
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
        let attention_norm = read("input_layernorm.weight", &[d])?;
        let (post_norms, mlp_norm) = if architecture.has_post_norms() {
            let norms = PostNorms {
                attention: read("post_attention_layernorm.weight", &[d])?,
                mlp: read("post_feedforward_layernorm.weight", &[d])?,
            };
            (Some(norms), "pre_feedforward_layernorm.weight")
        } else {
            (None, "post_attention_layernorm.weight")
        };
        let mlp_norm = read(mlp_norm, &[d])?;
        let mut matrix = |name: &str, shape| self.matrix(&place(name), shape);
        let layer = LayerWeights {
            attention_norm,
            query: matrix("self_attn.q_proj.weight", [queries, d])?,
            key: matrix("self_attn.k_proj.weight", [keys, d])?,
            value: matrix("self_attn.v_proj.weight", [keys, d])?,
            attention_bias,
            head_norms,
            output: matrix("self_attn.o_proj.weight", [d, queries])?,
            post_norms,
            mlp_norm,
            gate: matrix("mlp.gate_proj.weight", [f, d])?,
            up: matrix("mlp.up_proj.weight", [f, d])?,
            down: matrix("mlp.down_proj.weight", [d, f])?,
            joined: Joined::default(),
        };
        Ok(layer.in_one_piece()?)
    }

    fn matrix(&mut self, name: &str, expected: [usize; 2]) -> Result<Matrix> {
        self.check_there(name, &expected)?;
        if self.precision == Precision::Quantised
            && let Some(blocks) = self.source.blocks(name)?
        {
            self.check_shape(name, &<[usize; 2]>::from(blocks.dims()), &expected)?;
            self.check_finite(name, blocks.not_finite()?)?;
            return Ok(Matrix::Blocks(blocks));
        }
        let numbers = self.read(name, &expected)?;
        Ok(match self.precision {
            Precision::Full | Precision::Quantised => numbers.into(),
            Precision::Brain => numbers.to_dtype(DType::BF16)?.into(),
        })
    }

    /// Numbers of 32 bits.
    fn read(&mut self, name: &str, expected: &[usize]) -> Result<Tensor> {
        self.check_there(name, expected)?;
        let (shape, numbers) = self.source.read(name)?;
        self.check_shape(name, &shape, expected)?;
        let position = numbers.iter().position(|number| !number.is_finite());
        self.check_finite(name, position.map(|position| (position, numbers[position])))?;
        Ok(Tensor::from_vec(numbers, shape, self.device)?)
    }

    fn check_there(&self, name: &str, expected: &[usize]) -> Result<()> {
        if self.source.has(name) {
            return Ok(());
        }
        Err(self.refuse(format!(
            "the tensor {name} {expected:?} is missing; the download is incomplete or the \
             configuration belongs to another model"
        )))
    }

    fn check_shape(&self, name: &str, shape: &[usize], expected: &[usize]) -> Result<()> {
        if shape == expected {
            return Ok(());
        }
        Err(self.refuse(format!(
            "the tensor {name} has the shape {shape:?}, but the configuration asks for \
             {expected:?}; weights and configuration belong to different models"
        )))
    }

    fn check_finite(&self, name: &str, not_finite: Option<(usize, f32)>) -> Result<()> {
        match not_finite {
            None => Ok(()),
            Some((position, number)) => Err(self.refuse(format!(
                "the tensor {name} holds {number} at position {position}; the file is damaged or \
                 the model diverged when it was made"
            ))),
        }
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

    fn refuse(&self, reason: String) -> TrainerError {
        refuse(self.source.path(), reason)
    }
}
