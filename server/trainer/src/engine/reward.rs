//! The head of a reward model: one number for a sequence, from its last row.
//!
//! `r = w·norm(x)`, so its gradient by the normalised row is w, whatever the sequence: the unit
//! gradient that the output head has to compute is known beforehand here.

use candle_core::{Device, Result, Tensor};

use super::batch::Batch;
use super::head::Scores;
use super::model::Model;
use crate::ops::{self, LabelStatistics};

impl Model {
    /// Scores the sequences of a batch that was made by [`Batch::scored`], on `hidden` `[T, D]`, the
    /// result of the last block, with the head `[1, D]`. Without `gradients` what the backward needs
    /// is left out.
    pub fn reward(
        &self,
        hidden: &Tensor,
        batch: &Batch,
        head: &Tensor,
        gradients: bool,
    ) -> Result<Scores> {
        let count = batch.loss_rows.len();
        let rows = self.pool.take((count, self.config.hidden_size))?;
        ops::gather_rows(&rows, hidden, &batch.loss_rows)?;
        let normed = self.normed(&rows, &self.weights.norm)?;
        let rewards = self.pool.take((count, 1))?;
        ops::linear(&rewards, &normed, head)?;
        let units = if gradients {
            let units = self.pool.take(rows.dims())?;
            ops::gather_rows(&units, head, &vec![0; count])?;
            Some(units)
        } else {
            None
        };
        let rewards = rewards.flatten_all()?.to_vec1::<f32>()?;
        let labels = rewards.into_iter().map(|reward| LabelStatistics {
            logp: reward,
            ..LabelStatistics::default()
        });
        Ok(Scores {
            labels: labels.collect(),
            rows,
            units,
            sharpness: 1.0,
        })
    }

    /// Adds the gradient of the head `[1, D]`, from a loss's gradient by each sequence's score.
    pub(super) fn reward_backward(
        &self,
        scores: &Scores,
        by_score: &[f64],
        gradient: &Tensor,
    ) -> Result<()> {
        let normed = self.normed(&scores.rows, &self.weights.norm)?;
        let by_score: Vec<f32> = by_score.iter().map(|by_score| *by_score as f32).collect();
        let by_score = Tensor::from_vec(by_score, (1, scores.labels.len()), &Device::Cpu)?;
        ops::gemm_add(gradient, &by_score.to_device(self.device())?, &normed, 1.0)
    }
}
