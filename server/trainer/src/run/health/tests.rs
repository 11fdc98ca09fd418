//! Runs that are found to have something, and runs that are not.

use shared::training::{PreferenceMetrics, TaskMetric};

use super::*;

fn code(event: Option<RunEvent>) -> Option<String> {
    event.map(|event| match event {
        RunEvent::Warning { code, .. } => code,
        other => other.kind().to_owned(),
    })
}

fn step(health: &mut Health, step: usize, norm: f64) -> Option<String> {
    let metrics = StepMetrics {
        step,
        grad_norm: Some(norm),
        ..StepMetrics::default()
    };
    code(health.step(&metrics, &TrainingConfig::default()).pop())
}

#[test]
fn an_adapter_without_gradients_is_dead_after_three_steps() {
    let mut health = Health::default();
    assert_eq!(step(&mut health, 1, 0.0), None);
    assert_eq!(step(&mut health, 2, 0.5), None);
    assert_eq!(step(&mut health, 3, 0.0), None);
    assert_eq!(step(&mut health, 4, 0.0), None);
    assert_eq!(step(&mut health, 5, 0.0).as_deref(), Some("dead_adapter"));
    assert_eq!(step(&mut health, 6, 0.0), None, "told once");
}

#[test]
fn a_norm_far_above_the_usual_is_a_spike() {
    let mut health = Health::default();
    assert_eq!(step(&mut health, 1, 30.0), None, "nothing is usual yet");
    for number in 2..20 {
        let norm = 1.0 + (number % 5) as f64;
        assert_eq!(step(&mut health, number, norm), None);
    }
    assert_eq!(step(&mut health, 20, 25.0), None);
    let told = step(&mut health, 21, 80.0);
    assert_eq!(told.as_deref(), Some("gradient_spike"));
}

#[test]
fn a_validation_loss_that_rises_twice_is_told_with_its_best_step() {
    let config = TrainingConfig::default();
    let mut health = Health::default();
    let mut told = Vec::new();
    for (step, loss) in [
        (0, 2.0),
        (10, 1.0),
        (20, 1.2),
        (30, 1.1),
        (40, 1.15),
        (50, 1.3),
    ] {
        let metrics = EvaluationMetrics {
            step,
            validation_loss: Some(loss),
            ..EvaluationMetrics::default()
        };
        told.extend(health.evaluation(&metrics, &config, false));
    }
    let [RunEvent::Warning { step, message, .. }] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(*step, 50, "the rise from 1.0 to 1.2 did not last");
    assert!(
        message.contains("step 10") && message.contains("1.000"),
        "{message}"
    );
    // As small as noise.
    let mut health = Health::default();
    for (step, loss) in [(0, 1.0), (10, 1.001), (20, 1.002)] {
        let metrics = EvaluationMetrics {
            step,
            validation_loss: Some(loss),
            ..EvaluationMetrics::default()
        };
        assert_eq!(health.evaluation(&metrics, &config, false), []);
    }
}

#[test]
fn losing_more_than_the_margin_is_told_where_there_is_a_reference() {
    let metrics = |chosen, rejected| EvaluationMetrics {
        preference: Some(PreferenceMetrics {
            rewards_chosen: Some(chosen),
            rewards_rejected: Some(rejected),
            ..PreferenceMetrics::default()
        }),
        ..EvaluationMetrics::default()
    };
    let config = TrainingConfig::default();
    let told = |chosen, rejected, by_reference| {
        let mut health = Health::default();
        let found = health.evaluation(&metrics(chosen, rejected), &config, by_reference);
        code(found.into_iter().next())
    };
    assert_eq!(told(0.3, -0.5, true), None);
    assert_eq!(told(-0.1, -0.9, true), None);
    assert_eq!(told(-1.5, -1.9, true).as_deref(), Some("both_less_likely"));
    assert_eq!(told(-1.5, -1.9, false), None);
}

#[test]
fn a_loss_on_general_rows_that_rises_by_a_tenth_is_told() {
    let mut health = Health::default();
    let mut told = |step, loss| {
        let metrics = EvaluationMetrics {
            step,
            general_loss: Some(loss),
            ..EvaluationMetrics::default()
        };
        let found = health.evaluation(&metrics, &TrainingConfig::default(), false);
        code(found.into_iter().next())
    };
    assert_eq!(told(0, 2.0), None);
    assert_eq!(told(10, 1.5), None);
    assert_eq!(told(20, 2.15), None);
    assert_eq!(told(30, 2.3).as_deref(), Some("forgetting"));
}

#[test]
fn a_reward_that_rises_while_fewer_answers_pass_is_told() {
    let told = |evaluations: &[(f64, usize)]| {
        let mut health = Health::default();
        let found = evaluations.iter().flat_map(|(reward, passed)| {
            let metrics = EvaluationMetrics {
                reward: Some(*reward),
                all_checks: Some(TaskMetric {
                    passed: *passed,
                    total: 10,
                }),
                ..EvaluationMetrics::default()
            };
            health.evaluation(&metrics, &TrainingConfig::default(), false)
        });
        code(found.last())
    };
    assert_eq!(told(&[(0.1, 5), (0.4, 6), (0.9, 5)]), None);
    assert_eq!(told(&[(0.1, 5), (0.0, 2)]), None, "both fell");
    let found = told(&[(0.1, 5), (0.4, 6), (0.9, 3)]);
    assert_eq!(found.as_deref(), Some("reward_over_optimised"));
}
