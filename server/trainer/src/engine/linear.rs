//! The linear layers that read one input, with their adapters, forward and backward.
//!
//! `y = x·Wᵀ + s·u·Bᵀ` with `u = dropout(x)·Aᵀ`. PEFT draws a mask for each layer; here layers
//! that read one input share one, so that their A matrices multiply it at once. What a
//! weight-decomposed adapter does instead is in `decomposed`, and what rows with different adapters do in
//! `stretches`.

use candle_core::{Result, Tensor};
use shared::training::TargetModule;

use super::gradients::Gradients;
use super::model::{Adapters, Model, Pass};
use crate::adapter::{Adapter, Group, LoraGroup, LoraPart};
use crate::model::{Matrix, Rows};
use crate::ops::{self, Buffer, DropoutKey};

/// One group of one layer in one pass.
#[derive(Clone, Copy)]
pub(super) struct Linear<'a> {
    pub(super) model: &'a Model,
    pub(super) pass: &'a Pass<'a>,
    pub(super) layer: usize,
    pub(super) group: Group,
}

/// What the adapters of a group compute inside, for their backward.
#[derive(Debug)]
pub(super) struct Inner {
    /// The result of the A matrices, `[T, parts·r]`.
    pub(super) u: Buffer,
    /// The result of the adapted layers before their rows are scaled, `[T, Σ out]` of them, if the
    /// adapter is weight-decomposed.
    pub(super) unscaled: Option<Buffer>,
}

/// A layer with an adapter, and its columns of a group's tensors.
pub(super) struct Adapted<'a> {
    pub(super) part: &'a LoraPart,
    /// Of the group's result, or of the gradient by it, `[T, out]`.
    pub(super) y: Tensor,
    /// Of the result of the A matrices, `[T, r]`.
    pub(super) u: Tensor,
}

impl<'a> Linear<'a> {
    /// The weight of one layer of the group, `[out, in]`; blocks are widened for as long as the result
    /// lives.
    pub(super) fn weight(&self, target: TargetModule) -> Result<Rows> {
        self.matrix(target).whole(&self.model.widened)
    }

    fn matrix(&self, target: TargetModule) -> &'a Matrix {
        self.model.weights.layers[self.layer].linear(target)
    }

    fn lora(&self) -> Option<(&'a LoraGroup, f32)> {
        self.lora_of(self.pass.adapter()?)
    }

    /// The matrices of an adapter for the group, and its scaling.
    pub(super) fn lora_of(&self, adapter: &'a Adapter) -> Option<(&'a LoraGroup, f32)> {
        Some((
            adapter.group(self.layer, self.group)?,
            adapter.shape().scaling(),
        ))
    }

    /// The key of this pass, layer and group, if there is dropout.
    pub(super) fn dropout(&self) -> Option<DropoutKey> {
        let key = self.pass.dropout?;
        let stream = (key.stream << 20) | ((self.layer as u64) << 2) | self.group.index() as u64;
        (key.share > 0.0).then_some(DropoutKey { stream, ..key })
    }

    /// Columns of the group's result, for each layer of it.
    fn columns(&self, whole: &Tensor) -> Result<Vec<(TargetModule, Tensor)>> {
        let mut first = 0;
        let targets = self.group.targets().iter();
        targets
            .map(|target| {
                let width = self.matrix(*target).dims2()?.0;
                first += width;
                Ok((*target, whole.narrow(1, first - width, width)?))
            })
            .collect()
    }

    /// The layers with an adapter, with their columns of `y` and `u`.
    pub(super) fn adapted(
        lora: &'a LoraGroup,
        y: &[(TargetModule, Tensor)],
        u: &Tensor,
    ) -> Result<Vec<Adapted<'a>>> {
        let rank = u.dims2()?.1 / lora.parts.len();
        let columns = |part: &LoraPart| y.iter().find(|(target, _)| *target == part.target);
        let parts = lora.parts.iter().enumerate();
        parts
            .filter_map(|(index, part)| Some((index, part, &columns(part)?.1)))
            .map(|(index, part, y)| {
                let u = u.narrow(1, index * rank, rank)?;
                let y = y.clone();
                Ok(Adapted { part, y, u })
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

    /// Writes `y` `[T, Σ out]` from `x` `[T, in]`; returns what the adapters' backward needs.
    pub(super) fn forward(&self, y: &Tensor, x: &Tensor) -> Result<Option<Inner>> {
        let columns = self.columns(y)?;
        if let Adapters::Stretches(stretches) = &self.pass.adapters {
            self.whole_base(y, &columns, x)?;
            self.add_stretches(&columns, x, stretches)?;
            return Ok(None);
        }
        let Some((lora, scale)) = self.lora() else {
            self.whole_base(y, &columns, x)?;
            return Ok(None);
        };
        let dropped = self.adapter_input(x)?;
        let seen = dropped.as_deref().unwrap_or(x);
        let u = self.model.pool.take((x.dims2()?.0, lora.a.dims2()?.0))?;
        let products = self.model.products();
        products.linear(&u, seen, &lora.a)?;
        let adapted = Self::adapted(lora, &columns, &u)?;
        let Some(scales) = self.row_scales() else {
            self.whole_base(y, &columns, x)?;
            for Adapted { part, y, u } in adapted {
                products.gemm_add(&y, &u, &part.b.t()?, scale)?;
            }
            return Ok(Some(Inner { u, unscaled: None }));
        };
        self.base(&without(&columns, &adapted), x)?;
        let unscaled = Some(self.forward_decomposed(&adapted, scales, x, seen, scale)?);
        Ok(Some(Inner { u, unscaled }))
    }

    /// All layers' weights as one matrix, if they are one.
    fn joined(&self) -> Option<&'a Tensor> {
        let joined = &self.model.weights.layers[self.layer].joined;
        match self.group {
            Group::Attention => joined.attention.as_ref(),
            Group::Mlp => joined.mlp.as_ref(),
            Group::Output | Group::Down => None,
        }
    }

    /// `y = x·Wᵀ` of all layers, whose columns of `y` are given too.
    fn whole_base(&self, y: &Tensor, columns: &[(TargetModule, Tensor)], x: &Tensor) -> Result<()> {
        match self.joined() {
            Some(weight) => self.model.products().linear(y, x, weight),
            None => self.base(columns, x),
        }
    }

    /// `y = x·Wᵀ` of some layers.
    fn base(&self, columns: &[(TargetModule, Tensor)], x: &Tensor) -> Result<()> {
        let mut columns = columns.iter();
        columns.try_for_each(|(target, y)| {
            let weight = self.weight(*target)?;
            self.model.products().linear(y, x, &weight)
        })
    }

    /// Adds the gradients and writes `dx` `[T, in]`, if wanted, from `dy` `[T, Σ out]`,
    /// the input `x` and what the forward returned.
    pub(super) fn backward(
        &self,
        dy: &Tensor,
        x: &Tensor,
        inner: Option<&Inner>,
        dx: Option<&Tensor>,
        gradients: Gradients<'_>,
    ) -> Result<()> {
        let columns = self.columns(dy)?;
        if let Some(layer) = gradients.layer(self.layer) {
            let products = self.model.products();
            for (target, dy) in &columns {
                let weight = layer.linear(*target).numbers()?;
                products.gemm_add(&weight, &dy.t()?, x, 1.0)?;
            }
        }
        let gradients = gradients.group(self.layer, self.group);
        let (Some((lora, scale)), Some(inner), Some(gradients)) = (self.lora(), inner, gradients)
        else {
            return dx.map_or(Ok(()), |dx| self.through_whole_base(dx, dy, &columns));
        };
        let mut adapted = Self::adapted(lora, &columns, &inner.u)?;
        let scaled = match (self.row_scales(), &inner.unscaled) {
            (Some(scales), Some(unscaled)) => {
                Some(self.scaled(&mut adapted, scales, unscaled, gradients)?)
            }
            _ => None,
        };
        let products = self.model.products();
        let du = self.model.pool.take(inner.u.dims())?;
        let rank = lora.a.dims2()?.0 / lora.parts.len();
        for (index, Adapted { part, y, u }) in adapted.iter().enumerate() {
            let du = du.narrow(1, index * rank, rank)?;
            products.gemm_scaled(&du, y, &part.b, scale)?;
            products.gemm_add(&gradients.parts[index].b, &y.t()?, u, scale)?;
        }
        let dropped = self.adapter_input(x)?;
        products.gemm_add(&gradients.a, &du.t()?, dropped.as_deref().unwrap_or(x), 1.0)?;
        drop(dropped);
        match (dx, scaled) {
            (None, _) => Ok(()),
            (Some(dx), None) => {
                self.through_whole_base(dx, dy, &columns)?;
                self.add_through_a(dx, &du, lora)
            }
            (Some(dx), Some(_)) => self.through_decomposed(dx, &columns, &adapted, &du, lora),
        }
    }

    /// `dx = Σ dy·W` over all layers, whose columns of `dy` are given too.
    fn through_whole_base(
        &self,
        dx: &Tensor,
        dy: &Tensor,
        columns: &[(TargetModule, Tensor)],
    ) -> Result<()> {
        match self.joined() {
            Some(weight) => self.model.products().gemm(dx, dy, weight),
            None => self.through_base(dx, columns),
        }
    }

    /// `dx = Σ dy·W` over some layers.
    pub(super) fn through_base(
        &self,
        dx: &Tensor,
        columns: &[(TargetModule, Tensor)],
    ) -> Result<()> {
        let products = self.model.products();
        for (index, (target, dy)) in columns.iter().enumerate() {
            let weight = self.weight(*target)?;
            if index == 0 {
                products.gemm(dx, dy, &weight)?;
            } else {
                products.gemm_add(dx, dy, &weight, 1.0)?;
            }
        }
        Ok(())
    }

    /// `dx += dropout(du·A)`.
    fn add_through_a(&self, dx: &Tensor, du: &Tensor, lora: &LoraGroup) -> Result<()> {
        let Some(key) = self.dropout() else {
            return self.model.products().gemm_add(dx, du, &lora.a, 1.0);
        };
        let through = self.model.pool.take(dx.dims())?;
        let dropped = self.model.pool.take(dx.dims())?;
        self.model.products().gemm(&through, du, &lora.a)?;
        ops::dropout(&dropped, &through, key)?;
        ops::add(dx, &dropped)
    }
}

/// The columns of layers without an adapter.
pub(super) fn without(
    columns: &[(TargetModule, Tensor)],
    adapted: &[Adapted<'_>],
) -> Vec<(TargetModule, Tensor)> {
    let is_adapted = |target| adapted.iter().any(|one| one.part.target == target);
    let columns = columns.iter().filter(|(target, _)| !is_adapted(*target));
    columns.cloned().collect()
}
