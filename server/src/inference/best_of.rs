//! Several answers to each question, and the one of them that a reward model scores highest.

use std::{sync::Arc, time::Instant};

use shared::message::Message;
use trainer::{
    adapter::Adapter,
    data::Encoder,
    error::Result as ComputeResult,
    generate::{Decoder, Judge, ModelDecoder, Prompt, best_of},
    run::Interrupter,
};

use super::{
    InferenceError,
    bases::{Base, ModelFiles},
    model::{Answer, Asking, ModelInUse, Question},
};

/// Answers that are scored at the same time at most.
const SCORED_AT_ONCE: usize = 8;

/// So many answers, and where the files of the reward model that chooses among them are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BestOfFiles {
    /// How many are drawn to each question.
    pub answers: usize,
    /// The reward model's files.
    pub reward_model: ModelFiles,
    /// The system message that the reward model was trained with; absent for none.
    pub system: Option<String>,
}

/// A reward model in memory, and how many answers it chooses from.
#[derive(Clone, Debug)]
pub struct BestOfInUse {
    pub(super) answers: usize,
    pub(super) base: Arc<Base>,
    pub(super) adapter: Arc<Adapter>,
    pub(super) system: Option<String>,
}

/// An answer with its score.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The answer.
    pub answer: Answer,
    /// Its score; absent where nobody scored it or the reward model cannot read it whole.
    pub score: Option<f64>,
}

/// Every answer to one question.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The one with the highest score.
    pub best: Candidate,
    /// The others, the best first.
    pub others: Vec<Candidate>,
}

/// How far the answers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// How many have ended.
    pub ended: usize,
    /// How many are drawn.
    pub answers: usize,
    /// Tokens that those under way have.
    pub tokens: usize,
}

/// A model version as it is asked: once for each question, or for the best of several answers.
#[derive(Clone, Debug)]
pub struct Respondent {
    /// Writes the answers.
    pub model: ModelInUse,
    /// Chooses among several, if there are several.
    pub best_of: Option<BestOfInUse>,
}

impl Respondent {
    /// Questions that are worth asking at once, of so many at most.
    #[must_use]
    pub fn at_once(&self, most: usize) -> usize {
        let answers = self.best_of.as_ref().map_or(1, |best_of| best_of.answers);
        (super::model::MAX_BATCH / answers).clamp(1, most)
    }

    /// The answer that is given to each question, in their order. Blocks.
    ///
    /// # Errors
    /// [`InferenceError::Interrupted`] if the interrupter was used before the last answer's end.
    pub fn answer(
        &self,
        asking: &Asking<'_>,
        interrupter: &Interrupter,
    ) -> Result<Vec<Candidate>, InferenceError> {
        let Some(best_of) = &self.best_of else {
            let answers = self.model.answer(asking, &mut |_, _| {}, interrupter)?;
            let candidate = |answer| Candidate {
                answer,
                score: None,
            };
            return Ok(answers.into_iter().map(candidate).collect());
        };
        let choices = self
            .model
            .choose(asking, best_of, &mut |_| {}, interrupter)?;
        Ok(choices.into_iter().map(|choice| choice.best).collect())
    }
}

impl ModelInUse {
    /// Draws several answers to every question and chooses among them, in the order of the questions;
    /// tells how far they are. The first answer to a question is the one that it gets when it is asked
    /// once. Blocks.
    ///
    /// # Errors
    /// [`InferenceError::Interrupted`] if the interrupter was used before the last score.
    pub fn choose(
        &self,
        asking: &Asking<'_>,
        best_of: &BestOfInUse,
        on_progress: &mut dyn FnMut(Drawing),
        interrupter: &Interrupter,
    ) -> Result<Vec<Choice>, InferenceError> {
        let questions = asking.questions.iter();
        let drawn: Vec<Question> = questions
            .flat_map(|question| (0..best_of.answers as u64).map(|draw| question.draw(draw)))
            .collect();
        let several = Asking {
            questions: &drawn,
            ..*asking
        };
        let mut decoder = Watched {
            decoder: self.decoder(),
            drawing: Drawing {
                ended: 0,
                answers: drawn.len(),
                tokens: 0,
            },
            alive: 0,
            on_progress,
        };
        let mut answers = self.answer_with(&several, &mut decoder, &mut |_, _| {}, interrupter)?;
        decoder.end();
        let start = Instant::now();
        let scores = best_of.scores(&drawn, &answers, interrupter)?;
        let scoring = start.elapsed().as_secs_f64() * 1e3;
        // Nobody has the answer before the last of them is written and scored.
        for group in answers.chunks_mut(best_of.answers.max(1)) {
            let slowest = group.iter().map(|answer| answer.latency_ms);
            let slowest = slowest.fold(0.0, f64::max);
            for answer in group {
                answer.latency_ms = slowest + scoring;
            }
        }
        Ok(choices(answers, &scores, best_of.answers))
    }
}

impl BestOfInUse {
    /// What the reward model gives each answer.
    fn scores(
        &self,
        questions: &[Question],
        answers: &[Answer],
        interrupter: &Interrupter,
    ) -> Result<Vec<Option<f64>>, InferenceError> {
        let judge = Judge {
            model: &self.base.model,
            adapter: &self.adapter,
            encoder: Encoder::new(&self.base.loaded, self.system.as_deref(), usize::MAX),
            batch_size: SCORED_AT_ONCE,
        };
        let whole = questions.iter().zip(answers).map(|(question, answer)| {
            let answer = Message::assistant(&answer.text);
            question.messages.iter().cloned().chain([answer]).collect()
        });
        let scores = judge.scores(&whole.collect::<Vec<_>>(), interrupter)?;
        self.base.model.pool().sweep();
        match interrupter.reason() {
            Some(_) => Err(InferenceError::Interrupted),
            None => Ok(scores),
        }
    }
}

/// The best of each group of answers, and the rest of it.
fn choices(answers: Vec<Answer>, scores: &[Option<f64>], group: usize) -> Vec<Choice> {
    let best = best_of(scores, group);
    let candidates = answers.into_iter().zip(scores);
    let mut candidates = candidates.map(|(answer, score)| Candidate {
        answer,
        score: *score,
    });
    let choices = best.iter().enumerate().filter_map(|(number, best)| {
        let mut of_question: Vec<Candidate> = candidates.by_ref().take(group).collect();
        let place = best.checked_sub(number * group)?;
        let best = (place < of_question.len()).then(|| of_question.remove(place))?;
        let value = |one: &Candidate| one.score.unwrap_or(f64::NEG_INFINITY);
        of_question.sort_by(|one, other| value(other).total_cmp(&value(one)));
        Some(Choice {
            best,
            others: of_question,
        })
    });
    choices.collect()
}

/// Tells how far the sequences of a decoder are.
struct Watched<'a> {
    decoder: ModelDecoder<'a>,
    drawing: Drawing,
    /// Sequences of the batch under way that have not ended.
    alive: usize,
    on_progress: &'a mut dyn FnMut(Drawing),
}

impl Watched<'_> {
    /// Whatever was under way has ended.
    fn end(&mut self) {
        self.drawing.ended = self.drawing.answers;
        (self.on_progress)(self.drawing);
    }
}

impl Decoder for Watched<'_> {
    fn prefill(&mut self, prompts: &[Prompt<'_>], capacity: usize) -> ComputeResult<Vec<f32>> {
        self.drawing.ended += std::mem::replace(&mut self.alive, prompts.len());
        self.drawing.tokens = 0;
        (self.on_progress)(self.drawing);
        self.decoder.prefill(prompts, capacity)
    }

    fn step(&mut self, next: &[(usize, u32)]) -> ComputeResult<Vec<f32>> {
        self.drawing.ended += self.alive.saturating_sub(next.len());
        self.alive = next.len();
        self.drawing.tokens += 1;
        (self.on_progress)(self.drawing);
        self.decoder.step(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Answer {
        Answer {
            text: text.to_owned(),
            prompt_tokens: 1,
            output_tokens: 1,
            text_tokens: 1,
            latency_ms: 1.0,
            cut_off: false,
        }
    }

    #[test]
    fn the_best_of_each_question_comes_first_and_the_unscored_last() {
        let answers = ["a", "b", "c", "d", "e", "f"].map(answer).to_vec();
        let scores = [
            Some(1.0),
            None,
            Some(2.0),
            Some(-1.0),
            Some(-3.0),
            Some(-2.0),
        ];
        let chosen = choices(answers, &scores, 3);
        let told: Vec<Vec<&str>> = chosen
            .iter()
            .map(|choice| {
                let all = std::iter::once(&choice.best).chain(&choice.others);
                all.map(|one| one.answer.text.as_str()).collect()
            })
            .collect();
        assert_eq!(told, [["c", "a", "b"], ["d", "f", "e"]]);
        assert_eq!(chosen[1].best.score, Some(-1.0));
    }
}
