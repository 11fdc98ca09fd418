//! A linear layer with a weight-decomposed adapter (DoRA, Liu et al. 2024), forward and backward.
//!
//! `y = g ∘ z` with `z = x·Wᵀ + s·u·Bᵀ` and `g = m / ‖W + s·B·A‖`. The norms count as constants, so
//! that `dz = g ∘ dy` takes the place of `dy`, and `dm = Σₜ dy ∘ z / ‖W + s·B·A‖`.
//!
//! With dropout, PEFT 0.21 scales what the whole layer makes of the dropped input d, and leaves what
//! the base makes of the rest as it is: `y = (x - d)·Wᵀ + g ∘ (d·Wᵀ + s·u·Bᵀ)`.

use candle_core::{Result, Tensor};
use shared::training::TargetModule;

use super::linear::{Adapted, Linear, without};
use crate::adapter::{LoraGroup, RowScale};
use crate::ops::{self, Buffer};

impl<'a> Linear<'a> {
    /// How the rows of the adapted layers are scaled, in their order, if they are.
    pub(super) fn row_scales(&self) -> Option<&'a [RowScale]> {
        let scales = self.pass.applied()?.row_scales.as_ref()?;
        Some(scales.group(self.layer, self.group))
    }

    /// Writes `y` of the adapted layers from the input `x` and what their adapters see of it;
    /// returns z, `[T, Σ out]`.
    pub(super) fn forward_decomposed(
        &self,
        adapted: &[Adapted<'_>],
        scales: &[RowScale],
        x: &Tensor,
        seen: &Tensor,
        scale: f32,
    ) -> Result<Buffer> {
        let mut width = 0;
        for Adapted { y, .. } in adapted {
            width += y.dims2()?.1;
        }
        let unscaled = self.model.pool.take((x.dims2()?.0, width))?;
        let columns = columns_of(adapted, &unscaled)?;
        for ((Adapted { part, y, u }, z), row_scale) in adapted.iter().zip(columns).zip(scales) {
            let weight = self.weight(part.target)?;
            self.model.products().linear(&z, seen, &weight)?;
            drop(weight);
            self.model.products().gemm_add(&z, u, &part.b.t()?, scale)?;
            ops::scale_columns(y, &z, &row_scale.factor)?;
        }
        let Some(key) = self.dropout() else {
            return Ok(unscaled);
        };
        let rest = self.model.pool.take(x.dims())?;
        ops::dropped(&rest, x, key)?;
        for Adapted { part, y, .. } in adapted {
            let weight = self.weight(part.target)?.t()?;
            self.model.products().gemm_add(y, &rest, &weight, 1.0)?;
        }
        Ok(unscaled)
    }

    /// Adds the gradients of the magnitudes, and gives each adapted layer its columns of `dz`
    /// instead of `dy`; returns what holds them.
    pub(super) fn scaled(
        &self,
        adapted: &mut [Adapted<'_>],
        scales: &[RowScale],
        unscaled: &Tensor,
        gradients: &LoraGroup,
    ) -> Result<Buffer> {
        let scaled = self.model.pool.take(unscaled.dims())?;
        let (z, dz) = (
            columns_of(adapted, unscaled)?,
            columns_of(adapted, &scaled)?,
        );
        for (index, (z, dz)) in z.iter().zip(dz).enumerate() {
            let dy = std::mem::replace(&mut adapted[index].y, dz);
            let RowScale { factor, norm } = &scales[index];
            if let Some(gradient) = &gradients.parts[index].magnitude {
                ops::add_column_products(gradient, &dy, z, norm)?;
            }
            ops::scale_columns(&adapted[index].y, &dy, factor)?;
        }
        Ok(scaled)
    }

    /// Writes `dx` from `dy` of all layers, `dz` of the adapted ones and `du`.
    pub(super) fn through_decomposed(
        &self,
        dx: &Tensor,
        columns: &[(TargetModule, Tensor)],
        adapted: &[Adapted<'_>],
        du: &Tensor,
        lora: &LoraGroup,
    ) -> Result<()> {
        let scaled = adapted.iter().map(|one| (one.part.target, one.y.clone()));
        let scaled: Vec<_> = scaled.collect();
        let others = without(columns, adapted);
        let Some(key) = self.dropout() else {
            self.through_base(dx, &[scaled, others].concat())?;
            return self.model.products().gemm_add(dx, du, &lora.a, 1.0);
        };
        let through = self.model.pool.take(dx.dims())?;
        self.through_base(&through, &scaled)?;
        self.model.products().gemm_add(&through, du, &lora.a, 1.0)?;
        ops::dropout(dx, &through, key)?;
        let plain = columns
            .iter()
            .filter(|one| !others.iter().any(|other| other.0 == one.0));
        self.through_base(&through, &plain.cloned().collect::<Vec<_>>())?;
        let rest = self.model.pool.take(dx.dims())?;
        ops::dropped(&rest, &through, key)?;
        ops::add(dx, &rest)?;
        if !others.is_empty() {
            self.through_base(&rest, &others)?;
            ops::add(dx, &rest)?;
        }
        Ok(())
    }
}

/// The columns of a tensor of all adapted layers, for each of them.
fn columns_of(adapted: &[Adapted<'_>], whole: &Tensor) -> Result<Vec<Tensor>> {
    let mut first = 0;
    let columns = adapted.iter().map(|one| {
        let width = one.y.dims2()?.1;
        first += width;
        whole.narrow(1, first - width, width)
    });
    columns.collect()
}
