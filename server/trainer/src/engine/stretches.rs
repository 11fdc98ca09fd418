//! A linear layer whose rows have different adapters, forward only.
//!
//! The base multiplies all rows at once, which is where a step's time goes: its weights are read once
//! for all adapters. Rows of one adapter lie together, so each adapter multiplies one stretch of them.

use std::ops::Range;

use candle_core::{Result, Tensor};
use shared::training::TargetModule;

use super::linear::{Adapted, Linear};
use super::model::Applied;
use crate::adapter::Adapter;
use crate::ops;

impl<'a> Linear<'a> {
    /// Adds to `y` of the base, by layer `[T, out]`, what each stretch's adapter makes of its rows of
    /// `x` `[T, in]`. There is no dropout.
    pub(super) fn add_stretches(
        &self,
        columns: &[(TargetModule, Tensor)],
        x: &Tensor,
        stretches: &'a [(Range<usize>, Applied<'a>)],
    ) -> Result<()> {
        for (rows, applied) in stretches {
            let Some((lora, scale)) = applied.adapter.and_then(|adapter| self.lora_of(adapter))
            else {
                continue;
            };
            let of_rows = |whole: &Tensor| whole.narrow(0, rows.start, rows.len());
            let columns = columns.iter();
            let columns = columns.map(|(target, y)| Ok((*target, of_rows(y)?)));
            let columns = columns.collect::<Result<Vec<_>>>()?;
            let u = self.model.pool.take((rows.len(), lora.a.dims2()?.0))?;
            let products = self.model.products();
            products.linear(&u, &of_rows(x)?, &lora.a)?;
            let adapted = Self::adapted(lora, &columns, &u)?;
            for Adapted { part, y, u } in &adapted {
                products.gemm_add(y, u, &part.b.t()?, scale)?;
            }
            if let Some(scales) = &applied.row_scales {
                let scales = scales.group(self.layer, self.group);
                for (Adapted { y, .. }, row_scale) in adapted.iter().zip(scales) {
                    let unscaled = self.model.pool.take(y.dims())?;
                    ops::copy_rows(&unscaled, y)?;
                    ops::scale_columns(y, &unscaled, &row_scale.factor)?;
                }
            }
        }
        Ok(())
    }
}

/// Places that lie together and have the same adapter, in their order.
pub(super) fn stretches<'a>(
    adapters: &[Option<&'a Adapter>],
) -> Vec<(Range<usize>, Option<&'a Adapter>)> {
    let mut start = 0;
    let parts = adapters
        .chunk_by(|one, other| is_same(*one, *other))
        .map(|part| {
            start += part.len();
            (start - part.len()..start, part[0])
        });
    parts.collect()
}

fn is_same(one: Option<&Adapter>, other: Option<&Adapter>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => std::ptr::eq(one, other),
        (None, None) => true,
        _ => false,
    }
}
