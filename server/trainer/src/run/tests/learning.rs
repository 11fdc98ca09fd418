//! That runs learn, evaluate, stop and keep what they should.

use std::sync::atomic::{AtomicUsize, Ordering};

use shared::check::CheckResult;
use shared::training::{Method, RunEvent, StopReason};

use super::{Examples, Run, adapter_bytes, config, rows, steps, tiny_model, validation_losses};
use crate::adapter::{self, Adapter};
use crate::error::Result;
use crate::run::{Answer, Answerer, Interrupter, Scorer, TaskEvaluation};

#[test]
fn twenty_steps_lower_the_loss_of_rows() {
    let output = tempfile::tempdir().unwrap();
    let mut config = config(Method::Sft);
    config.batch.size = 5;
    config.batch.epochs = 20.0;
    let (outcome, events) = Run::new(&config, output.path()).go();
    let outcome = outcome.unwrap();
    assert_eq!((outcome.reason, outcome.step), (StopReason::Completed, 20));
    let losses: Vec<f64> = steps(&events)
        .iter()
        .map(|step| step.loss.unwrap())
        .collect();
    assert!(losses[19] < losses[0] * 0.5, "{losses:?}");
}

#[test]
fn a_run_that_learns_its_rows_by_heart_says_so_once() {
    let output = tempfile::tempdir().unwrap();
    let mut config = config(Method::Sft);
    config.batch.size = 5;
    config.batch.epochs = 40.0;
    let (outcome, events) = Run::new(&config, output.path()).go();
    outcome.unwrap();
    let warnings = events.iter().filter_map(|event| match event {
        RunEvent::Warning { code, .. } => Some(code.as_str()),
        _ => None,
    });
    assert_eq!(warnings.collect::<Vec<_>>(), ["validation_rising"]);
}

#[test]
fn preference_tuning_prefers_what_was_chosen() {
    let output = tempfile::tempdir().unwrap();
    let mut config = config(Method::Dpo);
    config.batch.size = 5;
    config.batch.epochs = 20.0;
    let (outcome, events) = Run::new(&config, output.path()).go();
    outcome.unwrap();
    let steps = steps(&events);
    let first = steps[0].preference.unwrap();
    assert!(
        (steps[0].loss.unwrap() - 2f64.ln()).abs() < 1e-9,
        "no adapter yet, so Δ is 0"
    );
    assert!(first.rewards_margins.unwrap().abs() < 1e-9);
    let last = steps[19].preference.unwrap();
    assert!(steps[19].loss.unwrap() < 0.3);
    assert_eq!(last.rewards_accuracies, Some(1.0));
}

#[test]
fn wanted_answers_become_likelier_and_unwanted_ones_less_so() {
    let output = tempfile::tempdir().unwrap();
    let mut config = config(Method::Kto);
    config.batch.size = 10;
    config.batch.epochs = 20.0;
    let (outcome, events) = Run::new(&config, output.path()).go();
    outcome.unwrap();
    let steps = steps(&events);
    let (first, last) = (steps[0].preference.unwrap(), steps[19].preference.unwrap());
    assert!(
        (steps[0].loss.unwrap() - 0.5).abs() < 1e-5,
        "no adapter yet, so every ratio is 0"
    );
    assert!(first.rewards_margins.unwrap().abs() < 1e-5);
    assert_eq!(first.kl, Some(0.0), "both models see the same batch");
    assert!(steps[19].loss.unwrap() < 0.2, "{steps:?}");
    assert!(last.rewards_chosen > Some(0.5) && last.rewards_rejected < Some(-0.5));
    assert!(last.kl.is_some() && last.rewards_accuracies.is_none());
    let measured = events.iter().filter_map(|event| match event {
        RunEvent::Evaluation(metrics) => metrics.preference,
        _ => None,
    });
    for metrics in measured {
        assert!(metrics.rewards_margins.is_some() && metrics.kl.is_some());
    }
}

#[test]
fn a_reward_model_scores_the_chosen_response_higher() {
    let output = tempfile::tempdir().unwrap();
    let mut config = config(Method::Reward);
    config.batch.size = 5;
    config.batch.epochs = 20.0;
    let (outcome, events) = Run::new(&config, output.path()).go();
    let outcome = outcome.unwrap();
    let steps = steps(&events);
    let (first, last) = (steps[0].preference.unwrap(), steps[19].preference.unwrap());
    assert!(
        first.rewards_margins.unwrap().abs() < 0.5,
        "the head is fresh"
    );
    assert!(steps[19].loss.unwrap() < 0.1, "{steps:?}");
    assert_eq!(last.rewards_accuracies, Some(1.0));
    assert_eq!(last.logps_chosen, None, "there are no log-probabilities");
    let both = last.rewards_chosen.unwrap() + last.rewards_rejected.unwrap();
    assert!(both.abs() < 0.5 * last.rewards_margins.unwrap(), "{last:?}");
    let model = tiny_model();
    let (adapter, peft) = adapter::load(&outcome.folder, &model.config, model.device()).unwrap();
    assert!(adapter.score().is_some() && peft.shape.score_head);
}

#[test]
fn where_nothing_is_asked_no_answers_are_written() {
    for (method, why) in [
        (Method::Reward, "scores answers"),
        (Method::Pretrain, "plain texts"),
    ] {
        let answerer = Staged::default();
        let output = tempfile::tempdir().unwrap();
        let mut config = config(method);
        config.evaluation.generate_rows = Some(2);
        let mut run = Run::new(&config, output.path());
        run.task = Some(TaskEvaluation {
            answerer: &answerer,
            scorer: &answerer,
        });
        let error = run.go().0.unwrap_err().to_string();
        assert!(error.contains("generate_rows"), "{error}");
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn accumulating_labelled_answers_equals_one_batch() {
    let run = |size, accumulation| {
        let output = tempfile::tempdir().unwrap();
        let mut config = config(Method::Kto);
        config.batch.size = size;
        config.batch.accumulation = accumulation;
        let (outcome, events) = Run::new(&config, output.path()).go();
        outcome.unwrap();
        (steps(&events), validation_losses(&events))
    };
    let ((whole, whole_losses), (parts, part_losses)) = (run(6, 1), run(1, 6));
    for (whole, parts) in whole.iter().zip(&parts) {
        let (one, other) = (whole.preference.unwrap(), parts.preference.unwrap());
        assert!((one.kl.unwrap() - other.kl.unwrap()).abs() < 1e-3);
        assert!((whole.loss.unwrap() - parts.loss.unwrap()).abs() < 1e-4);
    }
    assert!(
        whole
            .iter()
            .any(|step| step.preference.unwrap().kl > Some(0.0))
    );
    for (whole, parts) in whole_losses.iter().zip(&part_losses) {
        assert!((whole - parts).abs() < 1e-4);
    }
}

#[test]
fn accumulating_equals_one_batch() {
    let run = |size, accumulation| {
        let output = tempfile::tempdir().unwrap();
        let mut config = config(Method::Sft);
        config.batch.size = size;
        config.batch.accumulation = accumulation;
        config.data.shuffle = false;
        let (outcome, events) = Run::new(&config, output.path()).go();
        outcome.unwrap();
        steps(&events)
    };
    for (whole, parts) in run(4, 1).iter().zip(run(1, 4)) {
        assert!((whole.loss.unwrap() - parts.loss.unwrap()).abs() < 1e-4);
        assert!((whole.grad_norm.unwrap() / parts.grad_norm.unwrap() - 1.0).abs() < 1e-3);
        assert_eq!(whole.tokens, parts.tokens);
    }
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let run = |threads| {
        let output = tempfile::tempdir().unwrap();
        let mut config = config(Method::Sft);
        config.threads = threads;
        adapter_bytes(&Run::new(&config, output.path()).go().0.unwrap())
    };
    assert!(run(1) == run(3));
}

#[test]
fn patience_stops_a_run_and_the_best_is_handed_over() {
    let output = tempfile::tempdir().unwrap();
    let mut config = config(Method::Sft);
    config.batch.epochs = 30.0;
    config.evaluation.patience = 2;
    config.checkpoint.keep = 1;
    let (outcome, events) = Run::new(&config, output.path()).go();
    let outcome = outcome.unwrap();
    assert_eq!(outcome.reason, StopReason::EarlyStopped);
    // Learning random rows by heart makes other random rows worse from some step on.
    let losses = validation_losses(&events);
    let by_epoch = 3;
    let best = (1..losses.len())
        .min_by(|a, b| losses[*a].total_cmp(&losses[*b]))
        .unwrap();
    assert_eq!(outcome.adapter_step, best * by_epoch);
    assert_eq!(outcome.step, (best + 2) * by_epoch);
    let finished = events.last().unwrap();
    assert!(
        matches!(finished, RunEvent::Finished { adapter_step, .. } if *adapter_step == best * by_epoch)
    );
    let kept = std::fs::read_dir(output.path().join("checkpoints"))
        .unwrap()
        .count();
    assert_eq!(kept, 2, "the last and the best");
}

#[test]
fn the_loss_of_general_rows_is_that_of_imitating_them() {
    for method in [Method::Sft, Method::Dpo, Method::Grpo] {
        let output = tempfile::tempdir().unwrap();
        let config = config(method);
        let (outcome, events) = Run::new(&config, output.path()).go();
        outcome.unwrap();
        let evaluations = events.iter().filter_map(|event| match event {
            RunEvent::Evaluation(metrics) => Some(metrics),
            _ => None,
        });
        let evaluations: Vec<_> = evaluations.collect();
        let losses = evaluations.iter().map(|one| one.general_loss.unwrap());
        let losses: Vec<f64> = losses.collect();
        assert!(losses.len() > 2 && (losses[0] - losses[2]).abs() > 1e-3);
        // They are the validation rows.
        if method == Method::Sft {
            for (general, one) in losses.iter().zip(&evaluations) {
                assert!((general - one.validation_loss.unwrap()).abs() < 1e-6);
            }
        }
    }
}

/// Answers that get better at the second evaluation only.
#[derive(Default)]
struct Staged {
    evaluations: AtomicUsize,
}

impl Answerer for Staged {
    fn answer(
        &self,
        _: Option<&Adapter>,
        rows: usize,
        _: usize,
        _: &Interrupter,
    ) -> Result<Vec<Answer>> {
        let good = self.evaluations.fetch_add(1, Ordering::Relaxed) == 2;
        let output = if good { "good" } else { "bad" }.to_owned();
        let answer = |row| Answer {
            row,
            prompt: "question".into(),
            output: output.clone(),
            expected: "good".into(),
            reward: None,
        };
        Ok((0..rows).map(answer).collect())
    }
}

impl Scorer for Staged {
    fn score(&self, answer: &Answer) -> Vec<CheckResult> {
        let verdict = |name: &str, passed| CheckResult {
            name: name.into(),
            passed,
            score: None,
            detail: String::new(),
        };
        vec![
            verdict("exact", answer.output == answer.expected),
            verdict("length", true),
        ]
    }

    fn share(&self, _: &[CheckResult]) -> Option<f64> {
        None
    }
}

#[test]
fn checks_on_answers_can_decide_which_step_is_best() {
    let output = tempfile::tempdir().unwrap();
    let mut config = config(Method::Sft);
    config.evaluation.generate_rows = Some(3);
    config.evaluation.by_task_metric = true;
    let staged = Staged::default();
    let mut run = Run::new(&config, output.path());
    run.task = Some(TaskEvaluation {
        answerer: &staged,
        scorer: &staged,
    });
    let (outcome, events) = run.go();
    assert_eq!(outcome.unwrap().adapter_step, 6, "the second epoch");
    let evaluations: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            RunEvent::Evaluation(metrics) => Some(metrics),
            _ => None,
        })
        .collect();
    assert_eq!(evaluations.len(), 4, "before training and after each epoch");
    assert_eq!(evaluations[2].checks["exact"].passed, 3);
    assert_eq!(evaluations[1].checks["exact"].passed, 0);
    assert_eq!(evaluations[1].checks["length"].passed, 3);
    assert!(evaluations[2].best && !evaluations[3].best);
    assert_eq!(evaluations[2].samples[0].expected, "good");
}

#[test]
fn packed_rows_give_the_loss_and_gradient_of_rows_alone() {
    let first_step = |train: Examples| {
        let output = tempfile::tempdir().unwrap();
        let mut config = config(Method::Sft);
        config.batch.size = 5;
        config.batch.max_steps = Some(1);
        let mut run = Run::new(&config, output.path());
        run.train = train;
        steps(&run.go().1).remove(0)
    };
    let packed = Examples::packed(rows(1), 32);
    assert_eq!(packed.len(), 2);
    let (alone, packed) = (first_step(Examples::Rows(rows(1))), first_step(packed));
    assert_eq!(alone.tokens, packed.tokens);
    for (alone, packed) in [
        (alone.loss, packed.loss),
        (alone.grad_norm, packed.grad_norm),
    ] {
        let error = packed.unwrap() / alone.unwrap() - 1.0;
        assert!(error.abs() < 1e-6, "{error}");
    }
}

#[test]
fn general_rows_are_mixed_in_by_share() {
    let run = |share| {
        let output = tempfile::tempdir().unwrap();
        let mut config = config(Method::Sft);
        config.data.general_share = share;
        let mut run = Run::new(&config, output.path());
        run.train = Examples::Rows(rows(1));
        let (outcome, events) = run.go();
        (
            outcome.unwrap().step,
            steps(&events).iter().map(|step| step.tokens).sum::<usize>(),
        )
    };
    // Five rows of 60 tokens in all, three epochs; at a half, as many general ones again.
    assert_eq!(run(0.0), (9, 180));
    assert_eq!(run(0.5), (15, 360));
}
