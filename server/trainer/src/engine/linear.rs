//! The linear layers that read one input, with their adapters, forward and backward.
//!
//! `y = x·Wᵀ + s·u·Bᵀ` with `u = dropout(x)·Aᵀ`. PEFT draws a mask for each layer; here layers
//! that read one input share one, so that their A matrices multiply it at once.

use candle_core::{Result, Tensor};

use super::model::{Model, Pass};
use crate::adapter::{Gradients, Group, LoraGroup};
use crate::model::LayerWeights;
use crate::ops::{self, Buffer, DropoutKey};

/// One group of one layer in one pass.
#[derive(Clone, Copy)]
pub(super) struct Linear<'a> {
    pub(super) model: &'a Model,
    pub(super) pass: &'a Pass<'a>,
    pub(super) layer: usize,
    pub(super) group: Group,
}

impl<'a> Linear<'a> {
    fn weights(&self) -> &'a LayerWeights {
        &self.model.weights.layers[self.layer]
    }

    fn lora(&self) -> Option<(&'a LoraGroup, f32)> {
        let adapter = self.pass.adapter?;
        Some((
            adapter.group(self.layer, self.group)?,
            adapter.shape().scaling(),
        ))
    }

    /// The key of this pass, layer and group, if there is dropout.
    fn dropout(&self) -> Option<DropoutKey> {
        let key = self.pass.dropout?;
        let stream = (key.stream << 20) | ((self.layer as u64) << 2) | self.group.index() as u64;
        (key.share > 0.0).then_some(DropoutKey { stream, ..key })
    }

    /// Columns of the group's result, for each layer of it.
    fn columns(&self, whole: &Tensor) -> Result<Vec<Tensor>> {
        let mut first = 0;
        self.group
            .targets()
            .iter()
            .map(|target| {
                let width = self.weights().linear(*target).dims2()?.0;
                first += width;
                whole.narrow(1, first - width, width)
            })
            .collect()
    }

    /// The part of the result that a layer with an adapter owns, and its columns of `u`.
    fn lora_columns(&self, lora: &LoraGroup, y: &[Tensor], u: &Tensor) -> Result<Vec<[Tensor; 2]>> {
        let rank = u.dims2()?.1 / lora.parts.len();
        lora.parts
            .iter()
            .enumerate()
            .map(|(index, part)| {
                let place = self
                    .group
                    .targets()
                    .iter()
                    .position(|target| *target == part.target);
                let y = y[place.unwrap_or_default()].clone();
                Ok([y, u.narrow(1, index * rank, rank)?])
            })
            .collect()
    }

    /// What the A matrices see: the input, or a copy with dropout.
    fn adapter_input(&self, x: &Tensor) -> Result<Option<Buffer>> {
        let Some(key) = self.dropout() else {
            return Ok(None);
        };
        let dropped = self.model.pool.take(x.dims())?;
        ops::dropout(&dropped, x, key)?;
        Ok(Some(dropped))
    }

    /// Writes `y` `[T, Σ out]` from `x` `[T, in]`; returns `u` `[T, parts·r]` for the backward.
    pub(super) fn forward(&self, y: &Tensor, x: &Tensor) -> Result<Option<Buffer>> {
        let columns = self.columns(y)?;
        for (y, target) in columns.iter().zip(self.group.targets()) {
            ops::linear(y, x, self.weights().linear(*target))?;
        }
        let Some((lora, scale)) = self.lora() else {
            return Ok(None);
        };
        let dropped = self.adapter_input(x)?;
        let u = self.model.pool.take((x.dims2()?.0, lora.a.dims2()?.0))?;
        ops::linear(&u, dropped.as_deref().unwrap_or(x), &lora.a)?;
        for (part, [y, u]) in lora
            .parts
            .iter()
            .zip(self.lora_columns(lora, &columns, &u)?)
        {
            ops::gemm_add(&y, &u, &part.b.t()?, scale)?;
        }
        Ok(Some(u))
    }

    /// Adds the adapters' gradients and writes `dx` `[T, in]`, if wanted, from `dy` `[T, Σ out]`,
    /// the input `x` and the forward's `u`.
    pub(super) fn backward(
        &self,
        dy: &Tensor,
        x: &Tensor,
        u: Option<&Buffer>,
        dx: Option<&Tensor>,
        gradients: &Gradients,
    ) -> Result<()> {
        let columns = self.columns(dy)?;
        if let Some(dx) = dx {
            for (index, (dy, target)) in columns.iter().zip(self.group.targets()).enumerate() {
                let weight = self.weights().linear(*target);
                if index == 0 {
                    ops::gemm(dx, dy, weight)?;
                } else {
                    ops::gemm_add(dx, dy, weight, 1.0)?;
                }
            }
        }
        let gradients = gradients.group(self.layer, self.group);
        let (Some((lora, scale)), Some(u), Some(gradients)) = (self.lora(), u, gradients) else {
            return Ok(());
        };
        let du = self.model.pool.take(u.dims())?;
        let u_columns = self.lora_columns(lora, &columns, u)?;
        let du_columns = self.lora_columns(lora, &columns, &du)?;
        for (index, ([dy, u], [_, du])) in u_columns.iter().zip(&du_columns).enumerate() {
            ops::gemm_scaled(du, dy, &lora.parts[index].b, scale)?;
            ops::gemm_add(&gradients.parts[index].b, &dy.t()?, u, scale)?;
        }
        let dropped = self.adapter_input(x)?;
        ops::gemm_add(&gradients.a, &du.t()?, dropped.as_deref().unwrap_or(x), 1.0)?;
        dx.map_or(Ok(()), |dx| self.add_through_a(dx, &du, lora))
    }

    /// `dx += dropout(du·A)`.
    fn add_through_a(&self, dx: &Tensor, du: &Tensor, lora: &LoraGroup) -> Result<()> {
        let Some(key) = self.dropout() else {
            return ops::gemm_add(dx, du, &lora.a, 1.0);
        };
        let through = self.model.pool.take(dx.dims())?;
        let dropped = self.model.pool.take(dx.dims())?;
        ops::gemm(&through, du, &lora.a)?;
        ops::dropout(&dropped, &through, key)?;
        ops::add(dx, &dropped)
    }
}
