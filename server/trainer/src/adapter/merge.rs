//! Folding an adapter into the base weights, for export.

use shared::training::TargetModule;

use super::decomposed::{Change, RowScale};
use super::views::Adapter;
use crate::error::Result;
use crate::model::{LoadedModel, Matrix, Weights};
use crate::ops;

/// `W + s·B·A` of one linear layer, `[out, in]`, its rows scaled to their magnitudes where the
/// adapter has them; the base's own matrix where it carries no adapter.
pub fn merged_weight(
    weights: &Weights,
    adapter: &Adapter,
    layer: usize,
    target: TargetModule,
) -> Result<Matrix> {
    let weight = weights.layers[layer].linear(target);
    let Some((a, b)) = adapter.matrices(layer, target)? else {
        return Ok(weight.clone());
    };
    let scale = adapter.shape().scaling();
    // Not `copy`, which would copy the matrices beside it too.
    let merged = weight.numbers()?.force_contiguous()?;
    ops::gemm_add(&merged, &b, &a, scale)?;
    let Some(magnitude) = adapter.magnitude(layer, target) else {
        return Ok(merged.into());
    };
    let (a, b) = (&a, &b);
    let RowScale { factor, .. } = RowScale::new(weight, Change { a, b, scale }, magnitude)?;
    Ok(merged.broadcast_mul(&factor.unsqueeze(1)?)?.into())
}

/// A model that answers as the base does with the adapter. What carries no adapter is shared with
/// the base.
pub fn merged(model: &LoadedModel, adapter: Option<&Adapter>) -> Result<LoadedModel> {
    let mut merged = model.clone();
    let Some(adapter) = adapter else {
        return Ok(merged);
    };
    adapter.expect_answers("adapter")?;
    for (index, layer) in merged.weights.layers.iter_mut().enumerate() {
        for &target in TargetModule::ALL {
            *layer.linear_mut(target) = merged_weight(&model.weights, adapter, index, target)?;
        }
    }
    Ok(merged)
}
