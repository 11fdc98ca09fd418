//! Log-probabilities of labels, and their gradients by the hidden state, without keeping logits.
//!
//! Every loss here depends on the model only through the log-probabilities of labels, so the gradient
//! by a hidden state is a number, known once the loss is, times `G = E[y] - Σ p_v·E_v`, which does not
//! depend on the loss. One pass over the vocabulary gives both, with the sum rescaled whenever a larger
//! logit comes (as in flash attention). Where the head itself is trained, its gradient takes a second
//! pass, once the loss is known.

use candle_core::{Result, Tensor};

use super::batch::Batch;
use super::model::Model;
use crate::model::Matrix;
use crate::ops::{self, Buffer, HEAD_STATISTICS, HeadTile, LabelStatistics};

/// Vocabulary columns worked on together: wider tiles leave the cache.
const TILE: usize = 512;
/// The same on a GPU, where each tile costs some starts of kernels.
const WIDE_TILE: usize = 8192;

/// What the head found about a batch.
#[derive(Debug)]
pub struct Scores {
    /// For each label its log-probability and more, `[N]`.
    pub labels: Vec<LabelStatistics>,
    /// The scored rows before the last norm, `[N, D]`.
    pub(super) rows: Buffer,
    /// The unit gradients by the normalised rows, `[N, D]`, but for the factor `sharpness`.
    pub(super) units: Option<Buffer>,
    /// What logits were multiplied by: one by the temperature.
    pub(super) sharpness: f64,
}

impl Scores {
    /// The log-probabilities of the labels, `[N]`.
    pub fn logps(&self) -> Vec<f32> {
        self.labels.iter().map(|label| label.logp).collect()
    }
}

impl Model {
    /// Scores the batch's labels on `hidden` `[T, D]`, the result of the last block. Without
    /// `gradients` the unit gradients are left out, which halves the work.
    pub fn score(&self, hidden: &Tensor, batch: &Batch, gradients: bool) -> Result<Scores> {
        self.score_at(1.0, hidden, batch, gradients)
    }

    /// The same where tokens are drawn at a temperature, which is above zero.
    pub fn score_at(
        &self,
        temperature: f64,
        hidden: &Tensor,
        batch: &Batch,
        gradients: bool,
    ) -> Result<Scores> {
        let sharpness = 1.0 / temperature;
        let width = self.config.hidden_size;
        let rows = self.pool.take((batch.labels.len(), width))?;
        if batch.labels.is_empty() {
            return Ok(Scores {
                labels: Vec::new(),
                rows,
                units: None,
                sharpness,
            });
        }
        ops::gather_rows(&rows, hidden, &batch.loss_rows)?;
        let normed = self.normed(&rows, &self.weights.norm)?;
        let work = self
            .pool
            .take((batch.labels.len(), self.tile() + HEAD_STATISTICS))?;
        let units = if gradients {
            Some(self.pool.take(rows.dims())?)
        } else {
            None
        };
        if let Some(units) = &units {
            ops::fill(units, 0.0)?;
        }
        self.sweep(sharpness, &normed, &work, &batch.labels, units.as_deref())?;
        if let Some(units) = &units {
            let labels = self.pool.take(units.dims())?;
            self.weights.head().gather(&labels, &batch.labels)?;
            ops::head_finish(units, &work, &labels)?;
        }
        // Apart, so that no logits come along from a device.
        let statistics = self.pool.take((batch.labels.len(), HEAD_STATISTICS))?;
        ops::copy_rows(&statistics, &work.narrow(1, self.tile(), HEAD_STATISTICS)?)?;
        let statistics = statistics.to_vec2::<f32>()?;
        let labels = statistics
            .iter()
            .map(|row| LabelStatistics::from_row(row))
            .collect();
        Ok(Scores {
            labels,
            rows,
            units,
            sharpness,
        })
    }

    fn tile(&self) -> usize {
        if self.device().is_cpu() {
            TILE
        } else {
            WIDE_TILE
        }
    }

    fn sweep(
        &self,
        sharpness: f64,
        normed: &Tensor,
        work: &Tensor,
        labels: &[u32],
        units: Option<&Tensor>,
    ) -> Result<()> {
        let head = self.weights.head();
        let (vocabulary, tile) = (head.dims2()?.0, self.tile());
        let products = self.products();
        for first in (0..vocabulary).step_by(tile) {
            let width = tile.min(vocabulary - first);
            let embedding = head.rows(&self.widened, first, width)?;
            let logits = work.narrow(1, 0, width)?;
            if (sharpness - 1.0).abs() < f64::EPSILON {
                products.linear(&logits, normed, &embedding)?;
            } else {
                products.gemm_scaled(&logits, normed, &embedding.t()?, sharpness as f32)?;
            }
            ops::head_tile(
                work,
                HeadTile {
                    first,
                    width,
                    labels,
                },
            )?;
            if let Some(units) = units {
                ops::head_rescale(units, work)?;
                products.gemm_add(units, &logits, &embedding, 1.0)?;
            }
        }
        Ok(())
    }

    /// The gradient of a loss by the result of the last block, `[T, D]`, from its gradient by each
    /// label's log-probability; adds the one by the last norm's weight to `own_norm`.
    pub(super) fn head_backward(
        &self,
        scores: &Scores,
        batch: &Batch,
        by_logp: &[f64],
        own_norm: Option<&Tensor>,
    ) -> Result<Buffer> {
        let g = self
            .pool
            .take((batch.tokens.len(), self.config.hidden_size))?;
        ops::fill(&g, 0.0)?;
        if let Some(units) = &scores.units {
            let d_rows = self.pool.take(units.dims())?;
            ops::fill(&d_rows, 0.0)?;
            let eps = self.config.rms_norm_eps;
            ops::rms_norm_backward_add(&d_rows, units, &scores.rows, &self.weights.norm, eps)?;
            let by_logp = by_logp.iter().map(|by_logp| by_logp * scores.sharpness);
            let by_logp: Vec<f64> = by_logp.collect();
            ops::scatter_rows(&g, &d_rows, &batch.loss_rows, &by_logp)?;
            if let Some(own) = own_norm {
                let rows: Vec<u32> = (0..by_logp.len() as u32).collect();
                ops::scatter_rows(&d_rows, units, &rows, &by_logp)?;
                ops::rms_norm_weight_backward_add(own, &d_rows, &scores.rows, eps)?;
            }
        }
        Ok(g)
    }

    /// Adds the gradient of the output head `[V, D]`, from the loss's gradient by each label's
    /// log-probability.
    pub(super) fn head_weights_backward(
        &self,
        scores: &Scores,
        batch: &Batch,
        by_logp: &[f64],
        own: &Tensor,
    ) -> Result<()> {
        let head = self.weights.head();
        let (vocabulary, tile_width) = (head.dims2()?.0, self.tile());
        let normed = self.normed(&scores.rows, &self.weights.norm)?;
        let work = self.pool.take((batch.labels.len(), tile_width))?;
        let sharpness = scores.sharpness as f32;
        let log_sums: Vec<f32> = scores.labels.iter().map(|label| label.log_sum).collect();
        let factors: Vec<f32> = by_logp.iter().map(|by_logp| *by_logp as f32).collect();
        let products = self.products();
        for first in (0..vocabulary).step_by(tile_width) {
            let width = tile_width.min(vocabulary - first);
            let embedding = head.rows(&self.widened, first, width)?;
            let logits = work.narrow(1, 0, width)?;
            products.gemm_scaled(&logits, &normed, &embedding.t()?, sharpness)?;
            let labels = &batch.labels;
            let tile = HeadTile {
                first,
                width,
                labels,
            };
            ops::head_tile_backward(&logits, tile, &log_sums, &factors)?;
            let own = own.narrow(0, first, width)?;
            products.gemm_add(&own, &logits.t()?, &normed, sharpness)?;
        }
        Ok(())
    }

    /// Logits `[n, V]` of rows `[n, D]` of the last block's result.
    pub fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        let normed = self.normed(hidden, &self.weights.norm)?;
        let head = self.weights.head();
        let (rows, vocabulary) = (hidden.dims2()?.0, head.dims2()?.0);
        let logits = Tensor::zeros((rows, vocabulary), candle_core::DType::F32, head.device())?;
        // Few rows gain nothing from tiles, but for less memory where blocks are widened.
        let is_whole = rows <= 64 && matches!(head, Matrix::Numbers(_));
        let tile = if is_whole { vocabulary } else { self.tile() };
        for first in (0..vocabulary).step_by(tile) {
            let width = tile.min(vocabulary - first);
            let columns = logits.narrow(1, first, width)?;
            let head = head.rows(&self.widened, first, width)?;
            self.products().linear(&columns, &normed, &head)?;
        }
        Ok(logits)
    }
}
