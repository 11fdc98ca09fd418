//! The speed of training steps: SmolLM2-135M's shape with random weights, LoRA of rank 16 on all
//! linear layers, eight short chats of about 90 tokens of which 45 % are learned; and the speed of
//! generating with it; with 32 bits, in bfloat16, quantised, and weight-decomposed (DoRA). Beside the
//! speed stands what share it is of the speed of a large matrix product, if only the products with the
//! base's weights and the head are counted.
//!
//! `cargo bench -p benches --bench train_step [-- [STEPS] [--device cuda:0] [--only NAME]]`. On a GPU
//! without the quantised form, which is for the processor, but also of batches of eight times as many
//! chats and of eight long rows, and of a Llama of 1.2 thousand million weights in bfloat16. What is
//! measured is chosen by a part of its name, such as `"bfloat16, 64"`.

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
use trainer::model::{
    Activation, Architecture, Joined, LayerWeights, Matrix, ModelConfig, Weights,
};
use trainer::ops::{self, Blocks};

/// Rows of a batch, and the fewest and the most tokens of each.
#[derive(Clone, Copy)]
struct Workload {
    name: &'static str,
    rows: usize,
    lengths: (usize, usize),
}

const SHORT: Workload = Workload {
    name: "8 chats",
    rows: 8,
    lengths: (70, 110),
};
/// What keeps a GPU busy.
const MANY: Workload = Workload {
    name: "64 chats",
    rows: 64,
    ..SHORT
};
const LONG: Workload = Workload {
    name: "8 long rows",
    rows: 8,
    lengths: (1024, 1024),
};

/// Tokens generated to measure decoding.
const DECODED: usize = 16;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let named = |option: &str| {
        let place = arguments.iter().position(|text| text == option)?;
        arguments.get(place + 1).map(String::as_str)
    };
    let is_option = |text: &str| ["--device", "--only"].contains(&text);
    let before = std::iter::once("").chain(arguments.iter().map(String::as_str));
    let free = before
        .zip(&arguments)
        .filter(|(before, _)| !is_option(before));
    let steps = free.into_iter().find_map(|(_, text)| text.parse().ok());
    let steps = steps.unwrap_or(6);
    let device = device::open(named("--device").unwrap_or("cpu"))?;
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let place = if device.is_cpu() {
        format!("{threads} threads")
    } else {
        format!("{:?}", device.location())
    };
    let workloads: &[Workload] = if device.is_cpu() {
        &[SHORT]
    } else {
        &[SHORT, MANY, LONG]
    };
    for (name, config, kind, weight_decomposed) in [
        ("32 bits", small(), GgmlDType::F32, false),
        ("bfloat16", small(), GgmlDType::BF16, false),
        ("quantised (Q4_1)", small(), GgmlDType::Q4_1, false),
        ("32 bits, weight-decomposed", small(), GgmlDType::F32, true),
        ("large, bfloat16", large(), GgmlDType::BF16, false),
    ] {
        let is_elsewhere = match name {
            "large, bfloat16" => device.is_cpu(),
            _ => kind == GgmlDType::Q4_1 && !device.is_cpu(),
        };
        let is_chosen = |what: &str| {
            let full = format!("{name}, {what}");
            named("--only").is_none_or(|part| full.contains(part))
        };
        let workloads = workloads.iter().filter(|workload| is_chosen(workload.name));
        let (workloads, decodes) = (workloads.collect::<Vec<_>>(), is_chosen("decoding"));
        if is_elsewhere || !decodes && workloads.is_empty() {
            continue;
        }
        let model = Model::new(config.clone(), weights(&config, kind, &device)?);
        let peak = peak(kind, &device)?;
        for workload in workloads {
            println!("{name}, {}, {place}", workload.name);
            let (speed, learned) = measure(&model, steps, *workload, weight_decomposed)?;
            let share = speed * products(&model, learned) / peak;
            println!(
                "median {speed:.0} tokens/s, {:.0} % of a product's {:.0} GFLOP/s",
                share * 100.0,
                peak / 1e9
            );
        }
        if decodes {
            println!("{name}, decoding, {place}");
            decode(&model, &adapter(&model, weight_decomposed)?)?;
        }
    }
    Ok(())
}

/// Operations by the second of a product of two square matrices in its precision, large enough for
/// the device; of a quantised one, of the numbers it is widened to.
fn peak(kind: GgmlDType, device: &Device) -> Result<f64> {
    const TRIES: usize = 20;
    let side: usize = if device.is_cpu() { 1024 } else { 8192 };
    let random = || Tensor::rand(-1f32, 1.0, (side, side), &Device::Cpu);
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
    Ok(2.0 * (side * side * side) as f64 / best)
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
fn measure(
    model: &Model,
    steps: u64,
    workload: Workload,
    weight_decomposed: bool,
) -> Result<(f64, f64)> {
    let adapter = adapter(model, weight_decomposed)?;
    let gradients = adapter.gradients()?;
    let mut speeds = Vec::new();
    let (mut learned, mut tokens) = (0, 0);
    for step in 0..steps {
        let batch = Batch::new(&rows(step, workload));
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
            "{} tokens, {} learned: {:.0} tokens/s (forward {:.4} s, head {:.4} s, backward {:.4} s)",
            batch.row_tokens,
            batch.labels.len(),
            batch.row_tokens as f64 / all.as_secs_f64(),
            forward.as_secs_f64(),
            head.as_secs_f64() - forward.as_secs_f64(),
            all.as_secs_f64() - head.as_secs_f64(),
        );
    }
    speeds.sort_by(f64::total_cmp);
    Ok((speeds[speeds.len() / 2], learned as f64 / tokens as f64))
}

fn adapter(model: &Model, weight_decomposed: bool) -> Result<Adapter> {
    let shape = LoraShape {
        rank: 16,
        alpha: 32.0,
        rank_stabilised: false,
        weight_decomposed,
        score_head: false,
        targets: TargetModule::ALL.to_vec(),
    };
    Adapter::new(&model.config, &model.weights, shape, 1)
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

/// The shape of SmolLM2-135M.
fn small() -> ModelConfig {
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

/// A shape of 1.2 thousand million weights, as Llama 3.2 has it but for its vocabulary.
fn large() -> ModelConfig {
    ModelConfig {
        hidden_size: 2048,
        intermediate_size: 8192,
        layers: 16,
        heads: 32,
        kv_heads: 8,
        ..small()
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
        let layer = LayerWeights {
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
            joined: Joined::default(),
        };
        Ok(layer.in_one_piece()?)
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

fn rows(step: u64, workload: Workload) -> Vec<TokenizedRow> {
    let random = &mut ChaCha8Rng::seed_from_u64(step);
    let (shortest, longest) = workload.lengths;
    (0..workload.rows)
        .map(|_| {
            let length = random.random_range(shortest..=longest);
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
