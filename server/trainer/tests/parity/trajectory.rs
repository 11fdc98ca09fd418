//! Whole runs against the SFT, DPO and KTO trainers of TRL: of the tiny Llama from the adapter that PEFT
//! initialised, and of SmolLM2 from one that is filled with numbers that both sides can draw.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use candle_core::{Device, Tensor};
use serde_json::Value;
use shared::training::{
    GrpoConfig, LearningRateSchedule, Lesson, Method, PolicyLoss, Precision, RewardScale, RunEvent,
    StepMetrics, TargetModule, TrainingConfig,
};
use trainer::adapter::{self, Adapter, LoraShape, PeftConfig};
use trainer::data::{Encoder, Row};
use trainer::engine::Model;
use trainer::model::{LoadedModel, ModelConfig, load_in};
use trainer::run::{Draw, Drawer, Drawn, Examples, Interrupter, Outcome, TrainRequest, train};
use trainer::whole::WholeModel;

use crate::support::{fixture, ids, json, numbers, place, relative_error, smollm2, tensors, tiny};

/// Differences of the first ten steps and of all, by TRL's value.
const FIRST_TEN: f64 = 1e-5;
const ALL: f64 = 1e-3;
/// The same of a run in bfloat16 against TRL's in 32 bits.
const BRAIN: f64 = 2e-2;
/// The largest difference of what a preference method measures: rewards and sums of logarithms.
const METRICS: f64 = 1e-3;

#[test]
fn twenty_steps_of_sft_are_trls() {
    tiny_run(Method::Sft, "trajectory-sft", "adapter-fresh");
}

#[test]
fn ten_steps_of_sft_with_a_weight_decomposed_adapter_are_trls() {
    tiny_run(Method::Sft, "trajectory-dora", "dora-fresh");
}

#[test]
fn ten_steps_of_packed_sft_are_trls() {
    tiny_run(Method::Sft, "trajectory-sft-packed", "adapter-fresh");
}

#[test]
fn ten_steps_of_continued_pretraining_are_trls() {
    tiny_run(Method::Pretrain, "trajectory-pretrain", "adapter-fresh");
}

#[test]
fn ten_steps_of_dpo_are_trls() {
    tiny_run(Method::Dpo, "trajectory-dpo", "adapter-fresh");
}

#[test]
fn ten_steps_of_kto_on_pairs_taken_apart_are_trls() {
    tiny_run(Method::Kto, "trajectory-kto", "adapter-fresh");
}

#[test]
fn ten_steps_of_kto_on_labelled_answers_are_trls() {
    tiny_run(Method::Kto, "trajectory-kto-labelled", "adapter-fresh");
}

#[test]
fn fifty_steps_of_sft_on_smollm2_are_trls() {
    smollm2_run(Method::Sft, "trajectory-smollm2-sft", Precision::Full);
}

/// TRL's base was widened from the same blocks.
#[test]
fn fifty_steps_of_sft_on_smollm2_in_blocks_are_trls() {
    smollm2_run(Method::Sft, "trajectory-smollm2-sft", Precision::Quantised);
}

/// TRL's own run in bfloat16 is further from its run in 32 bits.
#[test]
fn fifty_steps_of_sft_on_smollm2_in_bfloat16_are_nearly_trls() {
    let name = "trajectory-smollm2-sft";
    let Some(found) = smollm2_run(Method::Sft, name, Precision::Brain) else {
        return;
    };
    let steps = |name: &str| {
        let reference = json(&format!("{name}.json"));
        reference["steps"].as_array().unwrap().clone()
    };
    let pairs = steps(name)
        .into_iter()
        .zip(steps("trajectory-smollm2-sft-bf16"));
    let errors = pairs.map(|(full, brain)| {
        let loss = |step: &Value| step["loss"].as_f64().unwrap();
        (loss(&brain) / loss(&full) - 1.0).abs()
    });
    let trls = errors.fold(0.0, f64::max);
    assert!(found < trls, "{found} and TRL's {trls}");
}

#[test]
fn thirty_steps_of_dpo_on_smollm2_are_trls() {
    smollm2_run(Method::Dpo, "trajectory-smollm2-dpo", Precision::Full);
}

#[test]
fn ten_steps_of_a_reward_model_are_trls() {
    tiny_run(Method::Reward, "trajectory-reward", "adapter-reward");
    tiny_run(
        Method::Reward,
        "trajectory-reward-margins",
        "adapter-reward",
    );
}

#[test]
fn ten_steps_of_grpo_are_trls() {
    tiny_run(Method::Grpo, "trajectory-grpo", "adapter-fresh");
    tiny_run(Method::Grpo, "trajectory-grpo-other", "adapter-fresh");
}

#[test]
fn ten_steps_of_grpo_that_learn_several_times_from_the_same_answers_are_trls() {
    tiny_run(Method::Grpo, "trajectory-grpo-twice", "adapter-fresh");
    tiny_run(Method::Grpo, "trajectory-grpo-thrice", "adapter-fresh");
}

#[expect(clippy::print_stderr, reason = "the measured errors are worth seeing")]
fn tiny_run(method: Method, name: &str, initial: &str) {
    let reference = json(&format!("{name}.json"));
    let mut config = config(method, &reference);
    let initial = fixture(initial);
    let (_, peft) = adapter::load(&initial, &tiny().config, &Device::Cpu).unwrap();
    config.adapter.adapter_mut().unwrap().rank = peft.shape.rank;
    config.adapter.adapter_mut().unwrap().alpha = peft.shape.alpha;
    config.adapter.adapter_mut().unwrap().weight_decomposed = peft.shape.weight_decomposed;
    config.adapter.adapter_mut().unwrap().initial = Some(initial.display().to_string());
    let folder = tempfile::tempdir().unwrap();
    let (steps, outcome) = run(&config, &tiny(), None, &reference, folder.path());
    compare(&steps, &reference, name, limits(config.precision));
    let error = adapter_error(&outcome.folder, name);
    eprintln!("{name}: adapter {error:.2e}");
    assert!(error < ALL, "{error}");
}

/// Gives the largest difference of a loss, by TRL's; nothing without the model.
#[expect(clippy::print_stderr, reason = "the measured errors are worth seeing")]
fn smollm2_run(method: Method, name: &str, precision: Precision) -> Option<f64> {
    let path = smollm2(name)?;
    let reference = json(&format!("{name}.json"));
    let folder = tempfile::tempdir().unwrap();
    let initial = folder.path().join("initial");
    let mut config = config(method, &reference);
    config.precision = precision;
    let loaded = load_in(&path, &Device::Cpu, config.precision).unwrap();
    write_drawn(&initial, &loaded.config, &config);
    config.adapter.adapter_mut().unwrap().initial = Some(initial.display().to_string());
    let output = folder.path().join("output");
    let (steps, outcome) = run(&config, &loaded, None, &reference, &output);
    let off = compare(&steps, &reference, name, limits(precision));
    let (ours, _) = adapter::load(&outcome.folder, &loaded.config, &Device::Cpu).unwrap();
    let mut worst = 0.0_f64;
    for layer in 0..loaded.config.layers {
        for &target in TargetModule::ALL {
            let (_, b) = ours.matrices(layer, target).unwrap().unwrap();
            let squares = numbers(&b).into_iter().map(|x| f64::from(x).powi(2));
            let key = format!("{}.lora_B.weight", place(layer, target));
            let theirs = reference["norms"][key.as_str()].as_f64().unwrap();
            worst = worst.max((squares.sum::<f64>().sqrt() / theirs - 1.0).abs());
        }
    }
    eprintln!("{name}: norms of B {worst:.2e}");
    assert!(worst < limits(precision)[1], "{worst}");
    Some(off)
}

/// Writes an adapter with A uniform up to 1/√in and B zero, as PEFT initialises it, but drawn by
/// `SplitMix64`, as the script beside the fixtures draws it.
fn write_drawn(folder: &Path, config: &ModelConfig, settings: &TrainingConfig) {
    let shape = LoraShape::of(settings).unwrap();
    let zero = vec![0.0; adapter::parameters(config, &shape)];
    let empty = Adapter::from_values(config, shape.clone(), zero, &Device::Cpu).unwrap();
    let peft = PeftConfig {
        shape,
        dropout: 0.0,
        base_model: None,
        revision: None,
    };
    std::fs::create_dir(folder).unwrap();
    adapter::save(folder, &empty, &peft).unwrap();
    let file = folder.join("adapter_model.safetensors");
    let mut matrices: HashMap<String, Tensor> =
        candle_core::safetensors::load(&file, &Device::Cpu).unwrap();
    for layer in 0..config.layers {
        for (number, &target) in TargetModule::ALL.iter().enumerate() {
            let key = format!("{}.lora_A.weight", place(layer, target));
            let (rank, width) = matrices[&key].dims2().unwrap();
            let stream = (layer * TargetModule::ALL.len() + number) as u64;
            let values: Vec<f32> = drawn(rank * width, stream)
                .map(|value| (value / (width as f64).sqrt()) as f32)
                .collect();
            let values = Tensor::from_vec(values, (rank, width), &Device::Cpu).unwrap();
            matrices.insert(key, values);
        }
    }
    candle_core::safetensors::save(&matrices, &file).unwrap();
}

/// Numbers from -1 to 1 by `SplitMix64`, whose state counts on from the stream's own place.
fn drawn(count: usize, stream: u64) -> impl Iterator<Item = f64> {
    (1..=count as u64).map(move |at| {
        let mut z = (at + (stream << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 * 2f64.powi(-52) - 1.0
    })
}

/// How far the first ten steps may be off, and all.
pub(crate) fn limits(precision: Precision) -> [f64; 2] {
    match precision {
        Precision::Full | Precision::Quantised => [FIRST_TEN, ALL],
        Precision::Brain => [BRAIN, BRAIN],
    }
}

/// Holds the losses, gradient norms and rates of a run against TRL's; gives the largest difference
/// of a loss.
#[expect(clippy::print_stderr, reason = "the measured errors are worth seeing")]
pub(crate) fn compare(
    steps: &[StepMetrics],
    reference: &Value,
    name: &str,
    [first_ten, in_all]: [f64; 2],
) -> f64 {
    let theirs = reference["steps"].as_array().unwrap();
    assert_eq!(steps.len(), theirs.len());
    // The largest differences of loss and norm.
    let (mut early, mut all) = ([0.0_f64; 2], [0.0_f64; 2]);
    let mut measured = 0.0_f64;
    for (ours, theirs) in steps.iter().zip(theirs) {
        let pairs = [("loss", ours.loss), ("grad_norm", ours.grad_norm)];
        for (index, (key, value)) in pairs.into_iter().enumerate() {
            let error = (value.unwrap() / theirs[key].as_f64().unwrap() - 1.0).abs();
            all[index] = all[index].max(error);
            if ours.step <= 10 {
                early[index] = all[index];
            }
        }
        let rate = theirs["learning_rate"].as_f64().unwrap();
        assert!((ours.learning_rate - rate).abs() < 1e-12);
        for (key, theirs) in theirs.as_object().unwrap() {
            let is_shared = key.starts_with("rewards/") || key.starts_with("logps/") || key == "kl";
            let of_drawn = ["reward", "completions/", "clip_ratio/"];
            let is_of_drawn = of_drawn.iter().any(|start| key.starts_with(start));
            let is_shared = is_shared || is_of_drawn || key == "entropy";
            let own_name = match key.as_str() {
                "accuracy" => Some("rewards/accuracies"),
                "margin" => Some("rewards/margins"),
                _ => is_shared.then_some(key.as_str()),
            };
            if let Some(name) = own_name {
                let ours = serde_json::to_value(ours).unwrap()[name].as_f64();
                let off = ours.map_or(f64::INFINITY, |ours| {
                    (ours - theirs.as_f64().unwrap()).abs()
                });
                measured = measured.max(off);
            }
        }
    }
    let told = |errors: [f64; 2]| format!("{:.1e} and {:.1e}", errors[0], errors[1]);
    let (first, whole) = (told(early), told(all));
    eprintln!(
        "{name}: loss and norm are off by {first} in ten steps, {whole} in all, metrics by {measured:.1e}"
    );
    assert!(measured < METRICS, "{measured}");
    assert!(early.iter().all(|error| *error < first_ten), "{early:?}");
    assert!(all.iter().all(|error| *error < in_all), "{all:?}");
    all[0]
}

/// The settings of TRL's run.
pub(crate) fn config(method: Method, reference: &Value) -> TrainingConfig {
    let settings = &reference["settings"];
    let number = |key: &str| settings[key].as_f64().unwrap();
    let count = |key: &str| usize::try_from(settings[key].as_u64().unwrap()).unwrap();
    let mut config = TrainingConfig {
        method,
        ..TrainingConfig::default()
    };
    config.data.shuffle = false;
    config.data.max_length = count("max_length");
    config.data.packing = settings["packing"].as_bool();
    config.batch.size = count("per_device_train_batch_size");
    config.batch.accumulation = count("gradient_accumulation_steps");
    config.batch.max_steps = Some(count("max_steps"));
    config.batch.epochs = 5.0;
    config.optimizer.learning_rate = Some(number("learning_rate"));
    config.optimizer.weight_decay = number("weight_decay");
    config.optimizer.max_grad_norm = number("max_grad_norm");
    let kind = settings["lr_scheduler_type"].as_str().unwrap();
    config.schedule.kind = LearningRateSchedule::try_from(kind.to_owned()).unwrap();
    config.schedule.warmup_steps = Some(count("warmup_steps"));
    config.preference.beta = settings["beta"].as_f64();
    let centering = settings["center_rewards_coefficient"].as_f64();
    config.preference.centering = centering.unwrap_or(0.0);
    let weight = |key: &str| settings[key].as_f64().unwrap_or(1.0);
    config.preference.desirable_weight = weight("desirable_weight");
    config.preference.undesirable_weight = weight("undesirable_weight");
    config.evaluation.keep_best = false;
    if method == Method::Grpo {
        // TRL's batch is one of answers.
        config.grpo.answers = count("num_generations");
        config.batch.size /= config.grpo.answers;
        config.grpo.max_new_tokens = count("max_completion_length");
        config.grpo.temperature = number("temperature");
        config.grpo.kl_weight = number("beta");
        if settings["num_iterations"].is_u64() {
            config.grpo.iterations = count("num_iterations");
            config.grpo.epsilon = number("epsilon");
            config.grpo.epsilon_high = settings["epsilon_high"].as_f64();
        }
        let word = |key: &str| settings[key].as_str().unwrap().to_owned();
        config.grpo.loss = PolicyLoss::try_from(word("loss_type")).unwrap();
        config.grpo.scale = RewardScale::try_from(word("scale_rewards")).unwrap();
    }
    config
}

/// The answers that TRL's run was given instead of drawing them, with their rewards: step by step,
/// and prompt by prompt.
struct Stored {
    drawn: Mutex<VecDeque<Drawn>>,
}

impl Stored {
    fn of(reference: &Value) -> Self {
        let drawn = reference["drawn"].as_array();
        let drawn = drawn.into_iter().flatten().map(|one| Drawn {
            tokens: ids(&one["tokens"]),
            ended: one["ended"].as_bool().unwrap(),
            reward: one["reward"].as_f64(),
        });
        Self {
            drawn: Mutex::new(drawn.collect()),
        }
    }
}

impl Drawer for Stored {
    fn draw(
        &self,
        _: Option<&Adapter>,
        draws: &[Draw<'_>],
        _: &GrpoConfig,
        _: &Interrupter,
    ) -> trainer::error::Result<Vec<Drawn>> {
        let mut drawn = self.drawn.lock().unwrap();
        Ok(drawn.drain(..draws.len()).collect())
    }
}

pub(crate) fn run(
    config: &TrainingConfig,
    loaded: &LoadedModel,
    whole: Option<&WholeModel>,
    reference: &Value,
    output: &Path,
) -> (Vec<StepMetrics>, Outcome) {
    let rows = reference["rows"].as_array().unwrap().iter().enumerate();
    let rows: Vec<Row> = rows
        .map(|(line, row)| Row::parse(line + 1, &row.to_string()).unwrap())
        .collect();
    let encoder = Encoder::new(loaded, None, config.data.max_length);
    let train_on = match config.method.lesson() {
        Lesson::Answers | Lesson::Texts => {
            let rows = encoder.rows(&rows).unwrap().rows;
            if config.packing() {
                Examples::packed(rows, config.data.max_length)
            } else {
                Examples::Rows(rows)
            }
        }
        Lesson::Pairs => Examples::Pairs(encoder.pairs(&rows).unwrap().pairs),
        Lesson::Comparisons => Examples::Pairs(encoder.comparisons(&rows).unwrap().pairs),
        Lesson::Unpaired => Examples::Unpaired(encoder.labels(&rows).unwrap().rows),
        Lesson::Prompts => Examples::Prompts(encoder.prompts(&rows).unwrap().rows),
    };
    let model = Model::new(loaded.config.clone(), loaded.weights.clone());
    let request = TrainRequest {
        config,
        model: &model,
        whole,
        model_hash: &loaded.content_hash,
        train: train_on,
        validation: None,
        general: None,
        general_validation: None,
        task: None,
        drawer: Some(&Stored::of(reference)),
        truncated_rows: 0,
        dropped_rows: 0,
        output,
        resume: false,
        clock: &|| Duration::ZERO,
    };
    let mut steps = Vec::new();
    let mut sink = |event| {
        if let RunEvent::Step(metrics) = event {
            steps.push(metrics);
        }
    };
    let outcome = train(request, &mut sink, &Interrupter::new()).unwrap();
    (steps, outcome)
}

/// The largest difference of the trained adapters, by the largest number of each matrix.
fn adapter_error(folder: &Path, name: &str) -> f64 {
    let loaded = tiny();
    let (ours, _) = adapter::load(folder, &loaded.config, &Device::Cpu).unwrap();
    let bytes = adapter::to_safetensors(&ours).unwrap();
    let ours = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap();
    let theirs = tensors(&format!("{name}.safetensors"));
    let errors = theirs
        .iter()
        .map(|(name, theirs)| relative_error(&numbers(&ours[name.as_str()]), &numbers(theirs)));
    errors.fold(0.0, f64::max)
}
