//! Learning from rewards of answers that are drawn.

use shared::training::{GrpoConfig, Method, StepMetrics};

use super::{Run, config, steps};
use crate::adapter::Adapter;
use crate::engine::Model;
use crate::error::Result;
use crate::generate::{Sampler, Sampling};
use crate::run::{Draw, Drawer, Drawn, Interrupter};

/// Draws answers of up to so many tokens; the reward is the share of them whose number is even.
pub(super) struct EvenTokens<'a> {
    pub(super) model: &'a Model,
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

#[test]
fn rewarded_answers_become_likelier() {
    let output = tempfile::tempdir().unwrap();
    let mut config = config(Method::Grpo);
    config.batch.epochs = 60.0;
    config.grpo.max_new_tokens = 5;
    config.grpo.kl_weight = 0.01;
    config.optimizer.learning_rate = Some(0.03);
    let (outcome, events) = Run::new(&config, output.path()).go();
    outcome.unwrap();
    let steps = steps(&events);
    let reward = |part: &[StepMetrics]| {
        let rewards = part.iter().map(|step| step.drawn.unwrap().reward.unwrap());
        rewards.sum::<f64>() / part.len() as f64
    };
    let (first, last) = (reward(&steps[..9]), reward(&steps[steps.len() - 9..]));
    assert!(first < 0.6 && last > first + 0.15, "{first} to {last}");
    let kl = |step: &StepMetrics| step.preference.unwrap().kl.unwrap();
    assert!(kl(&steps[0]).abs() < 1e-6 && kl(&steps[steps.len() - 1]) > 0.1);
    let drawn = steps[0].drawn.unwrap();
    assert_eq!(
        (drawn.mean_length, drawn.clipped_ratio),
        (Some(5.0), Some(1.0))
    );
    assert!(drawn.entropy.unwrap() > 0.5);
}

#[test]
fn several_steps_learn_from_the_same_answers() {
    let output = tempfile::tempdir().unwrap();
    let mut config = config(Method::Grpo);
    config.batch.epochs = 4.0;
    config.grpo.max_new_tokens = 5;
    config.grpo.iterations = 3;
    config.grpo.epsilon = 0.05;
    config.optimizer.learning_rate = Some(0.03);
    let (outcome, events) = Run::new(&config, output.path()).go();
    // Three batches of two prompts, four times, each for three steps.
    assert_eq!(outcome.unwrap().step, 36);
    let steps = steps(&events);
    for (done, step) in steps.iter().enumerate() {
        let drawn = step.drawn.unwrap();
        let draws = done % 3 == 0;
        assert_eq!(drawn.reward.is_some(), draws, "{done}");
        assert_eq!(drawn.mean_length.is_some(), draws, "{done}");
        let clipped = drawn.clipped_tokens.unwrap();
        assert_eq!(clipped > 0.0, !draws, "{done}: {clipped}");
        let sides = drawn.clipped_low.unwrap() + drawn.clipped_high.unwrap();
        assert!((sides - clipped).abs() < 1e-12);
    }
    assert!((steps[8].epoch - 1.0).abs() < 1e-12);
}

#[test]
fn settings_that_reward_nothing_are_refused() {
    let refused = |change: fn(&mut GrpoConfig)| {
        let output = tempfile::tempdir().unwrap();
        let mut config = config(Method::Grpo);
        change(&mut config.grpo);
        let (outcome, _) = Run::new(&config, output.path()).go();
        outcome.unwrap_err().to_string()
    };
    assert!(refused(|grpo| grpo.answers = 1).contains("grpo.answers"));
    assert!(refused(|grpo| grpo.temperature = 0.0).contains("grpo.temperature"));
    assert!(refused(|grpo| grpo.kl_weight = f64::NAN).contains("grpo.kl_weight"));
    assert!(refused(|grpo| grpo.iterations = 0).contains("grpo.iterations: must be from 1"));
    assert!(refused(|grpo| grpo.iterations = 65).contains("grpo.iterations"));
    assert!(refused(|grpo| grpo.epsilon = 1.0).contains("grpo.epsilon: must be above 0"));
    assert!(refused(|grpo| grpo.epsilon_high = Some(f64::NAN)).contains("grpo.epsilon_high"));
}
