//! One session of the trainer with the checks of its configuration: the same for the job of a run
//! and for `temper train`.
//!
//! What must not go in: the database, and where events go.

use checks::{Checker, Subject};
use serde_json::Value;
use shared::{check::CheckResult, training::RunEvent};
use trainer::{
    data::Encoder,
    generate::RowAnswerer,
    run::{Answer, Interrupter, Outcome, Scorer, TaskEvaluation},
    session::{Session, Target},
};

/// Trains to the end, or until it is interrupted. At evaluation points validation rows are answered
/// and checked, if the configuration asks for it.
pub fn train(
    session: &Session,
    target: Target<'_>,
    sink: &mut (dyn FnMut(RunEvent) + Send),
    interrupter: &Interrupter,
) -> anyhow::Result<Outcome> {
    let config = session.config();
    let prompt = config.data.system_prompt.as_deref();
    let answerer = RowAnswerer {
        model: session.model(),
        tokenizer: &session.loaded().tokenizer,
        encoder: Encoder::new(session.loaded(), prompt, config.data.max_length),
        rows: session.validation_rows(),
        batch_size: config.batch.size,
    };
    let checks = &config.evaluation.checks;
    let scorer = CheckScorer(Checker::new(checks)?);
    let generates = config.evaluation.generate_rows > 0
        && !checks.is_empty()
        && !session.validation_rows().is_empty();
    let task = generates.then_some(TaskEvaluation {
        answerer: &answerer,
        scorer: &scorer,
    });
    Ok(session.train(target, task, sink, interrupter)?)
}

/// Runs the checks of the configuration on generated answers.
struct CheckScorer(Checker);

impl Scorer for CheckScorer {
    fn score(&self, answer: &Answer) -> Vec<CheckResult> {
        let expected = Value::String(answer.expected.clone());
        self.0.run(&Subject {
            input: &answer.prompt,
            output: &answer.output,
            expected: Some(&expected),
            tokens: None,
        })
    }
}
