//! Which inputs of the adapter a step zeroes at random.

use shared::training::{Lesson, TrainingConfig};

use crate::ops::DropoutKey;

/// The dropout of the step after `done` steps; each micro-batch has a number of its own. Steps that learn
/// from the same answers zero the same, so that a ratio of probabilities tells what was learned, and not
/// what was zeroed.
pub(super) fn dropout(config: &TrainingConfig, done: usize) -> Option<DropoutKey> {
    let share = config.adapter.adapter().map_or(0.0, |one| one.dropout) as f32;
    // A step that draws learns from so many batches of answers.
    let answers = match config.method.lesson() {
        Lesson::Prompts => config.grpo.answers,
        _ => 1,
    };
    let batch = done / config.iterations();
    let stream = (batch * config.batch.accumulation.max(1) * answers) as u64;
    (share > 0.0).then_some(DropoutKey {
        seed: config.seed,
        stream,
        share,
    })
}

#[cfg(test)]
mod tests {
    use shared::training::Method;

    use super::*;

    #[test]
    fn steps_on_the_same_answers_zero_the_same() {
        let mut config = TrainingConfig {
            method: Method::Grpo,
            ..TrainingConfig::default()
        };
        config.batch.accumulation = 2;
        config.grpo.answers = 3;
        config.grpo.iterations = 2;
        assert!(dropout(&config, 0).is_none());
        config.adapter.adapter_mut().unwrap().dropout = 0.1;
        let streams = (0..6).map(|done| dropout(&config, done).unwrap().stream);
        assert_eq!(streams.collect::<Vec<_>>(), [0, 0, 6, 6, 12, 12]);
        config.method = Method::Sft;
        assert_eq!(dropout(&config, 3).unwrap().stream, 6);
    }
}
