//! Tiny random models for the tests of several modules.

use candle_core::{Device, Tensor};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::training::TargetModule;

use crate::adapter::{Adapter, LoraShape, parameters};
use crate::data::TokenizedRow;
use crate::engine::Model;
use crate::model::{
    Activation, Architecture, HeadNorms, Joined, LayerWeights, Matrix, ModelConfig, PostNorms,
    RopeScaling, SlidingWindow, Weights,
};

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
        activation: Activation::Silu,
        embedding_scale: None,
        query_pre_attn_scalar: 16,
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
        Matrix::from(uniform(
            random,
            &[output, input],
            (3.0 / input as f32).sqrt(),
        ))
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
            post_norms: None,
            output: linear(random, hidden, queries),
            mlp_norm: norm(random),
            gate: linear(random, inner, hidden),
            up: linear(random, inner, hidden),
            down: linear(random, hidden, inner),
            joined: Joined::default(),
        })
        .collect();
    let embedding = uniform(random, &[config.vocab_size, hidden], 0.2).into();
    Weights {
        embedding,
        layers,
        norm: norm(random),
        head: None,
        score: None,
    }
}

pub(crate) fn tiny_model() -> Model {
    let config = tiny_config();
    let weights = random_weights(&config, 1);
    Model::new(config, weights)
}

/// The same with a window in every block, as long as more than one block of queries.
pub(crate) fn windowed_model() -> Model {
    let config = ModelConfig {
        sliding_window: Some(SlidingWindow {
            tokens: 110,
            layers: vec![true; 2],
            rope_theta: None,
        }),
        ..tiny_config()
    };
    let weights = random_weights(&config, 1);
    Model::new(config, weights)
}

/// Three blocks with all that Gemma 3 has and Llama has not; the one in the middle has no window.
pub(crate) fn gemma_like_model() -> Model {
    let config = ModelConfig {
        layers: 3,
        activation: Activation::GeluTanh,
        embedding_scale: Some(8.0),
        query_pre_attn_scalar: 24,
        rope_theta: 100_000.0,
        rope_scaling: Some(RopeScaling::Linear { factor: 4.0 }),
        sliding_window: Some(SlidingWindow {
            tokens: 24,
            layers: vec![true, false, true],
            rope_theta: Some(1000.0),
        }),
        ..tiny_config()
    };
    let mut weights = random_weights(&config, 1);
    let random = &mut ChaCha8Rng::seed_from_u64(8);
    let mut norm = |width: usize| (uniform(random, &[width], 0.3) + 1.0).unwrap();
    for layer in &mut weights.layers {
        layer.head_norms = Some(HeadNorms {
            query: norm(config.head_dim),
            key: norm(config.head_dim),
        });
        layer.post_norms = Some(PostNorms {
            attention: norm(config.hidden_size),
            mlp: norm(config.hidden_size),
        });
    }
    Model::new(config, weights)
}

/// The MLP's function of the gate from slow operations: candle's derivative of its own GELU has
/// constants of six digits.
pub(crate) fn activated(gate: &Tensor, activation: Activation) -> candle_core::Result<Tensor> {
    match activation {
        Activation::Silu => gate.silu(),
        Activation::GeluTanh => {
            let cubic = (gate.powf(3.0)? * 0.044_715)?;
            let inner = ((gate + cubic)? * std::f64::consts::FRAC_2_PI.sqrt())?;
            (gate * 0.5)? * (inner.tanh()? + 1.0)?
        }
    }
}

pub(crate) fn lora_shape(targets: &[TargetModule]) -> LoraShape {
    LoraShape {
        rank: 4,
        alpha: 8.0,
        rank_stabilised: false,
        weight_decomposed: false,
        score_head: false,
        targets: targets.to_vec(),
    }
}

/// An adapter whose B matrices are not zero either.
pub(crate) fn random_adapter(config: &ModelConfig, shape: LoraShape, seed: u64) -> Adapter {
    let count = parameters(config, &shape);
    let values = uniform(&mut ChaCha8Rng::seed_from_u64(seed), &[count], 0.2)
        .to_vec1()
        .unwrap();
    Adapter::from_values(config, shape, values, &Device::Cpu).unwrap()
}

/// The same with magnitudes, which are up to a fifth from one: about the norms of the rows of
/// [`random_weights`].
pub(crate) fn random_decomposed(
    config: &ModelConfig,
    targets: &[TargetModule],
    seed: u64,
) -> Adapter {
    let shape = LoraShape {
        weight_decomposed: true,
        ..lora_shape(targets)
    };
    let adapter = random_adapter(config, shape, seed);
    for layer in 0..config.layers {
        for magnitude in targets
            .iter()
            .filter_map(|target| adapter.magnitude(layer, *target))
        {
            let one = magnitude.ones_like().unwrap();
            crate::ops::add(magnitude, &one).unwrap();
        }
    }
    adapter
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
