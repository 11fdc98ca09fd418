//! Blank models: random weights that have learned nothing yet, to be pretrained from scratch.

use serde::{Deserialize, Serialize};

use crate::{
    error::FieldError,
    ids::{DatasetVersionId, ModelVersionId},
    job::Job,
};

/// The learning rate that pretraining from scratch begins well with; that of a model which can do
/// something already is a fiftieth of it.
pub const LEARNING_RATE: f64 = 1e-3;

/// The most weights that a blank model of the application may have; its file takes 2 GB then.
pub const MOST_PARAMETERS: u64 = 500_000_000;

/// How small and how large the vocabulary of a trained tokenizer may be. Every byte is a token of its
/// own, so that any text can be written.
pub const VOCABULARY: std::ops::RangeInclusive<usize> = 300..=100_000;

/// The shape of a blank model: a Llama whose embedding serves as its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct BlankShape {
    /// The number of blocks.
    pub layers: usize,
    /// The width of the residual stream.
    pub hidden_size: usize,
    /// The width of the MLP.
    pub intermediate_size: usize,
    /// Query heads; divides the hidden size.
    pub heads: usize,
    /// Key and value heads; divides the query heads.
    pub kv_heads: usize,
    /// The longest sequence in tokens.
    pub context: usize,
}

impl Default for BlankShape {
    /// About five million weights with a vocabulary of 4096: minutes on two cores.
    fn default() -> Self {
        Self {
            layers: 6,
            hidden_size: 256,
            intermediate_size: 704,
            heads: 4,
            kv_heads: 2,
            context: 512,
        }
    }
}

impl BlankShape {
    /// How many weights a model of this shape has with a vocabulary of so many tokens.
    #[must_use]
    pub fn parameters(&self, vocabulary: usize) -> u64 {
        let wide = |number: usize| u128::try_from(number).unwrap_or(u128::MAX);
        let (hidden, inner) = (wide(self.hidden_size), wide(self.intermediate_size));
        let keys = (hidden / wide(self.heads.max(1))).saturating_mul(wide(self.kv_heads));
        let attention = hidden.saturating_mul(hidden.saturating_add(keys));
        let mlp = hidden.saturating_mul(inner).saturating_mul(3);
        let layer = attention.saturating_mul(2).saturating_add(mlp);
        let layer = layer.saturating_add(hidden.saturating_mul(2));
        let ends = hidden.saturating_mul(wide(vocabulary).saturating_add(1));
        let all = layer.saturating_mul(wide(self.layers)).saturating_add(ends);
        u64::try_from(all).unwrap_or(u64::MAX)
    }

    /// What does not fit, by field.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        let Self {
            hidden_size,
            heads,
            kv_heads,
            ..
        } = *self;
        let mut problems: Vec<FieldError> = self
            .bounds()
            .into_iter()
            .filter(|(_, value, least, most)| value < least || value > most)
            .map(|(field, _, least, most)| {
                FieldError::new(field, format!("must be from {least} to {most}"))
            })
            .collect();
        if !problems.is_empty() {
            return problems;
        }
        if !hidden_size.is_multiple_of(heads) || !(hidden_size / heads).is_multiple_of(2) {
            let message =
                format!("must divide the hidden size, {hidden_size}, into even parts, one a head");
            problems.push(FieldError::new("heads", message));
        }
        if !heads.is_multiple_of(kv_heads) {
            let message = format!("must divide the number of query heads, {heads}");
            problems.push(FieldError::new("kv_heads", message));
        }
        problems
    }

    /// Each field with its value, the least and the most that it may be.
    const fn bounds(&self) -> [(&'static str, usize, usize, usize); 6] {
        [
            ("layers", self.layers, 1, 200),
            ("hidden_size", self.hidden_size, 2, 16_384),
            ("intermediate_size", self.intermediate_size, 1, 65_536),
            ("heads", self.heads, 1, 256),
            ("kv_heads", self.kv_heads, 1, 256),
            ("context", self.context, 2, 131_072),
        ]
    }
}

/// Where the tokenizer of a blank model comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum TokenizerSource {
    /// A model of the project gives its own, with its chat template.
    Model {
        /// That model.
        model_version_id: ModelVersionId,
    },
    /// It is trained: byte-level BPE with the chat template `ChatML`.
    Trained {
        /// The rows whose texts it is trained on: those that are not held back.
        dataset_version_id: DatasetVersionId,
        /// How many tokens it may have; it has fewer where the texts have no more pairs that recur.
        vocabulary: usize,
    },
}

/// Asks for a blank model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateBlankModel {
    /// What to call it. A name that exists gets its next version.
    pub name: String,
    /// Its shape.
    #[serde(default)]
    pub shape: BlankShape,
    /// Its tokenizer.
    pub tokenizer: TokenizerSource,
    /// Decides the weights. The same seed gives the same ones.
    #[serde(default)]
    pub seed: u64,
}

/// A blank model that is made. Its job ends when it is registered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlankModel {
    /// The job that makes it.
    pub job: Job,
    /// What was asked for.
    pub request: CreateBlankModel,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_counted_as_a_known_model_has_them() {
        let smollm2 = BlankShape {
            layers: 30,
            hidden_size: 576,
            intermediate_size: 1536,
            heads: 9,
            kv_heads: 3,
            context: 2048,
        };
        assert_eq!(smollm2.parameters(49_152), 134_515_008);
        assert!(smollm2.problems().is_empty());
        assert!(BlankShape::default().problems().is_empty());
    }

    #[test]
    fn what_does_not_fit_is_told_by_field() {
        let fields = |shape: BlankShape| -> Vec<String> {
            let problems = shape.problems();
            problems.into_iter().map(|problem| problem.field).collect()
        };
        let shape = BlankShape::default();
        assert_eq!(
            fields(BlankShape { heads: 3, ..shape }),
            ["heads", "kv_heads"]
        );
        assert_eq!(
            fields(BlankShape {
                heads: 256,
                ..shape
            }),
            ["heads"]
        );
        assert_eq!(
            fields(BlankShape {
                kv_heads: 3,
                ..shape
            }),
            ["kv_heads"]
        );
        assert_eq!(fields(BlankShape { layers: 0, ..shape }), ["layers"]);
        let absurd = BlankShape {
            hidden_size: usize::MAX,
            ..shape
        };
        assert_eq!(fields(absurd), ["hidden_size"]);
        assert_eq!(absurd.parameters(usize::MAX), u64::MAX);
    }
}
