//! Answers to the prompts of rows, for evaluations while training.

use std::time::Duration;

use shared::dataset::RowContent;
use shared::message::{Message, Speaker};

use super::{GenerateRequest, Generator, ModelDecoder, Sampling};
use crate::adapter::Adapter;
use crate::data::{Encoder, Row};
use crate::engine::Model;
use crate::error::Result;
use crate::model::TextTokenizer;
use crate::run::{Answer, Answerer, Interrupter};

/// Answers the prompts of rows greedily, as they would be asked when the model serves.
#[derive(Debug)]
pub struct RowAnswerer<'a> {
    /// The base model.
    pub model: &'a Model,
    /// Its tokenizer.
    pub tokenizer: &'a TextTokenizer,
    /// Renders prompts, with the system prompt of the run.
    pub encoder: Encoder<'a>,
    /// The rows; of a conversation the last turn is asked, of a pair the better answer expected. Rows
    /// with an unwanted answer are passed over, for they say nothing of what to expect.
    pub rows: &'a [Row],
    /// How many are answered at once.
    pub batch_size: usize,
}

impl Answerer for RowAnswerer<'_> {
    fn answer(
        &self,
        adapter: &Adapter,
        rows: usize,
        max_new_tokens: usize,
        interrupter: &Interrupter,
    ) -> Result<Vec<Answer>> {
        let asked: Vec<_> = self
            .rows
            .iter()
            .enumerate()
            .filter_map(|(index, row)| Some((index, row, question(&row.content)?)))
            .take(rows)
            .collect();
        let requests = asked
            .iter()
            .map(|(_, row, (prompt, _))| {
                Ok(GenerateRequest {
                    prompt: self.encoder.prompt(prompt, row.tools.as_ref())?,
                    sampling: Sampling::default(),
                    max_new_tokens,
                    stop: Vec::new(),
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let mut generator = Generator {
            decoder: &mut ModelDecoder::new(self.model, Some(adapter)),
            tokenizer: self.tokenizer,
            config: &self.model.config,
            batch_size: self.batch_size,
            clock: &|| Duration::ZERO,
        };
        let generated = generator.generate(&requests, &mut |_, _| {}, interrupter)?;
        let answers = asked.into_iter().zip(generated);
        Ok(answers
            .map(|((row, _, (prompt, expected)), generated)| Answer {
                row,
                prompt: last_of_user(prompt),
                output: generated.text,
                expected,
            })
            .collect())
    }
}

/// What a row asks and what it expects, if it asks anything.
fn question(content: &RowContent) -> Option<(&[Message], String)> {
    match content {
        RowContent::Completion { prompt, completion }
        | RowContent::Preference {
            prompt,
            chosen: completion,
            ..
        }
        | RowContent::Unpaired {
            prompt,
            completion,
            desirable: true,
        } => Some((prompt, completion.first()?.content.clone())),
        RowContent::Conversation { messages } => {
            let is_answer = |message: &Message| message.role == Speaker::Assistant;
            let last = messages.iter().rposition(is_answer)?;
            Some((&messages[..last], messages[last].content.clone()))
        }
        _ => None,
    }
}

fn last_of_user(prompt: &[Message]) -> String {
    let mut turns = prompt.iter().rev();
    turns
        .find(|message| message.role == Speaker::User)
        .map(|message| message.content.clone())
        .unwrap_or_default()
}
