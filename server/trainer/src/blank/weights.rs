//! Random weights.

use candle_core::{Device, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::adapter::normal;
use crate::error::Result;
use crate::model::{HeadNorms, Joined, LayerWeights, Matrix, ModelConfig, PostNorms, Weights};

/// Weights as transformers draws them: matrices and the embedding from N(0, σ²), norms that only
/// divide, biases zero.
pub(super) fn draw(config: &ModelConfig, deviation: f64, seed: u64) -> Result<Weights> {
    let mut draw = Draw {
        random: ChaCha8Rng::seed_from_u64(seed),
        deviation,
    };
    let (hidden, vocabulary) = (config.hidden_size, config.vocab_size);
    let embedding = draw.matrix(vocabulary, hidden)?;
    let layers = (0..config.layers).map(|_| draw.layer(config));
    let layers = layers.collect::<Result<_>>()?;
    let head = (!config.tie_word_embeddings).then(|| draw.matrix(vocabulary, hidden));
    Ok(Weights {
        embedding,
        layers,
        norm: ones(hidden)?,
        head: head.transpose()?,
        score: None,
    })
}

struct Draw {
    random: ChaCha8Rng,
    deviation: f64,
}

impl Draw {
    fn matrix(&mut self, rows: usize, columns: usize) -> Result<Matrix> {
        let numbers =
            (0..rows * columns).map(|_| (normal(&mut self.random) * self.deviation) as f32);
        let numbers = numbers.collect::<Vec<_>>();
        Ok(Tensor::from_vec(numbers, (rows, columns), &Device::Cpu)?.into())
    }

    fn layer(&mut self, config: &ModelConfig) -> Result<LayerWeights> {
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        let queries = config.heads * config.head_dim;
        let keys = config.kv_heads * config.head_dim;
        let architecture = config.architecture;
        let attention_bias = architecture
            .has_attention_bias()
            .then(|| zeros(queries + 2 * keys))
            .transpose()?;
        let head_norms = if architecture.has_head_norms() {
            Some(HeadNorms {
                query: ones(config.head_dim)?,
                key: ones(config.head_dim)?,
            })
        } else {
            None
        };
        let post_norms = if architecture.has_post_norms() {
            Some(PostNorms {
                attention: ones(hidden)?,
                mlp: ones(hidden)?,
            })
        } else {
            None
        };
        Ok(LayerWeights {
            attention_norm: ones(hidden)?,
            query: self.matrix(queries, hidden)?,
            key: self.matrix(keys, hidden)?,
            value: self.matrix(keys, hidden)?,
            attention_bias,
            head_norms,
            output: self.matrix(hidden, queries)?,
            post_norms,
            mlp_norm: ones(hidden)?,
            gate: self.matrix(inner, hidden)?,
            up: self.matrix(inner, hidden)?,
            down: self.matrix(hidden, inner)?,
            joined: Joined::default(),
        })
    }
}

fn ones(count: usize) -> Result<Tensor> {
    Ok(Tensor::from_vec(vec![1f32; count], count, &Device::Cpu)?)
}

fn zeros(count: usize) -> Result<Tensor> {
    Ok(Tensor::from_vec(vec![0f32; count], count, &Device::Cpu)?)
}
