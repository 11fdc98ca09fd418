//! Folding an adapter into the base weights, for export.

use candle_core::Tensor;
use shared::training::TargetModule;

use super::views::Adapter;
use crate::error::Result;
use crate::model::Weights;
use crate::ops;

/// `W + s·B·A` of one linear layer, `[out, in]`; a plain copy where it carries no adapter.
pub fn merged_weight(
    weights: &Weights,
    adapter: &Adapter,
    layer: usize,
    target: TargetModule,
) -> Result<Tensor> {
    let merged = weights.layers[layer].linear(target).copy()?;
    if let Some((a, b)) = adapter.matrices(layer, target)? {
        ops::gemm_add(&merged, &b, &a, adapter.shape().scaling())?;
    }
    Ok(merged)
}
