//! All weights of a model in one flat tensor, so that they can be trained.
//!
//! As with an adapter, the optimizer, clipping and checkpoints see one tensor of numbers, and the
//! layers see views of it: a model that was made of [`WholeModel::loaded`] computes with what was
//! trained last, and there is no second copy. Matrices come first, because only they decay: as in
//! transformers, weights of norms and biases do not.
//!
//! What must not go in: the training loop, and arithmetic of layers.

use candle_core::{DType, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::adapter::score_head;
use crate::error::Result;
use crate::model::{LoadedModel, Weight, Weights};
use crate::ops;

/// A model whose weights can be trained.
#[derive(Clone, Debug)]
pub struct WholeModel {
    loaded: LoadedModel,
    flat: Tensor,
    /// How many of the numbers belong to matrices.
    matrices: usize,
}

impl WholeModel {
    /// Takes over a model; what has not 32 bits is widened to them. For a moment its weights are
    /// there twice.
    pub fn new(mut loaded: LoadedModel) -> Result<Self> {
        let (matrices, vectors) = loaded.weights.parameter_counts();
        let device = loaded.weights.embedding.device();
        let flat = Tensor::zeros(matrices + vectors, DType::F32, device)?;
        loaded.weights = views(&loaded.weights, &flat, matrices, |weight, place| {
            let numbers = match weight {
                Weight::Matrix(matrix) => matrix.numbers()?,
                Weight::Vector(vector) => vector.clone(),
            };
            let rows = |tensor: &Tensor| tensor.reshape((1, tensor.elem_count()));
            ops::copy_rows(&rows(place)?, &rows(&numbers.to_dtype(DType::F32)?)?)
        })?;
        Ok(Self {
            loaded,
            flat,
            matrices,
        })
    }

    /// The same for a reward model, with a fresh head that scores in place of the output head.
    pub fn with_score_head(mut loaded: LoadedModel, seed: u64) -> Result<Self> {
        let width = loaded.config.hidden_size;
        let numbers = score_head(width, &mut ChaCha8Rng::seed_from_u64(seed));
        let device = loaded.weights.embedding.device();
        let score = Tensor::from_vec(numbers, (1, width), device)?;
        loaded.weights.score = Some(score.into());
        loaded.weights.head = None;
        Self::new(loaded)
    }

    /// The model; its weights are views of [`WholeModel::flat`].
    pub const fn loaded(&self) -> &LoadedModel {
        &self.loaded
    }

    /// All weights, `[P]`.
    pub const fn flat(&self) -> &Tensor {
        &self.flat
    }

    /// How many weights decay: the first ones of [`WholeModel::flat`].
    pub const fn decaying(&self) -> usize {
        self.matrices
    }

    /// Room for gradients, all zero.
    pub fn gradients(&self) -> Result<WholeGradients> {
        let flat = self.flat.zeros_like()?;
        let weights = views(&self.loaded.weights, &flat, self.matrices, |_, _| Ok(()))?;
        Ok(WholeGradients { flat, weights })
    }
}

/// The gradients of all weights.
#[derive(Clone, Debug)]
pub struct WholeGradients {
    flat: Tensor,
    weights: Weights,
}

impl WholeGradients {
    /// All numbers, `[P]`, laid out as [`WholeModel::flat`].
    pub const fn flat(&self) -> &Tensor {
        &self.flat
    }

    /// The same by weights.
    pub const fn weights(&self) -> &Weights {
        &self.weights
    }
}

/// Views of `flat` in the shapes of `weights`: matrices one behind the other, then vectors, which
/// begin at `matrices`. `each` is told every weight and its view.
fn views(
    weights: &Weights,
    flat: &Tensor,
    matrices: usize,
    mut each: impl FnMut(Weight<'_>, &Tensor) -> candle_core::Result<()>,
) -> Result<Weights> {
    let (mut matrix, mut vector) = (0, matrices);
    let views = weights.map(|weight| {
        let place = match weight {
            Weight::Matrix(like) => {
                let (rows, columns) = like.dims2()?;
                matrix += rows * columns;
                let first = matrix - rows * columns;
                flat.narrow(0, first, rows * columns)?
                    .reshape((rows, columns))?
            }
            Weight::Vector(like) => {
                vector += like.elem_count();
                flat.narrow(0, vector - like.elem_count(), like.elem_count())?
            }
        };
        each(weight, &place)?;
        Ok(place)
    });
    Ok(views?)
}
