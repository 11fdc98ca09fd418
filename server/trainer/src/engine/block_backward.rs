//! The backward of one block: from the gradient by its result to the gradient by its input.

use candle_core::{Result, Tensor};

use super::batch::Batch;
use super::block::{Added, Projected, SavedBlock, SavedMlp, post_norm};
use super::gradients::Gradients;
use super::linear::Linear;
use super::model::{Model, Pass};
use crate::adapter::Group;
use crate::ops;

impl Model {
    /// Turns `g`, the gradient by the block's result, into the one by its input, in place, and
    /// adds the gradients. Where only adapters are trained the first block's input needs none, so `g`
    /// is then left unfinished.
    pub(super) fn block_backward(
        &self,
        pass: &Pass<'_>,
        layer: usize,
        g: &Tensor,
        saved: SavedBlock,
        batch: &Batch,
        gradients: Gradients<'_>,
    ) -> Result<()> {
        self.mlp_backward(pass, layer, g, &saved, gradients)?;
        let SavedBlock {
            x0,
            projected: Projected { qkv, raw, inner },
            attended,
            output,
            ..
        } = saved;

        let d_attended = self.pool.take((batch.tokens.len(), self.shape.width()))?;
        let rows = self.attention_rows(&attended)?;
        let linear = self.linear(pass, layer, Group::Output);
        self.added_backward(linear, g, &rows, &output, &d_attended, gradients)?;

        let d_qkv = self.pool.take(qkv.dims())?;
        ops::attention_backward(
            &d_qkv,
            &d_attended,
            &qkv,
            &attended,
            &batch.segments,
            self.attention_shape(layer),
        )?;
        drop((qkv, attended, d_attended));
        self.project_backward(layer, &d_qkv, raw.as_ref(), &batch.positions, gradients)?;
        drop(raw);

        let weight = &self.weights.layers[layer].attention_norm;
        let normed = self.normed(&x0, weight)?;
        let attention = self.linear(pass, layer, Group::Attention);
        let own = gradients.layer(layer);
        if layer == 0 && own.is_none() {
            return attention.backward(&d_qkv, &normed, inner.as_ref(), None, gradients);
        }
        let d_normed = self.pool.take(x0.dims())?;
        attention.backward(&d_qkv, &normed, inner.as_ref(), Some(&d_normed), gradients)?;
        let own = own.map(|own| &own.attention_norm);
        self.norm_backward_add(g, &d_normed, &x0, weight, own)
    }

    fn mlp_backward(
        &self,
        pass: &Pass<'_>,
        layer: usize,
        g: &Tensor,
        saved: &SavedBlock,
        gradients: Gradients<'_>,
    ) -> Result<()> {
        let SavedBlock { x1, mlp, .. } = saved;
        let SavedMlp {
            gate_up,
            inner,
            down,
        } = mlp;
        let activation = self.config.activation;
        let h = self
            .pool
            .take((x1.dims2()?.0, self.config.intermediate_size))?;
        ops::glu(&h, gate_up, activation)?;
        let dh = self.pool.take(h.dims())?;
        let linear = self.linear(pass, layer, Group::Down);
        self.added_backward(linear, g, &h, down, &dh, gradients)?;
        drop(h);

        let d_gate_up = self.pool.take(gate_up.dims())?;
        ops::glu_backward(&d_gate_up, &dh, gate_up, activation)?;
        drop(dh);
        let weight = &self.weights.layers[layer].mlp_norm;
        let normed = self.normed(x1, weight)?;
        let d_normed = self.pool.take(x1.dims())?;
        let mlp = self.linear(pass, layer, Group::Mlp);
        mlp.backward(
            &d_gate_up,
            &normed,
            inner.as_ref(),
            Some(&d_normed),
            gradients,
        )?;
        let own = gradients.layer(layer).map(|own| &own.mlp_norm);
        self.norm_backward_add(g, &d_normed, x1, weight, own)
    }

    /// Adds to `dx` the gradient of a norm by its input, from `g`, the one by its result, and to `own`,
    /// where it is trained, the one by its weight.
    pub(super) fn norm_backward_add(
        &self,
        dx: &Tensor,
        g: &Tensor,
        x: &Tensor,
        weight: &Tensor,
        own: Option<&Tensor>,
    ) -> Result<()> {
        let eps = self.config.rms_norm_eps;
        if let Some(own) = own {
            ops::rms_norm_weight_backward_add(own, g, x, eps)?;
        }
        ops::rms_norm_backward_add(dx, g, x, weight, eps)
    }

    /// The backward of a group whose result is added to the residual stream: from `g`, the gradient
    /// by the sum, and the group's input `x` to `dx`, the gradient by that input.
    fn added_backward(
        &self,
        linear: Linear<'_>,
        g: &Tensor,
        x: &Tensor,
        added: &Added,
        dx: &Tensor,
        gradients: Gradients<'_>,
    ) -> Result<()> {
        let inner = added.inner.as_ref();
        let (layer, group) = (linear.layer, linear.group);
        let norm = post_norm(&self.weights.layers[layer], group);
        let (Some(weight), Some(raw)) = (norm, &added.raw) else {
            return linear.backward(g, x, inner, Some(dx), gradients);
        };
        let dy = self.pool.take(raw.dims())?;
        ops::fill(&dy, 0.0)?;
        let own = gradients.layer(layer).and_then(|own| post_norm(own, group));
        self.norm_backward_add(&dy, g, raw, weight, own)?;
        linear.backward(&dy, x, inner, Some(dx), gradients)
    }
}
