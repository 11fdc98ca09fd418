//! Tiny random models for the tests of several modules.

use candle_core::{Device, Tensor};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::training::TargetModule;

use crate::adapter::{Adapter, LoraShape};
use crate::data::TokenizedRow;
use crate::engine::Model;
use crate::model::{Architecture, LayerWeights, ModelConfig, Weights};

/// Two layers, D = 64, H = 4, KV = 2, V = 700: more than one vocabulary tile.
pub(crate) fn tiny_config() -> ModelConfig {
    ModelConfig {
        architecture: Architecture::Llama,
        hidden_size: 64,
        intermediate_size: 96,
        layers: 2,
        heads: 4,
        kv_heads: 2,
        head_dim: 16,
        vocab_size: 700,
        rms_norm_eps: 1e-5,
        rope_theta: 10_000.0,
        rope_scaling: None,
        tie_word_embeddings: true,
        max_position_embeddings: 512,
        sliding_window: None,
        bos_token_id: None,
        eos_token_ids: vec![2],
    }
}

pub(crate) fn uniform(random: &mut ChaCha8Rng, dims: &[usize], bound: f32) -> Tensor {
    let count: usize = dims.iter().product();
    let values: Vec<f32> = (0..count)
        .map(|_| random.random_range(-bound..bound))
        .collect();
    Tensor::from_vec(values, dims, &Device::Cpu).unwrap()
}

pub(crate) fn random_weights(config: &ModelConfig, seed: u64) -> Weights {
    let random = &mut ChaCha8Rng::seed_from_u64(seed);
    let (hidden, inner) = (config.hidden_size, config.intermediate_size);
    let (queries, keys) = (
        config.heads * config.head_dim,
        config.kv_heads * config.head_dim,
    );
    let linear = |random: &mut ChaCha8Rng, output: usize, input: usize| {
        uniform(random, &[output, input], (3.0 / input as f32).sqrt())
    };
    let norm = |random: &mut ChaCha8Rng| (uniform(random, &[hidden], 0.3) + 1.0).unwrap();
    let layers = (0..config.layers)
        .map(|_| LayerWeights {
            attention_norm: norm(random),
            query: linear(random, queries, hidden),
            key: linear(random, keys, hidden),
            value: linear(random, keys, hidden),
            attention_bias: None,
            head_norms: None,
            output: linear(random, hidden, queries),
            mlp_norm: norm(random),
            gate: linear(random, inner, hidden),
            up: linear(random, inner, hidden),
            down: linear(random, hidden, inner),
        })
        .collect();
    let embedding = uniform(random, &[config.vocab_size, hidden], 0.2);
    Weights {
        embedding,
        layers,
        norm: norm(random),
        head: None,
    }
}

pub(crate) fn tiny_model() -> Model {
    let config = tiny_config();
    let weights = random_weights(&config, 1);
    Model::new(config, weights)
}

pub(crate) fn lora_shape(targets: &[TargetModule]) -> LoraShape {
    LoraShape {
        rank: 4,
        alpha: 8.0,
        rank_stabilised: false,
        score_head: false,
        targets: targets.to_vec(),
    }
}

/// An adapter whose B matrices are not zero either.
pub(crate) fn random_adapter(config: &ModelConfig, shape: LoraShape, seed: u64) -> Adapter {
    let count = Adapter::new(config, shape.clone(), 0, &Device::Cpu)
        .unwrap()
        .parameters();
    let values = uniform(&mut ChaCha8Rng::seed_from_u64(seed), &[count], 0.2)
        .to_vec1()
        .unwrap();
    Adapter::from_values(config, shape, values, &Device::Cpu).unwrap()
}

/// Random rows of the given lengths, whose last half is learned.
pub(crate) fn random_rows(config: &ModelConfig, lengths: &[usize], seed: u64) -> Vec<TokenizedRow> {
    let random = &mut ChaCha8Rng::seed_from_u64(seed);
    lengths
        .iter()
        .map(|&length| TokenizedRow {
            tokens: (0..length)
                .map(|_| random.random_range(0..config.vocab_size as u32))
                .collect(),
            loss_mask: (0..length).map(|at| 2 * at >= length).collect(),
        })
        .collect()
}
