//! The weights of a base model.

use std::ops::Range;

use candle_core::{Result, Tensor};
use shared::training::TargetModule;

use super::matrix::Matrix;
use crate::ops;

/// The weights of one block. Linear layers are `[out, in]`; norms and biases are f32 and contiguous.
#[derive(Clone, Debug)]
pub struct LayerWeights {
    /// RMSNorm before attention, `[D]`.
    pub attention_norm: Tensor,
    /// Query projection, `[heads * head_dim, D]`, in the half-rotation (Hugging Face) order.
    pub query: Matrix,
    /// Key projection, `[kv_heads * head_dim, D]`, in the same order.
    pub key: Matrix,
    /// Value projection, `[kv_heads * head_dim, D]`.
    pub value: Matrix,
    /// Added to queries, keys and values, `[(heads + 2 * kv_heads) * head_dim]`, in that order.
    pub attention_bias: Option<Tensor>,
    /// The norms of each head of queries and of keys, before the rotation.
    pub head_norms: Option<HeadNorms>,
    /// Output projection, `[D, heads * head_dim]`.
    pub output: Matrix,
    /// The norms of what attention and the MLP add to the residual stream.
    pub post_norms: Option<PostNorms>,
    /// RMSNorm before the MLP, `[D]`.
    pub mlp_norm: Tensor,
    /// Gate projection, `[F, D]`.
    pub gate: Matrix,
    /// Up projection, `[F, D]`.
    pub up: Matrix,
    /// Down projection, `[D, F]`.
    pub down: Matrix,
    /// Some of these matrices once more, as parts of larger ones.
    pub joined: Joined,
}

/// Matrices that read one input, one below the other, where they lie so in memory: one product with
/// them is faster than several.
#[derive(Clone, Debug, Default)]
pub struct Joined {
    /// Query, key and value projections, `[(heads + 2 * kv_heads) * head_dim, D]`.
    pub attention: Option<Tensor>,
    /// Gate and up projections, `[2 * F, D]`.
    pub mlp: Option<Tensor>,
}

/// The weights of the norms of single heads, `[head_dim]` each.
#[derive(Clone, Debug)]
pub struct HeadNorms {
    /// For every head of the queries.
    pub query: Tensor,
    /// For every head of the keys.
    pub key: Tensor,
}

/// The weights of the norms behind attention and the MLP, `[D]` each.
#[derive(Clone, Debug)]
pub struct PostNorms {
    /// Of the output projection's result.
    pub attention: Tensor,
    /// Of the down projection's result.
    pub mlp: Tensor,
}

impl LayerWeights {
    fn map(&self, each: &mut impl FnMut(Weight<'_>) -> Result<Tensor>) -> Result<Self> {
        let mut vector = |vector: &Tensor| each(Weight::Vector(vector));
        let attention_norm = vector(&self.attention_norm)?;
        let mlp_norm = vector(&self.mlp_norm)?;
        let attention_bias = self.attention_bias.as_ref().map(&mut vector).transpose()?;
        let head_norms = self.head_norms.as_ref().map(|norms| {
            let (query, key) = (vector(&norms.query)?, vector(&norms.key)?);
            Ok::<_, candle_core::Error>(HeadNorms { query, key })
        });
        let head_norms = head_norms.transpose()?;
        let post_norms = self.post_norms.as_ref().map(|norms| {
            let (attention, mlp) = (vector(&norms.attention)?, vector(&norms.mlp)?);
            Ok::<_, candle_core::Error>(PostNorms { attention, mlp })
        });
        let post_norms = post_norms.transpose()?;
        let mut matrix = |matrix: &Matrix| each(Weight::Matrix(matrix)).map(Matrix::from);
        Ok(Self {
            attention_norm,
            query: matrix(&self.query)?,
            key: matrix(&self.key)?,
            value: matrix(&self.value)?,
            attention_bias,
            head_norms,
            output: matrix(&self.output)?,
            post_norms,
            mlp_norm,
            gate: matrix(&self.gate)?,
            up: matrix(&self.up)?,
            down: matrix(&self.down)?,
            joined: Joined::default(),
        })
    }

    /// The same with the linear layers' numbers side by side in memory, where all have numbers of one
    /// type. On a GPU some are joined then; on the processor, where layers in blocks are to give the
    /// same as their numbers, each stays a product of its own.
    pub fn in_one_piece(mut self) -> Result<Self> {
        let numbers = TargetModule::ALL
            .iter()
            .map(|target| match self.linear(*target) {
                Matrix::Numbers(numbers) => Some(numbers.clone()),
                Matrix::Blocks(_) => None,
            });
        let Some(numbers) = numbers.collect::<Option<Vec<_>>>() else {
            return Ok(self);
        };
        let whole = ops::joined(&numbers)?;
        let mut end = 0;
        let ranges = numbers.iter().map(|numbers| {
            end += numbers.elem_count();
            end - numbers.elem_count()..end
        });
        let ranges: Vec<_> = ranges.collect();
        for ((target, numbers), range) in TargetModule::ALL.iter().zip(&numbers).zip(&ranges) {
            let own = whole.narrow(0, range.start, range.len())?;
            *self.linear_mut(*target) = own.reshape(numbers.shape())?.into();
        }
        if !whole.device().is_cpu() {
            let join = |targets: Range<usize>| {
                let range = ranges[targets.start].start..ranges[targets.end - 1].end;
                let inputs = numbers[targets.start].dims2()?.1;
                let own = whole.narrow(0, range.start, range.len())?;
                own.reshape((range.len() / inputs, inputs)).map(Some)
            };
            self.joined = Joined {
                attention: join(0..3)?,
                mlp: join(4..6)?,
            };
        }
        Ok(self)
    }

    /// The weight of one linear layer, `[out, in]`.
    pub fn linear(&self, target: TargetModule) -> &Matrix {
        match target {
            TargetModule::Query => &self.query,
            TargetModule::Key => &self.key,
            TargetModule::Value => &self.value,
            TargetModule::Output => &self.output,
            TargetModule::Gate => &self.gate,
            TargetModule::Up => &self.up,
            TargetModule::Down => &self.down,
        }
    }

    /// The same, to put another in its place, so that it is no part of a larger one any more.
    pub fn linear_mut(&mut self, target: TargetModule) -> &mut Matrix {
        self.joined = Joined::default();
        match target {
            TargetModule::Query => &mut self.query,
            TargetModule::Key => &mut self.key,
            TargetModule::Value => &mut self.value,
            TargetModule::Output => &mut self.output,
            TargetModule::Gate => &mut self.gate,
            TargetModule::Up => &mut self.up,
            TargetModule::Down => &mut self.down,
        }
    }
}

/// All weights of a base model.
#[derive(Clone, Debug)]
pub struct Weights {
    /// Token embedding, `[V, D]`.
    pub embedding: Matrix,
    /// The blocks, first to last.
    pub layers: Vec<LayerWeights>,
    /// The last RMSNorm, `[D]`.
    pub norm: Tensor,
    /// The output head, `[V, D]`; absent where the embedding serves.
    pub head: Option<Matrix>,
    /// The head that scores a sequence, `[1, D]`, of a reward model.
    pub score: Option<Matrix>,
}

/// A tensor of [`Weights`].
#[derive(Clone, Copy, Debug)]
pub(crate) enum Weight<'a> {
    /// The embedding, a linear layer or a head.
    Matrix(&'a Matrix),
    /// The weights of a norm, or a bias.
    Vector(&'a Tensor),
}

impl Weights {
    /// The same with other numbers: `each` is called for every tensor in a fixed order, and answers
    /// one of the same shape.
    pub(crate) fn map(&self, mut each: impl FnMut(Weight<'_>) -> Result<Tensor>) -> Result<Self> {
        let embedding = each(Weight::Matrix(&self.embedding))?.into();
        let layers = self.layers.iter().map(|layer| layer.map(&mut each));
        let layers = layers.collect::<Result<_>>()?;
        let norm = each(Weight::Vector(&self.norm))?;
        let mut matrix = |matrix: &Option<Matrix>| {
            let one = matrix.as_ref().map(|one| each(Weight::Matrix(one)));
            Ok::<_, candle_core::Error>(one.transpose()?.map(Matrix::from))
        };
        Ok(Self {
            embedding,
            layers,
            norm,
            head: matrix(&self.head)?,
            score: matrix(&self.score)?,
        })
    }

    /// The output head, `[V, D]`.
    pub fn head(&self) -> &Matrix {
        self.head.as_ref().unwrap_or(&self.embedding)
    }

    /// How many numbers there are, a shared embedding counted once.
    pub fn parameter_count(&self) -> usize {
        let (matrices, vectors) = self.parameter_counts();
        matrices + vectors
    }

    /// The same of matrices, and of norms and biases.
    pub(crate) fn parameter_counts(&self) -> (usize, usize) {
        let of_layer = |layer: &LayerWeights| {
            let LayerWeights {
                attention_norm,
                query,
                key,
                value,
                attention_bias,
                head_norms,
                output,
                post_norms,
                mlp_norm,
                gate,
                up,
                down,
                joined: _,
            } = layer;
            let matrices = [query, key, value, output, gate, up, down];
            let norms = head_norms
                .iter()
                .flat_map(|norms| [&norms.query, &norms.key]);
            let post = post_norms
                .iter()
                .flat_map(|norms| [&norms.attention, &norms.mlp]);
            let vectors = [attention_norm, mlp_norm].into_iter();
            let vectors = vectors.chain(attention_bias).chain(norms).chain(post);
            let matrices = matrices.into_iter().map(Matrix::elem_count);
            let vectors = vectors.map(Tensor::elem_count);
            (matrices.sum::<usize>(), vectors.sum::<usize>())
        };
        let ends = [
            Some(&self.embedding),
            self.head.as_ref(),
            self.score.as_ref(),
        ];
        let ends = ends.into_iter().flatten().map(Matrix::elem_count);
        let of_ends = (ends.sum::<usize>(), self.norm.elem_count());
        let layers = self.layers.iter().map(of_layer);
        layers.fold(of_ends, |sums, layer| (sums.0 + layer.0, sums.1 + layer.1))
    }
}
