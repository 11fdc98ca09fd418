//! Weights with what is derived from them; the whole model forward and backward.

use std::ops::Range;
use std::sync::Arc;

use candle_core::{Device, Result, Tensor};
use half::bf16;

use super::batch::Batch;
use super::block::SavedBlock;
use super::gradients::Gradients;
use super::head::Scores;
use crate::adapter::{Adapter, RowScales};
use crate::model::{ModelConfig, Weight, Weights};
use crate::ops::{self, AttentionShape, Buffer, DropoutKey, Pool, Products, RopeTable};

/// A base model ready to compute.
#[derive(Clone, Debug)]
pub struct Model {
    /// The numbers that shape it.
    pub config: ModelConfig,
    /// The weights.
    pub weights: Weights,
    pub(super) shape: AttentionShape,
    rope: RopeTable,
    /// For blocks with a window, where they rotate otherwise.
    local_rope: Option<RopeTable>,
    pub(super) pool: Pool,
    /// For weights that are widened: their sizes are always the same, and no other's.
    pub(super) widened: Pool,
}

/// How passes through the model are made while neither it nor the adapter changes.
#[derive(Clone, Debug)]
pub struct Pass<'a> {
    pub(super) adapters: Adapters<'a>,
    pub(super) dropout: Option<DropoutKey>,
}

/// What is added to the base.
#[derive(Clone, Debug)]
pub(super) enum Adapters<'a> {
    /// One adapter, or none, for all rows.
    One(Applied<'a>),
    /// One for each stretch of rows, in the order of the rows and without gaps. There is no backward.
    Stretches(Vec<(Range<usize>, Applied<'a>)>),
}

/// An adapter, or none, with what it needs of the model.
#[derive(Clone, Debug)]
pub(super) struct Applied<'a> {
    pub(super) adapter: Option<&'a Adapter>,
    /// How a weight-decomposed adapter scales the model's rows.
    pub(super) row_scales: Option<Arc<RowScales>>,
}

impl<'a> Pass<'a> {
    /// Passes without dropout; without an adapter the base model answers. What a weight-decomposed
    /// adapter needs of the weights is computed here, so a pass serves until the adapter changes.
    pub fn new(model: &Model, adapter: Option<&'a Adapter>) -> Result<Self> {
        let scales = adapter.map(|adapter| RowScales::new(&model.weights, adapter));
        Ok(Self {
            adapters: Adapters::One(Applied {
                adapter,
                row_scales: scales.transpose()?.flatten().map(Arc::new),
            }),
            dropout: None,
        })
    }

    /// The same passes with dropout on the adapter's inputs; `stream` counts the passes of a run.
    #[must_use]
    pub fn with_dropout(&self, dropout: Option<DropoutKey>) -> Self {
        Self {
            dropout,
            ..self.clone()
        }
    }

    /// The adapter of all rows.
    pub fn adapter(&self) -> Option<&'a Adapter> {
        self.applied()?.adapter
    }

    /// What all rows have, if they have the same.
    pub(super) fn applied(&self) -> Option<&Applied<'a>> {
        match &self.adapters {
            Adapters::One(applied) => Some(applied),
            Adapters::Stretches(_) => None,
        }
    }
}

/// What a forward pass keeps for its backward.
#[derive(Debug)]
pub struct Saved {
    blocks: Vec<SavedBlock>,
    hidden: Buffer,
}

impl Saved {
    /// The result of the last block, `[T, D]`.
    pub fn hidden(&self) -> &Tensor {
        &self.hidden
    }
}

/// Works on one of rayon's threads. From any other thread each product of a pass would wake one up
/// and wait for it, which takes as long as the products of a few rows do.
pub(super) fn on_pool<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    rayon::join(work, || ()).0
}

impl Model {
    /// Puts a model together.
    pub fn new(config: ModelConfig, weights: Weights) -> Self {
        let shape = AttentionShape {
            heads: config.heads,
            kv_heads: config.kv_heads,
            head_dim: config.head_dim,
            scale: 1.0 / (config.query_pre_attn_scalar as f32).sqrt(),
            window: None,
            rounded: weights.embedding.is_brain(),
        };
        let table =
            |theta, scaling| RopeTable::new(config.head_dim, theta, scaling, config.context());
        let rope = table(config.rope_theta, config.rope_scaling);
        let local = config.sliding_window.as_ref();
        let local_rope = local
            .and_then(|window| window.rope_theta)
            .map(|theta| table(theta, None));
        let [pool, widened] = [(); 2].map(|()| Pool::new(weights.embedding.device()));
        Self {
            config,
            weights,
            shape,
            rope,
            local_rope,
            pool,
            widened,
        }
    }

    /// The same, but a GPU may round what it multiplies, as with weights in bfloat16.
    #[must_use]
    pub fn rounded(mut self) -> Self {
        self.shape.rounded = true;
        self
    }

    /// How numbers of 32 bits are multiplied.
    pub(super) fn products(&self) -> Products {
        Products {
            rounded: self.shape.rounded,
        }
    }

    /// The same with weights of its own, which do not change when this one's do.
    pub fn apart(&self) -> Result<Self> {
        // Not `copy`, which would copy all weights for each of them, where they lie in one tensor.
        let weights = self.weights.map(|weight| match weight {
            Weight::Matrix(matrix) => matrix.numbers()?.force_contiguous(),
            Weight::Vector(vector) => vector.force_contiguous(),
        })?;
        Ok(Self {
            shape: self.shape,
            ..Self::new(self.config.clone(), weights)
        })
    }

    /// What the attention of a block sees, and how.
    pub(super) fn attention_shape(&self, layer: usize) -> AttentionShape {
        AttentionShape {
            window: self.config.window_of(layer).map(|window| window.tokens),
            ..self.shape
        }
    }

    /// How a block rotates.
    pub(super) fn rope(&self, layer: usize) -> &RopeTable {
        match (&self.local_rope, self.config.window_of(layer)) {
            (Some(local), Some(_)) => local,
            _ => &self.rope,
        }
    }

    /// Where it computes.
    pub fn device(&self) -> &Device {
        self.pool.device()
    }

    /// The buffers that passes use.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(super) fn embed(&self, tokens: &[u32]) -> Result<Buffer> {
        let x = self.pool.take((tokens.len(), self.config.hidden_size))?;
        self.weights.embedding.gather(&x, tokens)?;
        if let Some(scale) = self.config.embedding_scale {
            ops::scale(&x, self.rounded_as_embedding(scale))?;
        }
        Ok(x)
    }

    /// A factor in the precision of the embedding, as transformers rounds it.
    fn rounded_as_embedding(&self, factor: f64) -> f32 {
        if self.weights.embedding.is_brain() {
            bf16::from_f64(factor).to_f32()
        } else {
            factor as f32
        }
    }

    /// The result of the last block, `[T, D]`, before the last norm.
    pub fn forward(&self, adapter: Option<&Adapter>, batch: &Batch) -> Result<Buffer> {
        on_pool(|| {
            let pass = Pass::new(self, adapter)?;
            let mut x = self.embed(&batch.tokens)?;
            for layer in 0..self.config.layers {
                (x, _) = self.block_forward(&pass, layer, x, batch)?;
            }
            Ok(x)
        })
    }

    /// The same, keeping what the backward needs.
    pub fn forward_saving(&self, pass: &Pass<'_>, batch: &Batch) -> Result<Saved> {
        let mut x = self.embed(&batch.tokens)?;
        let mut blocks = Vec::with_capacity(self.config.layers);
        for layer in 0..self.config.layers {
            let (result, saved) = self.block_forward(pass, layer, x, batch)?;
            blocks.push(saved);
            x = result;
        }
        Ok(Saved { blocks, hidden: x })
    }

    /// Adds the gradients of a loss, of the adapter or of all weights, given its gradient by each
    /// label's log-probability, or by each sequence's score, `[N]`; `pass` is the one of the forward.
    pub fn backward<'a>(
        &self,
        pass: &Pass<'_>,
        batch: &Batch,
        saved: Saved,
        scores: &Scores,
        by_logp: &[f64],
        gradients: impl Into<Gradients<'a>>,
    ) -> Result<()> {
        let gradients = gradients.into();
        drop(saved.hidden);
        if let Some(gradient) = gradients.score()? {
            self.reward_backward(scores, by_logp, &gradient)?;
        } else if let Some(own) = gradients.weights() {
            let head = own.head().numbers()?;
            self.head_weights_backward(scores, batch, by_logp, &head)?;
        }
        let own_norm = gradients.weights().map(|own| &own.norm);
        let g = self.head_backward(scores, batch, by_logp, own_norm)?;
        for (layer, block) in saved.blocks.into_iter().enumerate().rev() {
            self.block_backward(pass, layer, &g, block, batch, gradients)?;
        }
        match gradients.weights() {
            Some(own) => self.embed_backward(&own.embedding.numbers()?, &g, &batch.tokens),
            None => Ok(()),
        }
    }

    /// Adds the gradient of the embedding `[V, D]`, from the one by the first block's input `[T, D]`.
    fn embed_backward(&self, own: &Tensor, g: &Tensor, tokens: &[u32]) -> Result<()> {
        let scale = self.config.embedding_scale;
        let scale = scale.map_or(1.0, |scale| self.rounded_as_embedding(scale));
        ops::add_scattered_rows(own, g, tokens, scale)
    }
}
