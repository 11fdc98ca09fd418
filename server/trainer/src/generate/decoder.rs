//! What sampling needs of an engine.

use std::fmt;

use crate::adapter::Adapter;
use crate::engine::{KvCache, Model};
use crate::error::{Result, TrainerError};

/// The beginning of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prompt<'a> {
    /// Its tokens.
    pub tokens: &'a [u32],
    /// Which of the decoder's adapters reads and continues it.
    pub adapter: usize,
}

/// Computes logits token by token for a batch of sequences.
pub trait Decoder {
    /// Begins a batch: reads the prompts and gives the logits `[sequences * V]` that follow each,
    /// row-major. There will be at most `capacity` tokens in a sequence, prompt included. Prompts of
    /// one adapter lie together.
    fn prefill(&mut self, prompts: &[Prompt<'_>], capacity: usize) -> Result<Vec<f32>>;

    /// Appends a token to each named sequence and gives the logits `[n * V]` that follow, in the
    /// same order.
    fn step(&mut self, next: &[(usize, u32)]) -> Result<Vec<f32>>;
}

/// A model of the engine with or without adapters.
pub struct ModelDecoder<'a> {
    model: &'a Model,
    /// What the requests choose from; none of them is the base alone.
    adapters: Vec<Option<&'a Adapter>>,
    /// The adapter of each sequence of the batch.
    chosen: Vec<Option<&'a Adapter>>,
    cache: Option<KvCache>,
}

impl<'a> ModelDecoder<'a> {
    /// A decoder with one adapter, or none, that has read nothing yet.
    pub fn new(model: &'a Model, adapter: Option<&'a Adapter>) -> Self {
        Self::with_each(model, vec![adapter])
    }

    /// A decoder whose sequences choose an adapter each, by its place.
    pub const fn with_each(model: &'a Model, adapters: Vec<Option<&'a Adapter>>) -> Self {
        Self {
            model,
            adapters,
            chosen: Vec::new(),
            cache: None,
        }
    }

    fn choose(&self, place: usize) -> Result<Option<&'a Adapter>> {
        let chosen = self.adapters.get(place).copied();
        chosen.ok_or_else(|| TrainerError::Config {
            field: "adapter",
            reason: format!(
                "there is none with the place {place}: the decoder has {}",
                self.adapters.len()
            ),
        })
    }
}

impl fmt::Debug for ModelDecoder<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ModelDecoder")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

impl Decoder for ModelDecoder<'_> {
    fn prefill(&mut self, prompts: &[Prompt<'_>], capacity: usize) -> Result<Vec<f32>> {
        // The old cache goes before the new one comes.
        self.cache = None;
        let chosen = prompts.iter().map(|prompt| self.choose(prompt.adapter));
        self.chosen = chosen.collect::<Result<_>>()?;
        let rows: Vec<&[u32]> = prompts.iter().map(|prompt| prompt.tokens).collect();
        let (cache, logits) = self.model.prefill_each(&self.chosen, &rows, capacity)?;
        self.cache = Some(cache);
        Ok(logits.flatten_all()?.to_vec1()?)
    }

    fn step(&mut self, next: &[(usize, u32)]) -> Result<Vec<f32>> {
        let cache = self.cache.as_mut().ok_or_else(|| {
            let reason = "a step before the prompts were read".to_owned();
            TrainerError::Compute(candle_core::Error::Msg(reason))
        })?;
        let chosen = next.iter().map(|(slot, _)| self.chosen.get(*slot).copied());
        let chosen: Vec<_> = chosen.map(Option::flatten).collect();
        let logits = self.model.step_each(&chosen, cache, next)?;
        Ok(logits.flatten_all()?.to_vec1()?)
    }
}
