//! One block forward.
//!
//! `x₁ = x₀ + attention(norm(x₀))`, `x₂ = x₁ + mlp(norm(x₁))`. Norms and the MLP's inner product
//! are cheap to compute again, so they are not kept.

use candle_core::{Result, Tensor};

use super::batch::Batch;
use super::linear::Linear;
use super::model::{Model, Pass};
use crate::adapter::Group;
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
    /// After attention, `[T, D]`.
    pub(super) x1: Buffer,
    /// Gate and up, `[T, 2F]`.
    pub(super) gate_up: Buffer,
    /// The other adapters' inner results: of the output, the MLP's first and its last layers.
    pub(super) inner: [Option<Buffer>; 3],
}

/// What attention reads.
#[derive(Debug)]
pub(super) struct Projected {
    /// Queries, keys and values after the rotary embedding, `[T, (H + 2·KV)·d]`.
    pub(super) qkv: Buffer,
    /// The same before their heads were normed, where they are.
    pub(super) raw: Option<Buffer>,
    /// The adapters' inner result.
    pub(super) inner: Option<Buffer>,
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
        ops::attention(&attended, &projected.qkv, &batch.segments, self.shape)?;
        let (x1, inner_output) =
            self.attention_output(pass, layer, &x0, &self.attention_rows(&attended)?)?;
        let (x2, gate_up, [inner_mlp, inner_down]) = self.mlp(pass, layer, &x1)?;
        let inner = [inner_output, inner_mlp, inner_down];
        Ok((
            x2,
            SavedBlock {
                x0,
                projected,
                attended,
                x1,
                gate_up,
                inner,
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
        self.rotate(&qkv, positions, false)?;
        Ok(Projected { qkv, raw, inner })
    }

    /// Turns the gradient by what [`Self::project`] gave into the one by the linear layers' result,
    /// in place.
    pub(super) fn project_backward(
        &self,
        layer: usize,
        d_qkv: &Tensor,
        raw: Option<&Buffer>,
        positions: &[u32],
    ) -> Result<()> {
        self.rotate(d_qkv, positions, true)?;
        match (self.head_norm(layer), raw) {
            (Some(norm), Some(raw)) => ops::head_norm_backward(d_qkv, raw, norm),
            _ => Ok(()),
        }
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

    fn rotate(&self, qkv: &Tensor, positions: &[u32], backward: bool) -> Result<()> {
        let heads = self.shape.heads + self.shape.kv_heads;
        ops::rope(qkv, &self.rope, positions, heads, backward)
    }

    /// `x0` and the projected result of attention.
    pub(super) fn attention_output(
        &self,
        pass: &Pass<'_>,
        layer: usize,
        x0: &Tensor,
        attended: &Tensor,
    ) -> Result<(Buffer, Option<Buffer>)> {
        let x1 = self.pool.take(x0.dims())?;
        let inner = self
            .linear(pass, layer, Group::Output)
            .forward(&x1, attended)?;
        ops::add(&x1, x0)?;
        Ok((x1, inner))
    }

    /// The block's result, gate and up, and the adapters' inner results.
    pub(super) fn mlp(
        &self,
        pass: &Pass<'_>,
        layer: usize,
        x1: &Tensor,
    ) -> Result<(Buffer, Buffer, [Option<Buffer>; 2])> {
        let (rows, inner_size) = (x1.dims2()?.0, self.config.intermediate_size);
        let normed = self.normed(x1, &self.weights.layers[layer].mlp_norm)?;
        let gate_up = self.pool.take((rows, 2 * inner_size))?;
        let inner_mlp = self
            .linear(pass, layer, Group::Mlp)
            .forward(&gate_up, &normed)?;
        let h = self.pool.take((rows, inner_size))?;
        ops::swiglu(&h, &gate_up)?;
        let x2 = self.pool.take(x1.dims())?;
        let inner_down = self.linear(pass, layer, Group::Down).forward(&x2, &h)?;
        ops::add(&x2, x1)?;
        Ok((x2, gate_up, [inner_mlp, inner_down]))
    }

    /// RMSNorm of rows.
    pub(super) fn normed(&self, x: &Tensor, weight: &Tensor) -> Result<Buffer> {
        let normed = self.pool.take(x.dims())?;
        ops::rms_norm(&normed, x, weight, self.config.rms_norm_eps)?;
        Ok(normed)
    }
}
