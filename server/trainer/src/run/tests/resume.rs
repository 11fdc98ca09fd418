//! That a run stopped and resumed equals one that was not, to the last byte.

use shared::training::{Method, StopReason, TrainingConfig};

use super::{Run, adapter_bytes, config, model_bytes, steps, validation_losses};

pub(super) fn eventful(method: Method) -> TrainingConfig {
    let mut config = config(method);
    let adapter = config.adapter.adapter_mut().unwrap();
    adapter.dropout = 0.1;
    config.batch.accumulation = 2;
    config.batch.epochs = 4.0;
    config.data.general_share = 0.4;
    config.evaluation.every_steps = Some(3);
    if method == Method::Grpo {
        config.grpo.answers = 3;
        config.grpo.max_new_tokens = 4;
    } else {
        config.evaluation.patience = 100;
    }
    config
}

fn resumed_equals_uninterrupted(method: Method, stops: &[usize]) {
    resumed(&eventful(method), stops);
}

pub(super) fn resumed(config: &TrainingConfig, stops: &[usize]) {
    let trained = if config.adapter.is_whole() {
        model_bytes
    } else {
        adapter_bytes
    };
    let whole = tempfile::tempdir().unwrap();
    let (outcome, events) = Run::new(config, whole.path()).go();
    let expected = outcome.unwrap();

    let parts = tempfile::tempdir().unwrap();
    let mut all_steps = Vec::new();
    let mut all_losses = Vec::new();
    for (attempt, stop) in stops
        .iter()
        .map(|stop| Some(*stop))
        .chain([None])
        .enumerate()
    {
        let mut run = Run::new(config, parts.path());
        run.resume = attempt > 0;
        run.interrupt_after = stop;
        let (outcome, events) = run.go();
        let outcome = outcome.unwrap();
        all_steps.extend(steps(&events));
        all_losses.extend(validation_losses(&events));
        if let Some(stop) = stop {
            assert_eq!(
                (outcome.reason, outcome.step),
                (StopReason::Interrupted, stop)
            );
            continue;
        }
        assert_eq!(outcome.reason, StopReason::Completed);
        assert_eq!(outcome.adapter_step, expected.adapter_step);
        assert!(trained(&outcome) == trained(&expected), "results differ");
    }
    assert_eq!(all_steps, steps(&events));
    assert_eq!(all_losses, validation_losses(&events));
    let last = |folder: &tempfile::TempDir, file: &str| {
        let steps = expected.step;
        std::fs::read(
            folder
                .path()
                .join(format!("checkpoints/step-{steps:08}/{file}")),
        )
        .unwrap()
    };
    let saved = if config.adapter.is_whole() {
        "weights.safetensors"
    } else {
        "adapter.safetensors"
    };
    for file in [saved, "optimizer.safetensors"] {
        assert!(last(&whole, file) == last(&parts, file), "{file} differs");
    }
}

#[test]
fn rows_between_steps_and_within_an_evaluation() {
    // Step 3 is one that an evaluation follows: the interruption comes before it is done.
    resumed_equals_uninterrupted(Method::Sft, &[1, 3, 4]);
}

#[test]
fn packs_of_rows() {
    resumed_equals_uninterrupted(Method::Pretrain, &[1, 2]);
}

#[test]
fn pairs_with_their_reference() {
    resumed_equals_uninterrupted(Method::Dpo, &[2, 3]);
    resumed_equals_uninterrupted(Method::Reward, &[2]);
}

#[test]
fn a_weight_decomposed_adapter() {
    let mut config = eventful(Method::Sft);
    config.adapter.adapter_mut().unwrap().weight_decomposed = true;
    config.adapter.adapter_mut().unwrap().rank_stabilised = true;
    resumed(&config, &[1, 3]);
}

#[test]
fn labelled_answers_with_their_distance_from_the_reference() {
    // Five steps to an epoch of 17 examples; general ones are among them.
    resumed_equals_uninterrupted(Method::Kto, &[2, 3, 9]);
}

#[test]
fn answers_that_are_drawn() {
    resumed_equals_uninterrupted(Method::Grpo, &[1, 4]);
}

#[test]
fn answers_that_several_steps_learn_from() {
    let mut config = eventful(Method::Grpo);
    config.grpo.iterations = 3;
    // So little that tokens are clipped.
    config.grpo.epsilon = 0.01;
    // After each of the three steps on the same answers, and some on the next ones.
    resumed(&config, &[1, 2, 3, 7]);
}

#[test]
fn a_finished_run_resumes_to_its_end() {
    let config = eventful(Method::Sft);
    let output = tempfile::tempdir().unwrap();
    let first = Run::new(&config, output.path()).go().0.unwrap();
    let bytes = adapter_bytes(&first);
    let mut run = Run::new(&config, output.path());
    run.resume = true;
    let (outcome, events) = run.go();
    let outcome = outcome.unwrap();
    assert_eq!((outcome.reason, outcome.step), (first.reason, first.step));
    assert!(steps(&events).is_empty());
    assert!(adapter_bytes(&outcome) == bytes);
}
