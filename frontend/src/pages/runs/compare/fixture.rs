//! Runs to compare in tests.

use serde_json::json;
use shared::{
    run::{Preflight, Run},
    training::{EvaluationMetrics, StepMetrics, TrainingConfig},
};

use super::{super::story::Story, read::Told};

pub(super) const ID: &str = "0193b3c2-7d1e-7a52-9c63-5a1f6b0c9d11";
pub(super) const OTHER_ID: &str = "0193b3c2-7d1e-7a52-9c63-5a1f6b0c9d12";

/// A run with the configuration as `change` leaves it, without a story.
pub(super) fn told_with(number: i64, change: impl Fn(&mut TrainingConfig)) -> Told {
    let mut config = TrainingConfig::default();
    change(&mut config);
    let request = json!({
        "name": "run", "base_id": ID, "dataset_version_id": ID, "config": config,
    });
    let at = "2026-03-14T09:05:00Z";
    let run = json!({
        "id": ID, "number": number, "name": format!("run {number}"), "method": config.method,
        "job_id": ID, "state": "succeeded", "progress": 1.0, "message": "", "base_id": ID,
        "dataset_version_id": ID, "step": 10, "total_steps": 10, "loss": null,
        "validation_loss": null, "best_validation_loss": null, "model_version_id": null,
        "created_by": null, "created_at": at, "started_at": at, "finished_at": at,
        "request": request,
        "attempt": 1, "dataset_name": "rows 1", "dataset_id": ID, "dataset_hash": "abc",
        "base_name": "base 1", "base_hash": "def", "preflight": Preflight::default(),
    });
    Told {
        run: serde_json::from_value::<Run>(run).unwrap(),
        story: Story::default(),
    }
}

/// A run with the default configuration, with steps and validation losses after some of them.
pub(super) fn told(number: i64, losses: &[(usize, f64)]) -> Told {
    let mut told = told_with(number, |_| {});
    for (step, loss) in losses {
        told.story.steps.push(StepMetrics {
            step: *step,
            loss: Some(2.0 * loss),
            tokens: 100,
            tokens_per_second: 50.0,
            ..StepMetrics::default()
        });
        told.story.evaluations.push(EvaluationMetrics {
            step: *step,
            validation_loss: Some(*loss),
            ..EvaluationMetrics::default()
        });
    }
    told
}
