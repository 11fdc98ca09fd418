//! Scores of answers by a reward model, and the best of several.

use shared::message::Message;

use crate::adapter::Adapter;
use crate::data::{Encoder, TokenizedRow};
use crate::engine::{Batch, Model};
use crate::error::{Result, TrainerError};
use crate::run::Interrupter;

/// A reward model.
#[derive(Debug)]
pub struct Judge<'a> {
    /// The base model.
    pub model: &'a Model,
    /// The adapter with a head that scores.
    pub adapter: &'a Adapter,
    /// Renders conversations as the reward model was trained on them.
    pub encoder: Encoder<'a>,
    /// How many are scored at once.
    pub batch_size: usize,
}

impl Judge<'_> {
    /// The scores of conversations, each ending with the answer that is judged. Only scores of one
    /// reward model can be compared, and those of one prompt best. There is none of a conversation
    /// beyond the model's context, nor of those that were left when somebody interrupted.
    ///
    /// # Errors
    /// [`TrainerError::Config`] for an adapter that does not score.
    pub fn scores(
        &self,
        conversations: &[Vec<Message>],
        interrupter: &Interrupter,
    ) -> Result<Vec<Option<f64>>> {
        let head = self.adapter.score().ok_or_else(|| TrainerError::Config {
            field: "reward",
            reason: "it has no head that scores; give the adapter of a `reward` run".into(),
        })?;
        let rows = conversations.iter();
        let rows = rows.map(|messages| self.encoder.judged(messages, None));
        let rows = rows.collect::<Result<Vec<TokenizedRow>>>()?;
        let most = self.model.config.context();
        let fitting = rows.iter().enumerate();
        let fitting: Vec<_> = fitting
            .filter(|(_, row)| row.tokens.len() <= most)
            .collect();
        let mut scores = vec![None; rows.len()];
        for part in fitting.chunks(self.batch_size.max(1)) {
            if interrupter.reason().is_some() {
                break;
            }
            let batch = Batch::scored(part.iter().map(|(_, row)| *row));
            let hidden = self.model.forward(Some(self.adapter), &batch)?;
            let found = self.model.reward(&hidden, &batch, head, false)?.logps();
            for ((place, _), span) in part.iter().zip(&batch.spans) {
                let score = f64::from(found[span.start]);
                scores[*place] = score.is_finite().then_some(score);
            }
        }
        Ok(scores)
    }
}

/// The place of the highest score in each group of so many; the first where nothing was scored.
pub fn best_of(scores: &[Option<f64>], group: usize) -> Vec<usize> {
    let group = group.max(1);
    let value = |score: &Option<f64>| score.unwrap_or(f64::NEG_INFINITY);
    let best = |(number, scores): (usize, &[Option<f64>])| {
        let places = (0..scores.len()).rev();
        let best =
            places.max_by(|one, other| value(&scores[*one]).total_cmp(&value(&scores[*other])));
        number * group + best.unwrap_or_default()
    };
    scores.chunks(group).enumerate().map(best).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_each_group_is_found() {
        let scores = [0.5, 2.0, -1.0, -3.0, -2.0, -2.5].map(Some);
        assert_eq!(best_of(&scores, 3), [1, 4]);
        assert_eq!(best_of(&scores[..2], 1), [0, 1]);
        assert_eq!(best_of(&[None, Some(-9.0), None, None], 2), [1, 2]);
        assert!(best_of(&[], 4).is_empty());
    }
}
