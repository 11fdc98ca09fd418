//! What is refused, and what a failure leaves behind.

use std::fs;

use serde_json::Value;
use shared::dataset::{Margin, Votes};
use shared::training::{Method, PreferenceLoss, RunEvent};

use super::{Examples, Run, adapter_bytes, config, examples, pairs, steps};
use crate::data::{TokenizedPair, TokenizedRow};
use crate::error::TrainerError;

#[test]
fn a_failed_save_leaves_the_last_checkpoint_to_resume_from() {
    let mut config = config(Method::Sft);
    config.checkpoint.every_steps = Some(1);
    config.evaluation.keep_best = false;
    let whole = tempfile::tempdir().unwrap();
    let expected = Run::new(&config, whole.path()).go().0.unwrap();

    let output = tempfile::tempdir().unwrap();
    let mut run = Run::new(&config, output.path());
    run.interrupt_after = Some(2);
    run.go().0.unwrap();
    // A file stands where the folder for the next checkpoint would be made.
    let obstacle = output.path().join("checkpoints/step-00000004.partial");
    fs::write(&obstacle, "in the way").unwrap();
    let mut run = Run::new(&config, output.path());
    run.resume = true;
    let error = run.go().0.unwrap_err();
    assert!(matches!(error, TrainerError::Io { .. }), "{error}");
    assert!(
        error.to_string().contains("step-00000004.partial"),
        "{error}"
    );

    fs::remove_file(&obstacle).unwrap();
    let mut run = Run::new(&config, output.path());
    run.resume = true;
    let (outcome, events) = run.go();
    assert_eq!(steps(&events)[0].step, 4, "goes on after the third");
    assert!(adapter_bytes(&outcome.unwrap()) == adapter_bytes(&expected));
}

#[test]
fn a_damaged_checkpoint_is_passed_over_with_a_warning() {
    let mut config = config(Method::Sft);
    config.checkpoint.every_steps = Some(1);
    let output = tempfile::tempdir().unwrap();
    let mut run = Run::new(&config, output.path());
    run.interrupt_after = Some(2);
    run.go().0.unwrap();
    fs::write(
        output
            .path()
            .join("checkpoints/step-00000002/adapter.safetensors"),
        "",
    )
    .unwrap();
    let mut run = Run::new(&config, output.path());
    run.resume = true;
    let (outcome, events) = run.go();
    outcome.unwrap();
    assert!(events.iter().any(|event| {
        matches!(event, RunEvent::Warning { code, .. } if code == "damaged_checkpoint")
    }));
    assert_eq!(steps(&events)[0].step, 2);
}

#[test]
fn a_checkpoint_without_the_answers_of_its_step_is_passed_over() {
    let mut config = config(Method::Grpo);
    config.grpo.answers = 2;
    config.grpo.max_new_tokens = 3;
    config.grpo.iterations = 2;
    let output = tempfile::tempdir().unwrap();
    let mut run = Run::new(&config, output.path());
    run.interrupt_after = Some(1);
    run.go().0.unwrap();
    let path = output.path().join("checkpoints/step-00000001/state.json");
    let mut state: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let answers = state["rollout"]["answers"].as_array_mut().unwrap();
    assert_eq!(answers.len(), 4);
    answers.pop();
    fs::write(&path, state.to_string()).unwrap();
    let mut run = Run::new(&config, output.path());
    run.resume = true;
    let (outcome, events) = run.go();
    outcome.unwrap();
    assert!(events.iter().any(|event| {
        matches!(event, RunEvent::Warning { message, .. } if message.contains("answers"))
    }));
    assert_eq!(steps(&events)[0].step, 1, "there is no other checkpoint");
}

#[test]
fn a_checkpoint_of_other_settings_or_data_is_refused() {
    let first = config(Method::Sft);
    let output = tempfile::tempdir().unwrap();
    let mut run = Run::new(&first, output.path());
    run.interrupt_after = Some(2);
    run.go().0.unwrap();

    let mut other = first.clone();
    other.optimizer.weight_decay = 0.1;
    let mut run = Run::new(&other, output.path());
    run.resume = true;
    let error = run.go().0.unwrap_err().to_string();
    assert!(
        error.contains("settings") && error.contains("step-00000002"),
        "{error}"
    );

    let mut run = Run::new(&first, output.path());
    run.resume = true;
    run.train = examples(Method::Sft, 77);
    assert!(run.go().0.unwrap_err().to_string().contains("data differ"));

    let mut run = Run::new(&first, output.path());
    run.resume = true;
    run.model_hash = "another";
    assert!(run.go().0.unwrap_err().to_string().contains("model differ"));

    let mut harmless = first;
    harmless.threads = 1;
    harmless.checkpoint.keep = 7;
    let mut run = Run::new(&harmless, output.path());
    run.resume = true;
    run.go().0.unwrap();
}

#[test]
fn a_checkpoint_of_other_votes_or_margins_is_refused() {
    let mut config = config(Method::Dpo);
    config.preference.soft_labels = true;
    let output = tempfile::tempdir().unwrap();
    let judged = |change: &dyn Fn(&mut TokenizedPair)| {
        let mut pairs = pairs(1);
        pairs[0].votes = Votes::new(2, 1).ok();
        change(&mut pairs[0]);
        Examples::Pairs(pairs)
    };
    let with = |change: &dyn Fn(&mut TokenizedPair)| {
        let mut run = Run::new(&config, output.path());
        run.train = judged(change);
        run
    };
    let (_, certain) = with(&|pair| pair.votes = None).go();
    let (_, events) = with(&|_| {}).go();
    assert_ne!(steps(&events), steps(&certain));
    let changes: [&dyn Fn(&mut TokenizedPair); 3] = [
        &|pair: &mut TokenizedPair| pair.votes = Votes::new(3, 1).ok(),
        &|pair: &mut TokenizedPair| pair.votes = None,
        &|pair: &mut TokenizedPair| pair.margin = Margin::new(0.5).ok(),
    ];
    for change in changes {
        let mut run = with(change);
        run.resume = true;
        assert!(run.go().0.unwrap_err().to_string().contains("data differ"));
    }
    let mut run = with(&|_| {});
    run.resume = true;
    run.go().0.unwrap();
}

#[test]
fn a_loss_that_is_not_finite_stops_the_run_and_names_the_step() {
    let mut config = config(Method::Sft);
    config.optimizer.learning_rate = Some(1e30);
    let output = tempfile::tempdir().unwrap();
    let (outcome, events) = Run::new(&config, output.path()).go();
    let error = outcome.unwrap_err();
    assert!(
        matches!(error, TrainerError::Diverged { step: 2, .. }),
        "{error}"
    );
    assert!(matches!(
        events.last(),
        Some(RunEvent::Warning { step: 2, code, .. }) if code == "diverged"
    ));
}

#[test]
fn settings_that_cannot_work_are_refused_by_name() {
    let output = tempfile::tempdir().unwrap();
    let refused = |change: &dyn Fn(&mut shared::training::TrainingConfig)| {
        let mut config = config(Method::Sft);
        change(&mut config);
        Run::new(&config, output.path())
            .go()
            .0
            .unwrap_err()
            .to_string()
    };
    assert!(refused(&|config| config.batch.size = 0).contains("batch.size"));
    assert!(
        refused(&|config| config.adapter.adapter_mut().unwrap().rank = 0).contains("adapter.rank")
    );
    assert!(
        refused(&|config| config.adapter.adapter_mut().unwrap().dropout = 1.0)
            .contains("adapter.dropout")
    );
    assert!(
        refused(&|config| config.adapter.adapter_mut().unwrap().targets.clear())
            .contains("adapter.targets")
    );
    assert!(refused(&|config| config.evaluation.by_task_metric = true).contains("by_task_metric"));
    let soft_loss = refused(&|config| {
        config.method = Method::Dpo;
        config.preference.loss = PreferenceLoss::Ipo;
        config.preference.soft_labels = true;
    });
    assert!(soft_loss.contains("preference.soft_labels"), "{soft_loss}");
    assert!(refused(&|config| config.preference.soft_labels = true).contains("soft_labels"));
    let packed_pairs = refused(&|config| {
        config.method = Method::Dpo;
        config.data.packing = Some(true);
    });
    assert!(packed_pairs.contains("data.packing: dpo"), "{packed_pairs}");
    let config = config(Method::Sft);
    let mut run = Run::new(&config, output.path());
    run.train = examples(Method::Dpo, 1);
    assert!(run.go().0.unwrap_err().to_string().contains("to imitate"));

    for (length, word) in [(600, "data.max_length"), (3, "another model's")] {
        let row = TokenizedRow {
            tokens: vec![5; length],
            loss_mask: vec![true; length],
        };
        let row = if length == 3 {
            TokenizedRow {
                tokens: vec![9999; 3],
                ..row
            }
        } else {
            row
        };
        let mut run = Run::new(&config, output.path());
        run.train = Examples::Rows(vec![row]);
        let error = run.go().0.unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}
