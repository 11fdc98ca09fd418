//! Batches of requests, and the loop that makes them grow.

use std::fmt;
use std::time::Duration;

use super::answer::Answer;
use super::decoder::{Decoder, Prompt};
use super::request::{FinishReason, GenerateRequest, Generated};
use crate::error::Result;
use crate::model::{ModelConfig, TextTokenizer};
use crate::run::Interrupter;

/// Generates answers with one model.
pub struct Generator<'a> {
    /// Computes logits.
    pub decoder: &'a mut dyn Decoder,
    /// Turns tokens into text.
    pub tokenizer: &'a TextTokenizer,
    /// Gives the stop tokens and the longest context.
    pub config: &'a ModelConfig,
    /// How many requests are answered at once. Memory grows with it.
    pub batch_size: usize,
    /// Time since any fixed moment, for latencies.
    pub clock: &'a dyn Fn() -> Duration,
}

impl fmt::Debug for Generator<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Generator")
            .field("batch_size", &self.batch_size)
            .finish_non_exhaustive()
    }
}

impl Generator<'_> {
    /// Answers all requests, and tells `on_text` the index of a request and a piece of its text
    /// whenever one is certain. Requests of similar length are answered together, those of one
    /// adapter side by side; the result is in the order of the requests.
    ///
    /// A prompt that is empty or fills the context gets an empty answer that ended by length. When
    /// interrupted, every answer is what it was until then.
    pub fn generate(
        &mut self,
        requests: &[GenerateRequest],
        on_text: &mut dyn FnMut(usize, &str),
        interrupter: &Interrupter,
    ) -> Result<Vec<Generated>> {
        let mut results: Vec<Generated> = requests.iter().map(|_| unanswered()).collect();
        let mut order: Vec<usize> = (0..requests.len())
            .filter(|&index| self.room(&requests[index]) > 0)
            .collect();
        order.sort_by_key(|&index| requests[index].prompt.len());
        for indices in order.chunks_mut(self.batch_size.max(1)) {
            indices.sort_by_key(|&index| requests[index].adapter);
            let answers = self.batch(requests, indices, on_text, interrupter)?;
            for (&index, answer) in indices.iter().zip(answers) {
                results[index] = answer;
            }
        }
        Ok(results)
    }

    /// How many tokens an answer to a request can have.
    fn room(&self, request: &GenerateRequest) -> usize {
        let context = self.config.context();
        let left = context.saturating_sub(request.prompt.len());
        let empty = request.prompt.is_empty();
        left.min(request.max_new_tokens) * usize::from(!empty)
    }

    fn batch(
        &mut self,
        requests: &[GenerateRequest],
        indices: &[usize],
        on_text: &mut dyn FnMut(usize, &str),
        interrupter: &Interrupter,
    ) -> Result<Vec<Generated>> {
        let start = (self.clock)();
        let mut batch: Vec<Running<'_>> = indices
            .iter()
            .map(|&index| Running {
                index,
                room: self.room(&requests[index]),
                answer: Answer::new(&requests[index], &self.config.eos_token_ids, self.tokenizer),
                latency: Duration::ZERO,
            })
            .collect();
        if interrupter.reason().is_none() {
            self.grow(requests, &mut batch, on_text, (start, interrupter))?;
        }
        batch
            .into_iter()
            .map(|mut running| {
                if running.answer.finish.is_none() {
                    running.answer.end(FinishReason::Interrupted)?;
                    running.latency = (self.clock)().saturating_sub(start);
                    on_text(running.index, running.answer.news());
                }
                Ok(running.result())
            })
            .collect()
    }

    /// Adds tokens until every answer ended or somebody interrupts.
    fn grow(
        &mut self,
        requests: &[GenerateRequest],
        batch: &mut [Running<'_>],
        on_text: &mut dyn FnMut(usize, &str),
        (start, interrupter): (Duration, &Interrupter),
    ) -> Result<()> {
        let capacity = |running: &Running<'_>| requests[running.index].prompt.len() + running.room;
        let capacity = batch.iter().map(capacity).max().unwrap_or(0);
        let prompts = batch.iter().map(|running| {
            let request = &requests[running.index];
            Prompt {
                tokens: &request.prompt,
                adapter: request.adapter,
            }
        });
        let prompts: Vec<Prompt<'_>> = prompts.collect();
        let mut logits = self.decoder.prefill(&prompts, capacity)?;
        let mut alive: Vec<usize> = (0..batch.len()).collect();
        loop {
            let width = logits.len() / alive.len().max(1);
            let mut next = Vec::with_capacity(alive.len());
            for (&slot, logits) in alive.iter().zip(logits.chunks_exact(width.max(1))) {
                let running = &mut batch[slot];
                if let Some(token) = running.answer.advance(logits, running.room)? {
                    next.push((slot, token));
                } else {
                    running.latency = (self.clock)().saturating_sub(start);
                }
                let news = running.answer.news();
                if !news.is_empty() {
                    on_text(running.index, news);
                }
            }
            if next.is_empty() || interrupter.reason().is_some() {
                return Ok(());
            }
            logits = self.decoder.step(&next)?;
            alive = next.into_iter().map(|(slot, _)| slot).collect();
        }
    }
}

/// A request in a batch.
struct Running<'a> {
    index: usize,
    room: usize,
    answer: Answer<'a>,
    latency: Duration,
}

impl Running<'_> {
    fn result(self) -> Generated {
        Generated {
            text: self.answer.text,
            tokens: self.answer.tokens,
            finish: self.answer.finish.unwrap_or(FinishReason::Length),
            latency: self.latency,
        }
    }
}

fn unanswered() -> Generated {
    Generated {
        text: String::new(),
        tokens: Vec::new(),
        finish: FinishReason::Length,
        latency: Duration::ZERO,
    }
}
