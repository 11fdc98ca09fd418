//! One session of the trainer with the checks and rewards of its configuration: the same for the job
//! of a run and for `temper train`.
//!
//! What must not go in: the database, and where events go.

use checks::{Checker, Subject, weighted_score};
use serde_json::Value;
use shared::{
    check::{Check, CheckResult},
    training::{Method, RunEvent},
};
use trainer::{
    data::Encoder,
    generate::{Judge, Rewards, RowAnswerer},
    run::{Answer, Drawer, Interrupter, Outcome, Scorer, TaskEvaluation},
    session::{Session, Target},
};

/// Trains to the end, or until it is interrupted. At evaluation points validation rows are answered
/// and checked, if the configuration asks for it; a run that learns from rewards draws answers to its
/// own rows, too.
pub fn train(
    session: &Session,
    target: Target<'_>,
    sink: &mut (dyn FnMut(RunEvent) + Send),
    interrupter: &Interrupter,
) -> anyhow::Result<Outcome> {
    let config = session.config();
    let prompt = config.data.system_prompt.as_deref();
    let encoder = Encoder::new(session.loaded(), prompt, config.data.max_length);
    let checks = &config.evaluation.checks;
    let scorer = CheckScorer {
        checker: Checker::new(checks)?,
        checks,
    };
    let judge = session.reward_model().map(|adapter| Judge {
        model: session.model(),
        adapter,
        encoder,
        batch_size: config.batch.size,
    });
    let checks_count = !checks.is_empty() && config.grpo.checks_weight > 0.0;
    let rewards = Rewards {
        judge: judge.as_ref(),
        scorer: checks_count.then_some(&scorer),
        settings: &config.grpo,
    };
    let is_rewarded = config.method == Method::Grpo && (judge.is_some() || checks_count);
    let rewards = is_rewarded.then_some(rewards);
    let answerer = |rows, batch_size| RowAnswerer {
        model: session.model(),
        tokenizer: &session.loaded().tokenizer,
        encoder,
        rows,
        batch_size,
        rewards,
    };
    let measured = answerer(session.validation_rows(), config.batch.size);
    let generates = config.generate_rows() > 0
        && (!checks.is_empty() || is_rewarded)
        && !session.validation_rows().is_empty();
    let task = generates.then_some(TaskEvaluation {
        answerer: &measured,
        scorer: &scorer,
    });
    let drawn = answerer(session.train_rows(), session.drawn_at_once());
    let drawer = is_rewarded.then_some(&drawn as &dyn Drawer);
    Ok(session.train(target, task, drawer, sink, interrupter)?)
}

/// Runs the checks of the configuration on generated answers.
struct CheckScorer<'a> {
    checker: Checker,
    checks: &'a [Check],
}

impl Scorer for CheckScorer<'_> {
    fn score(&self, answer: &Answer) -> Vec<CheckResult> {
        let expected = Value::String(answer.expected.clone());
        self.checker.run(&Subject {
            input: &answer.prompt,
            output: &answer.output,
            expected: Some(&expected),
            tokens: None,
        })
    }

    fn share(&self, results: &[CheckResult]) -> Option<f64> {
        weighted_score(self.checks, results)
    }
}
