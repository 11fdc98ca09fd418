//! Prefill and single steps over a key-value cache, on the same weights and adapter as training.
//!
//! Sequences of one batch can have different adapters. Prompts are read adapter by adapter, because
//! beginnings that they share are read once; a step multiplies all rows by the base at once.
//! Sampling, stopping and the choice of sequences are not in here: `generate` does that, by naming
//! in each step the sequences that go on.

use std::sync::Arc;

use candle_core::{DType, Result, Tensor, bail};

use super::batch::Batch;
use super::model::{Adapters, Applied, Model, Pass, on_pool};
use super::stretches::stretches;
use crate::adapter::{Adapter, RowScales};
use crate::ops::{self, Buffer};

/// The keys and values of some sequences, by layer, of one model and one state of its adapters.
#[derive(Debug)]
pub struct KvCache {
    /// For each layer `[2, sequences, KV, capacity, d]`: keys, then values.
    layers: Vec<Tensor>,
    lengths: Vec<usize>,
    capacity: usize,
    /// How the adapter of each sequence scales the model's rows, if it is weight-decomposed.
    row_scales: Vec<Option<Arc<RowScales>>>,
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
            row_scales: Vec::with_capacity(sequences),
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
        self.prefill_each(&vec![adapter; rows.len()], rows, capacity)
    }

    /// The same with an adapter for each prompt. Prompts of one adapter are to lie together.
    ///
    /// # Errors
    /// As there, and if there are not as many adapters as prompts.
    pub fn prefill_each(
        &self,
        adapters: &[Option<&Adapter>],
        rows: &[&[u32]],
        capacity: usize,
    ) -> Result<(KvCache, Tensor)> {
        expect_as_many(adapters.len(), rows.len())?;
        if let Some(row) = rows
            .iter()
            .find(|row| row.is_empty() || row.len() > capacity)
        {
            bail!(
                "a prompt of {} tokens does not fit a cache of {capacity}",
                row.len()
            );
        }
        on_pool(|| {
            let mut cache = KvCache::new(self, rows.len(), capacity)?;
            let last = self.pool.take((rows.len(), self.config.hidden_size))?;
            for (slots, adapter) in stretches(adapters) {
                let last = last.narrow(0, slots.start, slots.len())?;
                self.read(&mut cache, adapter, (slots.start, &rows[slots]), &last)?;
            }
            cache.lengths = rows.iter().map(|row| row.len()).collect();
            Ok((cache, self.logits(&last)?))
        })
    }

    /// Reads the prompts of the sequences from `first` on, and writes the result of the last block
    /// behind each, `[rows, D]`.
    fn read(
        &self,
        cache: &mut KvCache,
        adapter: Option<&Adapter>,
        (first, rows): (usize, &[&[u32]]),
        last: &Tensor,
    ) -> Result<()> {
        let pass = Pass::new(self, adapter)?;
        let batch = Batch::unlabelled(rows);
        let places: Vec<_> = (0..rows.len())
            .flat_map(|row| {
                let segments = batch.segments_of(row).into_iter();
                segments.map(move |one| (one.start..one.end, first + row))
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
        let row_scales = pass
            .applied()
            .and_then(|applied| applied.row_scales.clone());
        cache.row_scales.extend(vec![row_scales; rows.len()]);
        let ends = batch.ends.iter();
        let ends: Vec<_> = ends
            .map(|end| batch.segments[*end].end as u32 - 1)
            .collect();
        ops::gather_rows(last, &x, &ends)
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
        self.step_each(&vec![adapter; next.len()], cache, next)
    }

    /// The same with the adapter of each named sequence. Sequences of one adapter are to lie together,
    /// so that each adapter multiplies their rows at once.
    ///
    /// # Errors
    /// As there, and if there are not as many adapters as named sequences.
    pub fn step_each(
        &self,
        adapters: &[Option<&Adapter>],
        cache: &mut KvCache,
        next: &[(usize, u32)],
    ) -> Result<Tensor> {
        expect_as_many(adapters.len(), next.len())?;
        let seats = append(cache, next)?;
        let mut applied = Vec::new();
        for (rows, adapter) in stretches(adapters) {
            let is_decomposed = adapter.is_some_and(|adapter| adapter.shape().weight_decomposed);
            let mut slots = next[rows.clone()].iter().map(|(slot, _)| *slot);
            if slots.any(|slot| cache.row_scales[slot].is_some() != is_decomposed) {
                bail!("the cache was filled with another adapter");
            }
            let row_scales = cache.row_scales[next[rows.start].0].clone();
            applied.push((
                rows,
                Applied {
                    adapter,
                    row_scales,
                },
            ));
        }
        let adapters = match (applied.pop(), applied.is_empty()) {
            (Some((_, only)), true) => Adapters::One(only),
            (last, _) => Adapters::Stretches(applied.into_iter().chain(last).collect()),
        };
        let pass = Pass {
            adapters,
            dropout: None,
        };
        let tokens: Vec<u32> = next.iter().map(|(_, token)| *token).collect();
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

fn expect_as_many(adapters: usize, rows: usize) -> Result<()> {
    if adapters != rows {
        bail!("{adapters} adapters for {rows} sequences: name one for each");
    }
    Ok(())
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
