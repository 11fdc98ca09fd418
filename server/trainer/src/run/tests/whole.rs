//! Runs that train all weights.

use candle_core::{CpuStorage, Device, Storage};
use shared::training::{Method, Precision, RunEvent, Trained, TrainingConfig};

use super::resume::{eventful, resumed};
use super::{Run, config, model_bytes, steps, validation_losses};
use crate::durable::read_tensor;
use crate::engine::Model;
use crate::model::load;
use crate::testing::tiny_model;

fn whole(config: TrainingConfig) -> TrainingConfig {
    let mut config = TrainingConfig {
        adapter: Trained::AllWeights,
        ..config
    };
    config.optimizer.learning_rate = Some(0.003);
    config.optimizer.weight_decay = 0.1;
    config
}

#[test]
fn a_resumed_run_equals_one_that_was_not_interrupted() {
    // Of these the reference is the base on disk, whatever the checkpoint holds: sums that are known
    // beforehand, and a copy that is asked about other texts in every step.
    resumed(&whole(eventful(Method::Sft)), &[1, 3, 4]);
    resumed(&whole(eventful(Method::Dpo)), &[2, 3]);
    resumed(&whole(eventful(Method::Kto)), &[2, 3]);
    resumed(&whole(eventful(Method::Grpo)), &[1, 4]);
    let mut twice = whole(eventful(Method::Grpo));
    twice.grpo.iterations = 2;
    resumed(&twice, &[1, 6]);
    resumed(&whole(eventful(Method::Reward)), &[2]);
}

#[test]
fn every_method_learns_and_hands_over_a_model() {
    for method in [
        Method::Sft,
        Method::Pretrain,
        Method::Dpo,
        Method::Orpo,
        Method::Simpo,
    ] {
        let mut config = whole(config(method));
        config.batch.epochs = 6.0;
        config.evaluation.keep_best = false;
        let output = tempfile::tempdir().unwrap();
        let (outcome, events) = Run::new(&config, output.path()).go();
        let outcome = outcome.unwrap();
        let losses: Vec<f64> = steps(&events).iter().filter_map(|step| step.loss).collect();
        let (first, last) = (losses[0], losses[losses.len() - 1]);
        assert!(last < first, "{method}: {first} to {last}");
        let written = load(&outcome.folder, &Device::Cpu).unwrap();
        assert_eq!(written.config.vocab_size, 700);
        let before = tiny_model().weights;
        for (now, then) in [
            (&written.weights.norm, &before.norm),
            (
                &written.weights.layers[0].mlp_norm,
                &before.layers[0].mlp_norm,
            ),
        ] {
            assert_ne!(
                now.to_vec1::<f32>().unwrap(),
                then.to_vec1::<f32>().unwrap()
            );
        }
        let RunEvent::Started {
            trainable_parameters,
            ..
        } = events[0]
        else {
            panic!("{:?}", events[0]);
        };
        assert_eq!(trainable_parameters, before.parameter_count());
    }
}

#[test]
fn the_best_weights_are_handed_over() {
    let mut config = whole(config(Method::Sft));
    config.batch.epochs = 20.0;
    config.optimizer.learning_rate = Some(0.02);
    config.evaluation.every_steps = Some(2);
    let output = tempfile::tempdir().unwrap();
    let (outcome, events) = Run::new(&config, output.path()).go();
    let outcome = outcome.unwrap();
    assert!(outcome.adapter_step < outcome.step);
    let losses = validation_losses(&events);
    let least = losses[1..].iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(losses[outcome.adapter_step / 2].to_bits(), least.to_bits());
    let weights = load(&outcome.folder, &Device::Cpu).unwrap().weights;
    let step = outcome.adapter_step;
    let path = format!("checkpoints/step-{step:08}/weights.safetensors");
    let numbers = weights.parameter_count();
    let kept = read_tensor(&output.path().join(path), "weights", &[numbers]).unwrap();
    let embedding = weights.embedding.numbers().unwrap().flatten_all().unwrap();
    assert_eq!(
        embedding.to_vec1::<f32>().unwrap(),
        kept[..embedding.elem_count()]
    );
}

#[test]
fn a_base_that_was_trained_is_still_the_reference() {
    // The first rewards of a resumed run are the differences from the base, not from the checkpoint.
    let mut config = whole(config(Method::Dpo));
    config.batch.epochs = 2.0;
    config.evaluation.keep_best = false;
    let output = tempfile::tempdir().unwrap();
    let mut run = Run::new(&config, output.path());
    run.interrupt_after = Some(3);
    run.go().0.unwrap();
    let mut run = Run::new(&config, output.path());
    run.resume = true;
    let (_, events) = run.go();
    let first = steps(&events)[0].preference.unwrap();
    assert!(first.rewards_chosen.unwrap().abs() > 1e-4, "{first:?}");
}

#[test]
fn a_copy_of_the_base_holds_each_weight_once() {
    let loaded = super::whole(Method::Kto).loaded().clone();
    let copy = Model::new(loaded.config, loaded.weights).apart().unwrap();
    let weights = &copy.weights;
    let query = weights.layers[0].query.numbers().unwrap();
    for weight in [&weights.embedding.numbers().unwrap(), &query, &weights.norm] {
        let (storage, _) = weight.storage_and_layout();
        let Storage::Cpu(CpuStorage::F32(numbers)) = &*storage else {
            panic!("{weight:?}");
        };
        assert_eq!(numbers.len(), weight.elem_count());
    }
}

#[test]
fn what_cannot_be_trained_whole_is_refused_by_name() {
    let refused = |config: TrainingConfig| {
        let output = tempfile::tempdir().unwrap();
        let error = Run::new(&config, output.path()).go().0.unwrap_err();
        error.to_string()
    };
    for (precision, word) in [
        (Precision::Brain, "bf16"),
        (Precision::Quantised, "quantised"),
    ] {
        let config = TrainingConfig {
            precision,
            ..whole(config(Method::Sft))
        };
        let message = refused(config);
        assert!(
            message.contains("precision") && message.contains(word),
            "{message}"
        );
    }
    let mut rewarded = whole(config(Method::Grpo));
    rewarded.grpo.reward_model = Some("adapter".to_owned());
    let message = refused(rewarded);
    assert!(message.contains("grpo.reward_model"), "{message}");
}

#[test]
fn a_reward_model_is_written_as_transformers_reads_it() {
    let config = whole(config(Method::Reward));
    let output = tempfile::tempdir().unwrap();
    let outcome = Run::new(&config, output.path()).go().0.unwrap();
    let bytes = model_bytes(&outcome);
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(file.tensor("score.weight").unwrap().shape(), [1, 64]);
    let text = std::fs::read_to_string(outcome.folder.join("config.json")).unwrap();
    assert!(text.contains("LlamaForSequenceClassification"), "{text}");
    // It writes no answers, so it is no base either.
    let error = load(&outcome.folder, &Device::Cpu).unwrap_err().to_string();
    assert!(error.contains("LlamaForSequenceClassification"), "{error}");
}
