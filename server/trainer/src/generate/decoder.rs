//! What sampling needs of an engine.

use std::fmt;

use crate::adapter::Adapter;
use crate::engine::{KvCache, Model};
use crate::error::{Result, TrainerError};

/// Computes logits token by token for a batch of sequences.
pub trait Decoder {
    /// Begins a batch: reads the prompts and gives the logits `[sequences * V]` that follow each,
    /// row-major. There will be at most `capacity` tokens in a sequence, prompt included.
    fn prefill(&mut self, prompts: &[&[u32]], capacity: usize) -> Result<Vec<f32>>;

    /// Appends a token to each named sequence and gives the logits `[n * V]` that follow, in the
    /// same order.
    fn step(&mut self, next: &[(usize, u32)]) -> Result<Vec<f32>>;
}

/// A model of the engine with or without an adapter.
pub struct ModelDecoder<'a> {
    model: &'a Model,
    adapter: Option<&'a Adapter>,
    cache: Option<KvCache>,
}

impl<'a> ModelDecoder<'a> {
    /// A decoder that has read nothing yet.
    pub const fn new(model: &'a Model, adapter: Option<&'a Adapter>) -> Self {
        Self {
            model,
            adapter,
            cache: None,
        }
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
    fn prefill(&mut self, prompts: &[&[u32]], capacity: usize) -> Result<Vec<f32>> {
        // The old cache goes before the new one comes.
        self.cache = None;
        let (cache, logits) = self.model.prefill(self.adapter, prompts, capacity)?;
        self.cache = Some(cache);
        Ok(logits.flatten_all()?.to_vec1()?)
    }

    fn step(&mut self, next: &[(usize, u32)]) -> Result<Vec<f32>> {
        let cache = self.cache.as_mut().ok_or_else(|| {
            let reason = "a step before the prompts were read".to_owned();
            TrainerError::Compute(candle_core::Error::Msg(reason))
        })?;
        let logits = self.model.step(self.adapter, cache, next)?;
        Ok(logits.flatten_all()?.to_vec1()?)
    }
}
