//! What a weight-decomposed adapter (DoRA, Liu et al. 2024) takes from the base: norms of rows.
//!
//! Such an adapter has a magnitude `m` for each row of a weight, and the layer computes with
//! `m / ‖W + s·B·A‖ ∘ (W + s·B·A)`, the norms by rows. They change with A and B, so they belong to
//! one state of the adapter on one base; the gradient takes them for constants, as the paper's
//! section 4.3 and PEFT do.

use candle_core::{DType, Result, Tensor};

use super::layout::Group;
use super::views::{Adapter, LoraGroup, LoraPart};
use crate::model::{LayerWeights, Matrix, Weights};
use crate::ops;

/// Rows whose sums are in memory at once.
const ROWS: usize = 256;

/// A low-rank change of a weight: `scale · b · a`, of `[out, r]` and `[r, in]`.
#[derive(Clone, Copy)]
pub(super) struct Change<'a> {
    pub(super) a: &'a Tensor,
    pub(super) b: &'a Tensor,
    pub(super) scale: f32,
}

/// `norms = ‖weight + change‖` by rows, of `[out]` and `[out, in]`.
pub(super) fn row_norms(norms: &Tensor, weight: &Matrix, change: Option<Change<'_>>) -> Result<()> {
    let (rows, width) = weight.dims2()?;
    let sums = Tensor::zeros((ROWS.min(rows), width), DType::F32, weight.device())?;
    for first in (0..rows).step_by(ROWS) {
        let count = ROWS.min(rows - first);
        let sums = sums.narrow(0, 0, count)?;
        let places: Vec<u32> = (first as u32..(first + count) as u32).collect();
        weight.gather(&sums, &places)?;
        if let Some(Change { a, b, scale }) = change {
            ops::gemm_add(&sums, &b.narrow(0, first, count)?, a, scale)?;
        }
        ops::row_norms(&norms.narrow(0, first, count)?, &sums)?;
    }
    Ok(())
}

/// How the rows of one adapted weight are scaled.
#[derive(Clone, Debug)]
pub struct RowScale {
    /// `m / ‖W + s·B·A‖`, `[out]`.
    pub factor: Tensor,
    /// `‖W + s·B·A‖`, `[out]`.
    pub norm: Tensor,
}

impl RowScale {
    pub(super) fn new(weight: &Matrix, change: Change<'_>, magnitude: &Tensor) -> Result<Self> {
        let norm = magnitude.zeros_like()?;
        row_norms(&norm, weight, Some(change))?;
        let factor = (magnitude / &norm)?;
        Ok(Self { factor, norm })
    }
}

/// How a weight-decomposed adapter scales the rows of one base, as long as neither changes.
#[derive(Clone, Debug)]
pub struct RowScales {
    layers: Vec<[Vec<RowScale>; 4]>,
}

impl RowScales {
    /// `None` for an adapter without magnitudes.
    pub fn new(weights: &Weights, adapter: &Adapter) -> Result<Option<Self>> {
        if !adapter.shape().weight_decomposed {
            return Ok(None);
        }
        let layers = weights.layers.iter().enumerate();
        let layers = layers
            .map(|(index, layer)| {
                let mut scales = [const { Vec::new() }; 4];
                for group in Group::ALL {
                    if let Some(lora) = adapter.group(index, group) {
                        scales[group.index()] = of_group(layer, lora, adapter.shape().scaling())?;
                    }
                }
                Ok(scales)
            })
            .collect::<Result<_>>()?;
        Ok(Some(Self { layers }))
    }

    /// The scales of one group of one layer, in the order of its parts.
    pub fn group(&self, layer: usize, group: Group) -> &[RowScale] {
        let layer = self.layers.get(layer);
        layer.map_or(&[], |groups| &groups[group.index()])
    }
}

fn of_group(layer: &LayerWeights, lora: &LoraGroup, scale: f32) -> Result<Vec<RowScale>> {
    let rank = lora.a.dims2()?.0 / lora.parts.len();
    let parts = lora.parts.iter().enumerate();
    let with_magnitude = parts.filter_map(|(index, part)| {
        let LoraPart {
            target,
            b,
            magnitude,
        } = part;
        Some((index, *target, b, magnitude.as_ref()?))
    });
    with_magnitude
        .map(|(index, target, b, magnitude)| {
            let a = &lora.a.narrow(0, index * rank, rank)?;
            RowScale::new(layer.linear(target), Change { a, b, scale }, magnitude)
        })
        .collect()
}
