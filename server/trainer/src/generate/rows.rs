//! Answers to the prompts of rows: greedy ones for evaluations while training, and drawn ones to learn
//! from.

use std::time::Duration;

use shared::training::GrpoConfig;

use super::rewards::Rewards;
use super::{FinishReason, GenerateRequest, Generated, Generator, ModelDecoder, Sampling};
use crate::adapter::Adapter;
use crate::data::{Encoder, Question, Row};
use crate::engine::Model;
use crate::error::Result;
use crate::model::TextTokenizer;
use crate::run::{Answer, Answerer, Draw, Drawer, Drawn, Interrupter};

/// Answers the prompts of rows as they would be asked when the model serves.
#[derive(Debug)]
pub struct RowAnswerer<'a> {
    /// The base model.
    pub model: &'a Model,
    /// Its tokenizer.
    pub tokenizer: &'a TextTokenizer,
    /// Renders prompts, with the system prompt of the run.
    pub encoder: Encoder<'a>,
    /// The rows.
    pub rows: &'a [Row],
    /// How many are answered at once.
    pub batch_size: usize,
    /// What answers are worth, where they are rewarded.
    pub rewards: Option<Rewards<'a>>,
}

impl RowAnswerer<'_> {
    fn generate(
        &self,
        adapter: Option<&Adapter>,
        requests: &[GenerateRequest],
        interrupter: &Interrupter,
    ) -> Result<Vec<Generated>> {
        let mut generator = Generator {
            decoder: &mut ModelDecoder::new(self.model, adapter),
            tokenizer: self.tokenizer,
            config: &self.model.config,
            batch_size: self.batch_size,
            clock: &|| Duration::ZERO,
        };
        generator.generate(requests, &mut |_, _| {}, interrupter)
    }

    /// Puts in what each answer is worth.
    fn reward(&self, answers: &mut [Answer], interrupter: &Interrupter) -> Result<()> {
        if let Some(rewards) = &self.rewards {
            let found = rewards.of(self.rows, answers, interrupter)?;
            for (answer, reward) in answers.iter_mut().zip(found) {
                answer.reward = reward;
            }
        }
        Ok(())
    }
}

/// Greedily, of rows that say what to expect.
impl Answerer for RowAnswerer<'_> {
    fn answer(
        &self,
        adapter: Option<&Adapter>,
        rows: usize,
        max_new_tokens: usize,
        interrupter: &Interrupter,
    ) -> Result<Vec<Answer>> {
        let asked = self.rows.iter().enumerate().filter_map(|(index, row)| {
            let question = Question::of(&row.content)?;
            let expected = question.expected.clone()?;
            Some((index, row, question, expected))
        });
        let asked: Vec<_> = asked.take(rows).collect();
        let requests = asked
            .iter()
            .map(|(_, row, question, _)| {
                Ok(GenerateRequest {
                    prompt: self.encoder.prompt(question.prompt, row.tools.as_ref())?,
                    adapter: 0,
                    sampling: Sampling::default(),
                    max_new_tokens,
                    stop: Vec::new(),
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let generated = self.generate(adapter, &requests, interrupter)?;
        let answers = asked.into_iter().zip(generated);
        let mut answers: Vec<_> = answers
            .map(|((row, _, question, expected), generated)| Answer {
                row,
                prompt: question.last_of_user(),
                output: generated.text,
                expected,
                reward: None,
            })
            .collect();
        self.reward(&mut answers, interrupter)?;
        Ok(answers)
    }
}

/// By chance, of rows that were tokenized from these.
impl Drawer for RowAnswerer<'_> {
    fn draw(
        &self,
        adapter: Option<&Adapter>,
        draws: &[Draw<'_>],
        settings: &GrpoConfig,
        interrupter: &Interrupter,
    ) -> Result<Vec<Drawn>> {
        let requests = draws.iter().map(|draw| GenerateRequest {
            prompt: draw.prompt.prompt.tokens.clone(),
            adapter: 0,
            sampling: Sampling {
                temperature: settings.temperature,
                seed: draw.seed,
                ..Sampling::default()
            },
            max_new_tokens: settings.max_new_tokens,
            stop: Vec::new(),
        });
        let generated = self.generate(adapter, &requests.collect::<Vec<_>>(), interrupter)?;
        let mut drawn = Vec::with_capacity(draws.len());
        let mut answers = Vec::with_capacity(draws.len());
        for (draw, generated) in draws.iter().zip(generated) {
            let row = draw.prompt.source;
            let question = Question::of(&self.rows[row].content);
            answers.push(Answer {
                row,
                prompt: question.map(|one| one.last_of_user()).unwrap_or_default(),
                output: generated.text,
                expected: draw.prompt.expected.clone(),
                reward: None,
            });
            drawn.push(Drawn {
                tokens: generated.tokens,
                ended: generated.finish == FinishReason::Stop,
                reward: None,
            });
        }
        self.reward(&mut answers, interrupter)?;
        for (drawn, answer) in drawn.iter_mut().zip(answers) {
            drawn.reward = answer.reward;
        }
        Ok(drawn)
    }
}
