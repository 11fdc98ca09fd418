//! What a run trains, with its gradients: an adapter, or all weights of the base.

use candle_core::Tensor;

use crate::adapter::{self, Adapter};
use crate::engine;
use crate::error::Result;
use crate::optim::AdamW;
use crate::whole::{WholeGradients, WholeModel};

/// What is trained. The optimizer and clipping see one flat tensor of either.
pub(super) enum Learner<'a> {
    /// An adapter; the base stays as it is.
    Adapter {
        adapter: Adapter,
        gradients: adapter::Gradients,
    },
    /// All weights of the model that the run computes with.
    Weights {
        model: &'a WholeModel,
        gradients: WholeGradients,
    },
}

impl<'a> Learner<'a> {
    pub(super) fn of_adapter(adapter: Adapter) -> Result<Self> {
        let gradients = adapter.gradients()?;
        Ok(Self::Adapter { adapter, gradients })
    }

    pub(super) fn of_weights(model: &'a WholeModel) -> Result<Self> {
        let gradients = model.gradients()?;
        Ok(Self::Weights { model, gradients })
    }

    /// What is put on the base, if anything is.
    pub(super) fn adapter(&self) -> Option<&Adapter> {
        match self {
            Self::Adapter { adapter, .. } => Some(adapter),
            Self::Weights { .. } => None,
        }
    }

    /// All numbers that are trained, `[P]`.
    pub(super) fn numbers(&self) -> &Tensor {
        match self {
            Self::Adapter { adapter, .. } => adapter.flat(),
            Self::Weights { model, .. } => model.flat(),
        }
    }

    /// The optimizer, for the numbers that are trained: of an adapter all decay.
    pub(super) fn decaying(&self, optimizer: AdamW) -> AdamW {
        match self {
            Self::Adapter { .. } => optimizer,
            Self::Weights { model, .. } => optimizer.with_decaying(model.decaying()),
        }
    }

    /// Their gradients, `[P]`.
    pub(super) fn flat_gradients(&self) -> &Tensor {
        match self {
            Self::Adapter { gradients, .. } => gradients.flat(),
            Self::Weights { gradients, .. } => gradients.flat(),
        }
    }

    /// The same for the engine.
    pub(super) fn gradients(&self) -> engine::Gradients<'_> {
        match self {
            Self::Adapter { gradients, .. } => gradients.into(),
            Self::Weights { gradients, .. } => gradients.weights().into(),
        }
    }
}
