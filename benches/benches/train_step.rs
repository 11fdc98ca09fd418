//! The speed of training steps: SmolLM2-135M's shape with random weights, LoRA of rank 16 on all
//! linear layers, eight short chats of about 90 tokens of which 45 % are learned; and the speed of
//! generating with it; with 32 bits, in bfloat16, quantised, and weight-decomposed (DoRA). Beside the
//! speed stands what share it is of the speed of a large matrix product, if only the products with the
//! base's weights and the head are counted.
//!
//! `cargo bench -p benches --bench train_step [-- [STEPS] [--device cuda:0]]`; on a GPU without the
//! quantised form, which is for the processor, and of batches of eight times as many chats too.

#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::time::Instant;

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::training::TargetModule;
use trainer::adapter::{Adapter, LoraShape};
use trainer::data::TokenizedRow;
use trainer::device;
use trainer::engine::{Batch, Model, Pass};
use trainer::error::Result;
use trainer::model::{Activation, Architecture, LayerWeights, Matrix, ModelConfig, Weights};
use trainer::ops::{self, Blocks};

const ROWS: usize = 8;
/// What keeps a GPU busy.
const MANY_ROWS: usize = 64;
/// Tokens generated to measure decoding.
const DECODED: usize = 16;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let steps = arguments.iter().find_map(|text| text.parse().ok());
    let steps = steps.unwrap_or(6);
    let named = arguments.iter().position(|text| text == "--device");
    let named = named.and_then(|place| arguments.get(place + 1));
    let device = device::open(named.map_or("cpu", String::as_str))?;
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    for (name, kind, weight_decomposed) in [
        ("32 bits", GgmlDType::F32, false),
        ("bfloat16", GgmlDType::BF16, false),
        ("quantised (Q4_1)", GgmlDType::Q4_1, false),
        ("32 bits, weight-decomposed", GgmlDType::F32, true),
    ] {
        if kind == GgmlDType::Q4_1 && !device.is_cpu() {
            continue;
        }
        let model = Model::new(config(), weights(&config(), kind, &device)?);
        let sizes: &[usize] = if device.is_cpu() {
            println!("{name}, {threads} threads");
            &[ROWS]
        } else {
            println!("{name}, {:?}", device.location());
            &[ROWS, MANY_ROWS]
        };
        let peak = peak(kind, &device)?;
        for count in sizes {
            let (speed, learned) = measure(&model, steps, *count, weight_decomposed)?;
            let share = speed * products(&model, learned) / peak;
            println!(
                "median {speed:.0} tokens/s, {:.0} % of a product's {:.0} GFLOP/s",
                share * 100.0,
                peak / 1e9
            );
        }
    }
    Ok(())
}

/// Operations by the second of a product of 1024 rows with a matrix of 1024 by 1024 in its precision;
/// of a quantised one, of the numbers it is widened to.
fn peak(kind: GgmlDType, device: &Device) -> Result<f64> {
    const SIDE: usize = 1024;
    const TRIES: usize = 20;
    let random = || Tensor::rand(-1f32, 1.0, (SIDE, SIDE), &Device::Cpu);
    let weight = match kind {
        GgmlDType::BF16 => random()?.to_dtype(DType::BF16)?,
        _ => random()?,
    };
    let (weight, rows) = (weight.to_device(device)?, random()?.to_device(device)?);
    let result = rows.zeros_like()?;
    let mut best = f64::INFINITY;
    for _ in 0..TRIES {
        let start = Instant::now();
        ops::linear(&result, &rows, &weight)?;
        device.synchronize()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok(2.0 * (SIDE * SIDE * SIDE) as f64 / best)
}

/// Operations for each token of a step in which a share of them is learned: a multiplication and an
/// addition for each weight, forward and backward.
fn products(model: &Model, learned: f64) -> f64 {
    let layers = &model.weights.layers;
    let modules = TargetModule::ALL.iter();
    let of_layer = |layer: &LayerWeights| -> usize {
        let weights = modules
            .clone()
            .map(|module| layer.linear(*module).elem_count());
        weights.sum()
    };
    let blocks: usize = layers.iter().map(of_layer).sum();
    let head = model.weights.head().elem_count() as f64;
    4.0 * (blocks as f64 + learned * head)
}

/// Tokens by the second, and the share of them that is learned.
fn measure(model: &Model, steps: u64, count: usize, weight_decomposed: bool) -> Result<(f64, f64)> {
    let shape = LoraShape {
        rank: 16,
        alpha: 32.0,
        rank_stabilised: false,
        weight_decomposed,
        score_head: false,
        targets: TargetModule::ALL.to_vec(),
    };
    let adapter = Adapter::new(&model.config, &model.weights, shape, 1)?;
    let gradients = adapter.gradients()?;
    let mut speeds = Vec::new();
    let (mut learned, mut tokens) = (0, 0);
    for step in 0..steps {
        let batch = Batch::new(&rows(step, count));
        let start = Instant::now();
        let pass = Pass::new(model, Some(&adapter))?;
        let saved = model.forward_saving(&pass, &batch)?;
        model.device().synchronize()?;
        let forward = start.elapsed();
        let scores = model.score(saved.hidden(), &batch, true)?;
        let head = start.elapsed();
        let by_logp = vec![-1.0 / batch.labels.len() as f64; batch.labels.len()];
        model.backward(&pass, &batch, saved, &scores, &by_logp, &gradients)?;
        model.device().synchronize()?;
        let all = start.elapsed();
        model.pool().sweep();
        speeds.push(batch.row_tokens as f64 / all.as_secs_f64());
        (learned, tokens) = (learned + batch.labels.len(), tokens + batch.row_tokens);
        println!(
            "{} tokens, {} learned: {:.0} tokens/s (forward {:.2} s, head {:.2} s, backward {:.2} s)",
            batch.row_tokens,
            batch.labels.len(),
            batch.row_tokens as f64 / all.as_secs_f64(),
            forward.as_secs_f64(),
            head.as_secs_f64() - forward.as_secs_f64(),
            all.as_secs_f64() - head.as_secs_f64(),
        );
    }
    speeds.sort_by(f64::total_cmp);
    decode(model, &adapter)?;
    Ok((speeds[speeds.len() / 2], learned as f64 / tokens as f64))
}

/// The speed of generating, for one, eight and 32 sequences.
fn decode(model: &Model, adapter: &Adapter) -> Result<()> {
    for sequences in [1, 8, 32] {
        let prompt: Vec<u32> = (0..64).collect();
        let prompts = vec![prompt.as_slice(); sequences];
        let start = Instant::now();
        let (mut cache, _) = model.prefill(Some(adapter), &prompts, 64 + DECODED)?;
        let prefill = start.elapsed();
        for token in (0..).take(DECODED) {
            let next: Vec<(usize, u32)> = (0..sequences).map(|slot| (slot, token)).collect();
            model.step(Some(adapter), &mut cache, &next)?;
        }
        let seconds = start.elapsed().as_secs_f64() - prefill.as_secs_f64();
        println!(
            "{sequences} sequences: prefill {:.0} tokens/s, decode {:.0} tokens/s",
            (sequences * 64) as f64 / prefill.as_secs_f64(),
            (sequences * DECODED) as f64 / seconds,
        );
    }
    Ok(())
}

fn config() -> ModelConfig {
    ModelConfig {
        architecture: Architecture::Llama,
        hidden_size: 576,
        intermediate_size: 1536,
        layers: 30,
        heads: 9,
        kv_heads: 3,
        head_dim: 64,
        vocab_size: 49_152,
        rms_norm_eps: 1e-5,
        activation: Activation::Silu,
        embedding_scale: None,
        query_pre_attn_scalar: 64,
        rope_theta: 100_000.0,
        rope_scaling: None,
        tie_word_embeddings: true,
        max_position_embeddings: 2048,
        sliding_window: None,
        bos_token_id: None,
        eos_token_ids: vec![2],
    }
}

fn weights(config: &ModelConfig, kind: GgmlDType, device: &Device) -> Result<Weights> {
    let (hidden, inner) = (config.hidden_size, config.intermediate_size);
    let (queries, keys) = (
        config.heads * config.head_dim,
        config.kv_heads * config.head_dim,
    );
    let random = |rows: usize, columns: usize| {
        let numbers = Tensor::rand(-0.05f32, 0.05, (rows, columns), &Device::Cpu)?;
        Ok::<_, candle_core::Error>(match kind {
            GgmlDType::F32 => numbers.to_device(device)?.into(),
            GgmlDType::BF16 => numbers.to_dtype(DType::BF16)?.to_device(device)?.into(),
            kind => {
                let stored = QTensor::quantize(&numbers, kind)?;
                Matrix::Blocks(Blocks::new(kind, &stored.data()?, rows, columns)?)
            }
        })
    };
    let norm = || Tensor::ones(hidden, DType::F32, device);
    let layer = || -> Result<LayerWeights> {
        Ok(LayerWeights {
            attention_norm: norm()?,
            query: random(queries, hidden)?,
            key: random(keys, hidden)?,
            value: random(keys, hidden)?,
            attention_bias: None,
            head_norms: None,
            post_norms: None,
            output: random(hidden, queries)?,
            mlp_norm: norm()?,
            gate: random(inner, hidden)?,
            up: random(inner, hidden)?,
            down: random(hidden, inner)?,
        })
    };
    let layers = (0..config.layers).map(|_| layer()).collect::<Result<_>>()?;
    Ok(Weights {
        embedding: random(config.vocab_size, hidden)?,
        layers,
        norm: norm()?,
        head: None,
        score: None,
    })
}

/// Rows of 70 to 110 tokens.
fn rows(step: u64, count: usize) -> Vec<TokenizedRow> {
    let random = &mut ChaCha8Rng::seed_from_u64(step);
    (0..count)
        .map(|_| {
            let length = random.random_range(70..=110);
            let prompt = length * 55 / 100;
            TokenizedRow {
                tokens: (0..length)
                    .map(|_| random.random_range(0..49_152))
                    .collect(),
                loss_mask: (0..length).map(|at| at >= prompt).collect(),
            }
        })
        .collect()
}
