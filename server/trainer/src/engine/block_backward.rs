//! The backward of one block: from the gradient by its result to the gradient by its input.

use candle_core::{Result, Tensor};

use super::batch::Batch;
use super::block::{Projected, SavedBlock};
use super::model::{Model, Pass};
use crate::adapter::{Gradients, Group};
use crate::ops;

impl Model {
    /// Turns `g`, the gradient by the block's result, into the one by its input, in place, and
    /// adds the adapters' gradients. The first block's input needs none, so `g` is then left
    /// unfinished.
    pub(super) fn block_backward(
        &self,
        pass: &Pass<'_>,
        layer: usize,
        g: &Tensor,
        saved: SavedBlock,
        batch: &Batch,
        gradients: &Gradients,
    ) -> Result<()> {
        self.mlp_backward(pass, layer, g, &saved, gradients)?;
        let SavedBlock {
            x0,
            projected: Projected { qkv, raw, inner },
            attended,
            inner: [inner_output, ..],
            ..
        } = saved;

        let d_attended = self.pool.take((batch.tokens.len(), self.shape.width()))?;
        let rows = self.attention_rows(&attended)?;
        let output = self.linear(pass, layer, Group::Output);
        output.backward(
            g,
            &rows,
            inner_output.as_ref(),
            Some(&d_attended),
            gradients,
        )?;

        let d_qkv = self.pool.take(qkv.dims())?;
        ops::attention_backward(
            &d_qkv,
            &d_attended,
            &qkv,
            &attended,
            &batch.segments,
            self.shape,
        )?;
        drop((qkv, attended, d_attended));
        self.project_backward(layer, &d_qkv, raw.as_ref(), &batch.positions)?;
        drop(raw);

        let weight = &self.weights.layers[layer].attention_norm;
        let normed = self.normed(&x0, weight)?;
        let attention = self.linear(pass, layer, Group::Attention);
        if layer == 0 {
            return attention.backward(&d_qkv, &normed, inner.as_ref(), None, gradients);
        }
        let d_normed = self.pool.take(x0.dims())?;
        attention.backward(&d_qkv, &normed, inner.as_ref(), Some(&d_normed), gradients)?;
        ops::rms_norm_backward_add(g, &d_normed, &x0, weight, self.config.rms_norm_eps)
    }

    fn mlp_backward(
        &self,
        pass: &Pass<'_>,
        layer: usize,
        g: &Tensor,
        saved: &SavedBlock,
        gradients: &Gradients,
    ) -> Result<()> {
        let SavedBlock {
            x1,
            gate_up,
            inner: [_, inner_mlp, inner_down],
            ..
        } = saved;
        let h = self
            .pool
            .take((x1.dims2()?.0, self.config.intermediate_size))?;
        ops::swiglu(&h, gate_up)?;
        let dh = self.pool.take(h.dims())?;
        let down = self.linear(pass, layer, Group::Down);
        down.backward(g, &h, inner_down.as_ref(), Some(&dh), gradients)?;
        drop(h);

        let d_gate_up = self.pool.take(gate_up.dims())?;
        ops::swiglu_backward(&d_gate_up, &dh, gate_up)?;
        drop(dh);
        let weight = &self.weights.layers[layer].mlp_norm;
        let normed = self.normed(x1, weight)?;
        let d_normed = self.pool.take(x1.dims())?;
        let mlp = self.linear(pass, layer, Group::Mlp);
        mlp.backward(
            &d_gate_up,
            &normed,
            inner_mlp.as_ref(),
            Some(&d_normed),
            gradients,
        )?;
        ops::rms_norm_backward_add(g, &d_normed, x1, weight, self.config.rms_norm_eps)
    }
}
