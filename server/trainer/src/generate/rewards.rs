//! What answers are worth: the score of a reward model, and the checks that they pass.

use shared::message::{Message, Speaker};
use shared::training::GrpoConfig;

use super::Judge;
use crate::data::{Question, Row};
use crate::error::Result;
use crate::run::{Answer, Interrupter, Scorer};

/// Rewards answers as the settings weigh it.
#[derive(Clone, Copy)]
pub struct Rewards<'a> {
    /// The reward model, if there is one.
    pub judge: Option<&'a Judge<'a>>,
    /// Runs the checks, if there are any.
    pub scorer: Option<&'a dyn Scorer>,
    /// The weights.
    pub settings: &'a GrpoConfig,
}

impl std::fmt::Debug for Rewards<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Rewards")
            .field("judge", &self.judge)
            .field("checks", &self.scorer.is_some())
            .finish_non_exhaustive()
    }
}

impl Rewards<'_> {
    /// What each answer to its row is worth. There is nothing of one that the reward model cannot read
    /// whole, nor of those that were left when somebody interrupted: a part of a reward would count
    /// against them.
    pub(super) fn of(
        &self,
        rows: &[Row],
        answers: &[Answer],
        interrupter: &Interrupter,
    ) -> Result<Vec<Option<f64>>> {
        let mut rewards = vec![Some(0.0); answers.len()];
        if let Some(scorer) = self.scorer {
            for (reward, answer) in rewards.iter_mut().zip(answers) {
                let share = scorer.share(&scorer.score(answer)).unwrap_or_default();
                *reward = Some(self.settings.checks_weight * share);
            }
        }
        if let Some(judge) = self.judge {
            let conversations = answers.iter().map(|answer| said(&rows[answer.row], answer));
            let scores = judge.scores(&conversations.collect::<Vec<_>>(), interrupter)?;
            for (reward, score) in rewards.iter_mut().zip(scores) {
                let parts = reward.zip(score);
                *reward = parts.map(|(sum, score)| sum + self.settings.reward_weight * score);
            }
        }
        Ok(rewards)
    }
}

/// What was asked, with the answer.
fn said(row: &Row, answer: &Answer) -> Vec<Message> {
    let asked = Question::of(&row.content).map_or(&[][..], |question| question.prompt);
    let answer = Message::new(Speaker::Assistant, &answer.output);
    asked.iter().cloned().chain([answer]).collect()
}
