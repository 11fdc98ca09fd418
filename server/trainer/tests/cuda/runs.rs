//! Runs that train all weights, from a configuration to the folder that is handed over.

use std::path::Path;
use std::time::Duration;

use candle_core::Device;
use shared::training::{
    GrpoConfig, LearningRateSchedule, Method, Precision, RunEvent, StopReason, Trained,
    TrainingConfig,
};
use trainer::adapter::Adapter;
use trainer::engine::Model;
use trainer::error::Result;
use trainer::generate::{Sampler, Sampling};
use trainer::run::{Draw, Drawer, Drawn, Interrupter, Outcome};
use trainer::session::{Session, Target};

use crate::support::{BRAIN, FULL, close, fixture, gpu};

const METHODS: [Method; 5] = [
    Method::Sft,
    Method::Dpo,
    Method::Kto,
    Method::Reward,
    Method::Grpo,
];

const ROWS: &str = r#"
{"prompt": "one and two", "completion": "the red cat is green"}
{"prompt": "the cat", "completion": "in 17 of 42"}
{"prompt": "to green red in cat to red", "completion": "three in a green 17 red of red"}
{"prompt": "a red two in 42 one the", "completion": "to to green of blue"}
{"prompt": "dog", "completion": "9"}
"#;

const PAIRS: &str = r#"
{"prompt": "green", "chosen": "in and of three a a", "rejected": "9 of in."}
{"prompt": "9 the cat three red", "chosen": "17", "rejected": "it cat is one one two."}
{"prompt": "17 blue", "chosen": "9 of one is in and", "rejected": "in 17 9 9 one to."}
{"prompt": "to of two three", "chosen": "of cat it 17 and the", "rejected": "dog two 17 and"}
{"prompt": "dog", "chosen": "the", "rejected": "a blue one"}
"#;

fn config(method: Method, data: &Path, device: &str) -> TrainingConfig {
    let rows = if method == Method::Sft { ROWS } else { PAIRS };
    std::fs::write(data, rows.trim_start()).unwrap();
    let data = data.display().to_string();
    let mut config = TrainingConfig {
        method,
        model: fixture("tiny-llama").display().to_string(),
        adapter: Trained::AllWeights,
        device: device.to_owned(),
        ..TrainingConfig::default()
    };
    config.data.train.clone_from(&data);
    config.data.validation = Some(data);
    config.batch.size = 2;
    config.batch.accumulation = 2;
    config.batch.max_steps = Some(6);
    config.batch.epochs = 9.0;
    config.optimizer.learning_rate = Some(1e-3);
    config.optimizer.weight_decay = 0.1;
    config.schedule.kind = LearningRateSchedule::Constant;
    config.schedule.warmup_steps = Some(0);
    config.checkpoint.every_steps = Some(2);
    config.evaluation.every_steps = Some(2);
    config.evaluation.keep_best = false;
    config.grpo = GrpoConfig {
        answers: 3,
        max_new_tokens: 5,
        kl_weight: 0.1,
        ..GrpoConfig::default()
    };
    config
}

/// Draws answers; the reward is the share of their tokens whose number is even.
struct EvenTokens<'a> {
    model: &'a Model,
}

impl Drawer for EvenTokens<'_> {
    fn draw(
        &self,
        adapter: Option<&Adapter>,
        draws: &[Draw<'_>],
        settings: &GrpoConfig,
        _: &Interrupter,
    ) -> Result<Vec<Drawn>> {
        let answer = |draw: &Draw<'_>| {
            let prompt = draw.prompt.prompt.tokens.as_slice();
            let capacity = prompt.len() + settings.max_new_tokens;
            let mut sampler = Sampler::new(Sampling {
                temperature: settings.temperature,
                seed: draw.seed,
                ..Sampling::default()
            });
            let (mut cache, mut logits) = self.model.prefill(adapter, &[prompt], capacity)?;
            let mut tokens = Vec::new();
            while tokens.len() < settings.max_new_tokens {
                let token = sampler.next(&logits.flatten_all()?.to_vec1()?);
                tokens.push(token);
                logits = self.model.step(adapter, &mut cache, &[(0, token)])?;
            }
            let even = tokens.iter().filter(|token| **token % 2 == 0).count();
            Ok(Drawn {
                reward: Some(even as f64 / tokens.len() as f64),
                ended: false,
                tokens,
            })
        };
        draws.iter().map(answer).collect()
    }
}

/// Losses and gradient norms of the steps, and validation losses.
#[derive(Default)]
struct Told {
    losses: Vec<f32>,
    norms: Vec<f32>,
    validation: Vec<f32>,
}

/// Trains, and stops after a step where one is named.
fn train(config: &TrainingConfig, output: &Path, stop: Option<usize>) -> (Outcome, Told) {
    let session = Session::open(config.clone()).unwrap();
    let target = Target {
        output,
        resume: output.join("checkpoints").is_dir(),
        clock: &|| Duration::ZERO,
    };
    let drawer = EvenTokens {
        model: session.model(),
    };
    let interrupter = Interrupter::new();
    let mut told = Told::default();
    let mut sink = |event| match event {
        RunEvent::Step(step) => {
            told.losses.extend(step.loss.map(|loss| loss as f32));
            told.norms.extend(step.grad_norm.map(|norm| norm as f32));
            if Some(step.step) == stop {
                interrupter.interrupt("a test");
            }
        }
        RunEvent::Evaluation(metrics) => {
            let loss = metrics.validation_loss.map(|loss| loss as f32);
            told.validation.extend(loss);
        }
        _ => {}
    };
    let outcome = session.train(target, None, Some(&drawer), &mut sink, &interrupter);
    (outcome.unwrap(), told)
}

/// The numbers of what was handed over, tensor by tensor in the order of their names.
fn weights(outcome: &Outcome) -> Vec<f32> {
    let file = outcome.folder.join("model.safetensors");
    let tensors = candle_core::safetensors::load(file, &Device::Cpu).unwrap();
    let mut names: Vec<_> = tensors.keys().collect();
    names.sort_unstable();
    let numbers = names.into_iter().flat_map(|name| {
        let flat = tensors[name].flatten_all().unwrap();
        flat.to_vec1::<f32>().unwrap()
    });
    numbers.collect()
}

#[test]
fn runs_of_all_weights_are_the_processors() {
    let test = "runs of all weights";
    if gpu(test).is_none() {
        return;
    }
    for (precision, limit) in [(Precision::Full, FULL), (Precision::Brain, BRAIN)] {
        for method in METHODS {
            let folder = tempfile::tempdir().unwrap();
            let [ours, theirs] = ["cuda:0", "cpu"].map(|device| {
                let mut config = config(method, &folder.path().join("rows.jsonl"), device);
                if device != "cpu" {
                    config.precision = precision;
                }
                train(&config, &folder.path().join(device), None)
            });
            let what = format!("{test}, {method}, {precision:?}");
            // What a rounded model draws becomes other answers.
            let is_drawn = precision == Precision::Brain && method == Method::Grpo;
            if !is_drawn {
                for (name, ours, theirs) in [
                    ("losses", &ours.1.losses, &theirs.1.losses),
                    ("norms", &ours.1.norms, &theirs.1.norms),
                    ("validation", &ours.1.validation, &theirs.1.validation),
                ] {
                    close(&format!("{name} of {what}"), ours, theirs, limit);
                }
            }
            assert_eq!(ours.1.losses.len(), 6, "{what}");
            // AdamW moves numbers whose gradients are nearly zero by their sign.
            let (ours, theirs) = (weights(&ours.0), weights(&theirs.0));
            close(&what, &ours, &theirs, 10.0 * limit);
        }
    }
}

#[test]
fn a_resumed_run_of_all_weights_equals_one_that_was_not_interrupted() {
    if gpu("a resumed run of all weights").is_none() {
        return;
    }
    for method in METHODS {
        let folder = tempfile::tempdir().unwrap();
        let config = config(method, &folder.path().join("rows.jsonl"), "cuda:0");
        let (whole, _) = train(&config, &folder.path().join("whole"), None);
        let parts = folder.path().join("parts");
        let (stopped, _) = train(&config, &parts, Some(3));
        assert_eq!(stopped.reason, StopReason::Interrupted, "{method}");
        let (resumed, told) = train(&config, &parts, None);
        assert_eq!(told.losses.len(), 3, "{method}");
        let bytes = |outcome: &Outcome| std::fs::read(outcome.folder.join("model.safetensors"));
        let (whole, resumed) = (bytes(&whole).unwrap(), bytes(&resumed).unwrap());
        assert!(whole == resumed, "{method}: the weights differ");
    }
}
