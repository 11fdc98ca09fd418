//! Where a backward adds what it finds: to the gradients of an adapter, or of all weights.

use candle_core::{Result, Tensor};

use crate::adapter::{self, Group, LoraGroup};
use crate::model::{LayerWeights, Matrix, Weights};

/// The gradients that a backward adds to.
#[derive(Clone, Copy, Debug)]
pub enum Gradients<'a> {
    /// Those of the adapter that the pass was made with; the base is frozen.
    Adapter(&'a adapter::Gradients),
    /// Those of all weights, in tensors of the weights' shapes; there is no adapter.
    Weights(&'a Weights),
}

impl<'a> From<&'a adapter::Gradients> for Gradients<'a> {
    fn from(gradients: &'a adapter::Gradients) -> Self {
        Self::Adapter(gradients)
    }
}

impl<'a> From<&'a Weights> for Gradients<'a> {
    fn from(gradients: &'a Weights) -> Self {
        Self::Weights(gradients)
    }
}

impl<'a> Gradients<'a> {
    /// Of the adapters of one group of one layer.
    pub(super) fn group(self, layer: usize, group: Group) -> Option<&'a LoraGroup> {
        match self {
            Self::Adapter(gradients) => gradients.group(layer, group),
            Self::Weights(_) => None,
        }
    }

    /// Of all weights.
    pub(super) fn weights(self) -> Option<&'a Weights> {
        match self {
            Self::Adapter(_) => None,
            Self::Weights(weights) => Some(weights),
        }
    }

    /// Of all weights of one layer.
    pub(super) fn layer(self, layer: usize) -> Option<&'a LayerWeights> {
        self.weights().map(|weights| &weights.layers[layer])
    }

    /// Of the head that scores, `[1, D]`.
    pub(super) fn score(self) -> Result<Option<Tensor>> {
        match self {
            Self::Adapter(gradients) => Ok(gradients.score().cloned()),
            Self::Weights(weights) => {
                let score = weights.score.as_ref();
                score.map(Matrix::numbers).transpose()
            }
        }
    }
}
