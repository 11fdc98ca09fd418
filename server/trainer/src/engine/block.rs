//! One block forward.
//!
//! `x₁ = x₀ + attention(norm(x₀))`, `x₂ = x₁ + mlp(norm(x₁))`, where some models norm what attention
//! and the MLP give once more. Norms and the MLP's inner product are cheap to compute again, so they
//! are not kept; the result of a linear layer is, where a norm reads it.

use candle_core::{Result, Tensor};

use super::batch::Batch;
use super::gradients::Gradients;
use super::linear::{Inner, Linear};
use super::model::{Model, Pass};
use crate::adapter::Group;
use crate::model::{HeadNorms, LayerWeights};
use crate::ops::{self, Buffer, HeadNorm};

/// What the backward of a block needs.
#[derive(Debug)]
pub(super) struct SavedBlock {
    /// The input, `[T, D]`.
    pub(super) x0: Buffer,
    /// Queries, keys and values, and the adapters' inner result.
    pub(super) projected: Projected,
    /// The result of attention and its log-sum-exp, flat.
    pub(super) attended: Buffer,
    /// What attention adds to the input.
    pub(super) output: Added,
    /// After attention, `[T, D]`.
    pub(super) x1: Buffer,
    /// What the MLP makes of it.
    pub(super) mlp: SavedMlp,
}

/// What a sublayer adds to the residual stream.
#[derive(Debug)]
pub(super) struct Added {
    /// The linear layer's result before its norm, `[T, D]`, where it has one.
    pub(super) raw: Option<Buffer>,
    /// The adapter's inner result.
    pub(super) inner: Option<Inner>,
}

/// What the backward of an MLP needs.
#[derive(Debug)]
pub(super) struct SavedMlp {
    /// Gate and up, `[T, 2F]`.
    pub(super) gate_up: Buffer,
    /// Their adapters' inner result.
    pub(super) inner: Option<Inner>,
    /// What it adds.
    pub(super) down: Added,
}

/// What attention reads.
#[derive(Debug)]
pub(super) struct Projected {
    /// Queries, keys and values after the rotary embedding, `[T, (H + 2·KV)·d]`.
    pub(super) qkv: Buffer,
    /// The same before their heads were normed, where they are.
    pub(super) raw: Option<Buffer>,
    /// The adapters' inner result.
    pub(super) inner: Option<Inner>,
}

impl Model {
    pub(super) fn linear<'a>(
        &'a self,
        pass: &'a Pass<'a>,
        layer: usize,
        group: Group,
    ) -> Linear<'a> {
        Linear {
            model: self,
            pass,
            layer,
            group,
        }
    }

    /// The block's result and what its backward needs.
    pub(super) fn block_forward(
        &self,
        pass: &Pass<'_>,
        layer: usize,
        x0: Buffer,
        batch: &Batch,
    ) -> Result<(Buffer, SavedBlock)> {
        let projected = self.project(pass, layer, &x0, &batch.positions)?;
        let rows = batch.tokens.len();
        let attended = self
            .pool
            .take(rows * (self.shape.width() + self.shape.heads))?;
        let shape = self.attention_shape(layer);
        ops::attention(&attended, &projected.qkv, &batch.segments, shape)?;
        let (x1, output) =
            self.attention_output(pass, layer, &x0, &self.attention_rows(&attended)?)?;
        let (x2, mlp) = self.mlp(pass, layer, &x1)?;
        Ok((
            x2,
            SavedBlock {
                x0,
                projected,
                attended,
                output,
                x1,
                mlp,
            },
        ))
    }

    /// The result of attention without its log-sum-exp, `[T, H·d]`.
    pub(super) fn attention_rows(&self, attended: &Tensor) -> Result<Tensor> {
        let width = self.shape.width();
        let rows = attended.elem_count() / (width + self.shape.heads);
        attended.narrow(0, 0, rows * width)?.reshape((rows, width))
    }

    /// Queries, keys and values of normalised `x0`, rotated to their positions.
    pub(super) fn project(
        &self,
        pass: &Pass<'_>,
        layer: usize,
        x0: &Tensor,
        positions: &[u32],
    ) -> Result<Projected> {
        let weights = &self.weights.layers[layer];
        let normed = self.normed(x0, &weights.attention_norm)?;
        let mut qkv = self.pool.take((x0.dims2()?.0, self.shape.qkv_width()))?;
        let inner = self
            .linear(pass, layer, Group::Attention)
            .forward(&qkv, &normed)?;
        if let Some(bias) = &weights.attention_bias {
            ops::add_to_rows(&qkv, bias)?;
        }
        let mut raw = None;
        if let Some(norm) = self.head_norm(layer) {
            let normed = self.pool.take(qkv.dims())?;
            ops::head_norm(&normed, &qkv, norm)?;
            raw = Some(std::mem::replace(&mut qkv, normed));
        }
        self.rotate(layer, &qkv, positions, false)?;
        Ok(Projected { qkv, raw, inner })
    }

    /// Turns the gradient by what [`Self::project`] gave into the one by the linear layers' result,
    /// in place, and adds the gradients of head norms and biases.
    pub(super) fn project_backward(
        &self,
        layer: usize,
        d_qkv: &Tensor,
        raw: Option<&Buffer>,
        positions: &[u32],
        gradients: Gradients<'_>,
    ) -> Result<()> {
        self.rotate(layer, d_qkv, positions, true)?;
        let own = gradients.layer(layer);
        if let (Some(norm), Some(raw)) = (self.head_norm(layer), raw) {
            if let Some(own) = own.and_then(|own| own.head_norms.as_ref()) {
                self.head_norm_weights_backward(d_qkv, raw, own)?;
            }
            ops::head_norm_backward(d_qkv, raw, norm)?;
        }
        match own.and_then(|own| own.attention_bias.as_ref()) {
            Some(bias) => ops::add_column_sums(bias, d_qkv),
            None => Ok(()),
        }
    }

    /// Adds the gradients of the norms of all heads of queries and keys, from the one by their result.
    fn head_norm_weights_backward(
        &self,
        d_qkv: &Tensor,
        raw: &Tensor,
        own: &HeadNorms,
    ) -> Result<()> {
        let (queries, dim) = (self.shape.width(), self.shape.head_dim);
        let keys = self.shape.kv_heads * dim;
        for (own, first, width) in [(&own.query, 0, queries), (&own.key, queries, keys)] {
            let columns = |rows: &Tensor| rows.narrow(1, first, width);
            let (g, x) = (columns(d_qkv)?, columns(raw)?);
            ops::rms_norm_weight_backward_add(own, &g, &x, self.config.rms_norm_eps)?;
        }
        Ok(())
    }

    /// How the heads of a layer are normed, if they are.
    fn head_norm(&self, layer: usize) -> Option<HeadNorm<'_>> {
        let norms = self.weights.layers[layer].head_norms.as_ref()?;
        Some(HeadNorm {
            query: &norms.query,
            key: &norms.key,
            shape: self.shape,
            eps: self.config.rms_norm_eps,
        })
    }

    fn rotate(&self, layer: usize, qkv: &Tensor, positions: &[u32], backward: bool) -> Result<()> {
        let heads = self.shape.heads + self.shape.kv_heads;
        ops::rope(qkv, self.rope(layer), positions, heads, backward)
    }

    /// `x0` and the projected result of attention.
    pub(super) fn attention_output(
        &self,
        pass: &Pass<'_>,
        layer: usize,
        x0: &Tensor,
        attended: &Tensor,
    ) -> Result<(Buffer, Added)> {
        let y = self.pool.take(x0.dims())?;
        let output = self.linear(pass, layer, Group::Output);
        let inner = output.forward(&y, attended)?;
        let (x1, raw) = self.add_to(x0, y, layer, Group::Output)?;
        Ok((x1, Added { raw, inner }))
    }

    /// The block's result, and what its backward needs.
    pub(super) fn mlp(
        &self,
        pass: &Pass<'_>,
        layer: usize,
        x1: &Tensor,
    ) -> Result<(Buffer, SavedMlp)> {
        let (rows, inner_size) = (x1.dims2()?.0, self.config.intermediate_size);
        let normed = self.normed(x1, &self.weights.layers[layer].mlp_norm)?;
        let gate_up = self.pool.take((rows, 2 * inner_size))?;
        let inner = self
            .linear(pass, layer, Group::Mlp)
            .forward(&gate_up, &normed)?;
        let h = self.pool.take((rows, inner_size))?;
        ops::glu(&h, &gate_up, self.config.activation)?;
        let y = self.pool.take(x1.dims())?;
        let inner_down = self.linear(pass, layer, Group::Down).forward(&y, &h)?;
        let (x2, raw) = self.add_to(x1, y, layer, Group::Down)?;
        let down = Added {
            raw,
            inner: inner_down,
        };
        let saved = SavedMlp {
            gate_up,
            inner,
            down,
        };
        Ok((x2, saved))
    }

    /// `x + y`, or `x + norm(y)` and the `y` that its backward needs.
    fn add_to(
        &self,
        x: &Tensor,
        y: Buffer,
        layer: usize,
        group: Group,
    ) -> Result<(Buffer, Option<Buffer>)> {
        let norm = post_norm(&self.weights.layers[layer], group);
        let (sum, raw) = match norm {
            None => (y, None),
            Some(weight) => (self.normed(&y, weight)?, Some(y)),
        };
        ops::add(&sum, x)?;
        Ok((sum, raw))
    }

    /// RMSNorm of rows.
    pub(super) fn normed(&self, x: &Tensor, weight: &Tensor) -> Result<Buffer> {
        let normed = self.pool.take(x.dims())?;
        ops::rms_norm(&normed, x, weight, self.config.rms_norm_eps)?;
        Ok(normed)
    }
}

/// The norm of what a group gives, if there is one.
pub(super) fn post_norm(layer: &LayerWeights, group: Group) -> Option<&Tensor> {
    let norms = layer.post_norms.as_ref()?;
    match group {
        Group::Output => Some(&norms.attention),
        Group::Down => Some(&norms.mlp),
        Group::Attention | Group::Mlp => None,
    }
}
