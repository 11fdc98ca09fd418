//! Prefill and single steps over a key-value cache, on the same weights and adapter as training.
//!
//! Sampling, stopping and the choice of sequences are not in here: `generate` does that, by naming
//! in each step the sequences that go on.

use std::sync::Arc;

use candle_core::{DType, Result, Tensor, bail};

use super::batch::Batch;
use super::model::{Model, Pass, on_pool};
use crate::adapter::{Adapter, RowScales};
use crate::ops::{self, Buffer};

/// The keys and values of some sequences, by layer, of one model and one state of its adapter.
#[derive(Debug)]
pub struct KvCache {
    /// For each layer `[2, sequences, KV, capacity, d]`: keys, then values.
    layers: Vec<Tensor>,
    lengths: Vec<usize>,
    capacity: usize,
    /// How the adapter scales the model's rows, if it is weight-decomposed.
    row_scales: Option<Arc<RowScales>>,
}

impl KvCache {
    fn new(model: &Model, sequences: usize, capacity: usize) -> Result<Self> {
        let config = &model.config;
        let shape = [2, sequences, config.kv_heads, capacity, config.head_dim];
        let layers = (0..config.layers)
            .map(|_| Tensor::zeros(shape.as_slice(), DType::F32, model.device()))
            .collect::<Result<_>>()?;
        Ok(Self {
            layers,
            lengths: vec![0; sequences],
            capacity,
            row_scales: None,
        })
    }

    /// Tokens that each sequence has so far.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// Tokens that each sequence can have.
    pub fn capacity(&self) -> usize {
        self.capacity
    }
}

impl Model {
    /// Reads the prompts and gives the logits `[sequences, V]` that follow each. The cache has
    /// room for `capacity` tokens of each sequence, prompts included.
    ///
    /// # Errors
    /// If a prompt is empty or longer than `capacity`, or a token is not in the vocabulary.
    pub fn prefill(
        &self,
        adapter: Option<&Adapter>,
        rows: &[&[u32]],
        capacity: usize,
    ) -> Result<(KvCache, Tensor)> {
        if let Some(row) = rows
            .iter()
            .find(|row| row.is_empty() || row.len() > capacity)
        {
            bail!(
                "a prompt of {} tokens does not fit a cache of {capacity}",
                row.len()
            );
        }
        on_pool(|| self.read(adapter, rows, capacity))
    }

    fn read(
        &self,
        adapter: Option<&Adapter>,
        rows: &[&[u32]],
        capacity: usize,
    ) -> Result<(KvCache, Tensor)> {
        let mut cache = KvCache::new(self, rows.len(), capacity)?;
        let pass = Pass::new(self, adapter)?;
        let batch = Batch::unlabelled(rows);
        let places: Vec<_> = (0..rows.len())
            .flat_map(|slot| {
                let segments = batch.segments_of(slot).into_iter();
                segments.map(move |one| (one.start..one.end, slot))
            })
            .map(|(rows, slot)| {
                let position = batch.positions[rows.start] as usize;
                (rows, slot, position)
            })
            .collect();
        let mut x = self.embed(&batch.tokens)?;
        for (layer, cached) in cache.layers.iter().enumerate() {
            let (result, saved) = self.block_forward(&pass, layer, x, &batch)?;
            let qkv = &saved.projected.qkv;
            ops::store_rows(cached, &self.keys_and_values(qkv)?, &places)?;
            x = result;
        }
        cache.row_scales = pass.row_scales;
        cache.lengths = rows.iter().map(|row| row.len()).collect();
        let ends = batch.ends.iter();
        let ends: Vec<_> = ends
            .map(|end| batch.segments[*end].end as u32 - 1)
            .collect();
        let last = self.pool.take((rows.len(), self.config.hidden_size))?;
        ops::gather_rows(&last, &x, &ends)?;
        Ok((cache, self.logits(&last)?))
    }

    /// Reads tokens at their seats, sequence and position, behind what the cache holds of their
    /// sequences. Gives the results of the last block, `[T, D]`.
    fn read_on(
        &self,
        pass: &Pass<'_>,
        cache: &KvCache,
        tokens: &[u32],
        seats: &[(usize, usize)],
    ) -> Result<Buffer> {
        let seated = seats.iter().enumerate();
        let places: Vec<_> = seated
            .map(|(row, (slot, position))| (row..row + 1, *slot, *position))
            .collect();
        let lengths: Vec<_> = seats
            .iter()
            .map(|(slot, position)| (*slot, position + 1))
            .collect();
        let positions: Vec<u32> = seats.iter().map(|(_, position)| *position as u32).collect();
        let mut x = self.embed(tokens)?;
        for (layer, cached) in cache.layers.iter().enumerate() {
            let qkv = self.project(pass, layer, &x, &positions)?.qkv;
            ops::store_rows(cached, &self.keys_and_values(&qkv)?, &places)?;
            let attended = self.pool.take((tokens.len(), self.shape.width()))?;
            let shape = self.attention_shape(layer);
            ops::attention_cached(&attended, &qkv, cached, &lengths, shape)?;
            let (x1, _) = self.attention_output(pass, layer, &x, &attended)?;
            (x, _) = self.mlp(pass, layer, &x1)?;
        }
        Ok(x)
    }

    /// Appends one token to each named sequence and gives the logits `[n, V]` that follow, in the
    /// order of `next`. Sequences that are not named rest. Model and adapter are those that filled
    /// the cache.
    ///
    /// # Errors
    /// If a sequence does not exist, is named twice, or is full.
    pub fn step(
        &self,
        adapter: Option<&Adapter>,
        cache: &mut KvCache,
        next: &[(usize, u32)],
    ) -> Result<Tensor> {
        let is_decomposed = adapter.is_some_and(|adapter| adapter.shape().weight_decomposed);
        if is_decomposed != cache.row_scales.is_some() {
            bail!("the cache was filled with another adapter");
        }
        let seats = append(cache, next)?;
        let tokens: Vec<u32> = next.iter().map(|(_, token)| *token).collect();
        let pass = Pass {
            adapter,
            row_scales: cache.row_scales.clone(),
            dropout: None,
        };
        on_pool(|| {
            let x = self.read_on(&pass, cache, &tokens, &seats)?;
            self.logits(&x)
        })
    }

    fn keys_and_values(&self, qkv: &Tensor) -> Result<Tensor> {
        let first = self.shape.width();
        qkv.narrow(1, first, self.shape.qkv_width() - first)
    }
}

/// Makes room for one token each and says where they go: sequence and position.
fn append(cache: &mut KvCache, next: &[(usize, u32)]) -> Result<Vec<(usize, usize)>> {
    let mut lengths = cache.lengths.clone();
    let mut named = vec![false; lengths.len()];
    let mut seats = Vec::with_capacity(next.len());
    for (slot, _) in next {
        match (lengths.get_mut(*slot), named.get_mut(*slot)) {
            (Some(length), Some(named)) if *length < cache.capacity && !*named => {
                seats.push((*slot, *length));
                *length += 1;
                *named = true;
            }
            _ => bail!("sequence {slot} is full, named twice or does not exist"),
        }
    }
    cache.lengths = lengths;
    Ok(seats)
}
