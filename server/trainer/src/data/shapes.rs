//! How long rows are and which of their tokens are learned, without the tokens: small enough to
//! keep, and enough to count what any longest length would cut.

use std::ops::Range;

use rayon::prelude::*;
use shared::training::{Lesson, Method};

use super::{Encoder, Row, TokenizedRow};
use crate::error::TrainerError;

/// A rendered text, not cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SequenceShape {
    /// Its tokens.
    pub tokens: usize,
    /// Which of them are learned.
    pub learned: Vec<Range<usize>>,
}

/// The texts of a row: one, or chosen and rejected.
pub type RowShape = Vec<SequenceShape>;

/// What rows come to at some longest length.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenTotals {
    /// Rows, or examples, that are left to learn from.
    pub rows: usize,
    /// Their tokens after they were cut.
    pub tokens: usize,
    /// Those of them that are learned.
    pub learned: usize,
    /// The longest text of any row, before it is cut.
    pub longest: usize,
    /// Rows that are cut.
    pub truncated: usize,
    /// Rows left out, because nothing of them would be learned.
    pub dropped: usize,
}

impl Encoder<'_> {
    /// The shapes of examples as a method learns from them; `None` for a row that it does not learn
    /// from. A row is one example, but a pair is two where each side is judged alone.
    ///
    /// # Errors
    /// The place of a row, from 0, whose rendering failed, with the reason.
    pub fn shapes(
        &self,
        method: Method,
        rows: &[Row],
    ) -> Result<Vec<Option<RowShape>>, (usize, TrainerError)> {
        let of_row = |(place, row): (usize, &Row)| {
            let texts = self
                .sequences(method, row)
                .map_err(|error| (place, error))?;
            let shapes = texts.map(|texts| texts.iter().map(shape).collect::<RowShape>());
            Ok(match (method.lesson(), shapes) {
                (Lesson::Unpaired, Some(texts)) => {
                    texts.into_iter().map(|text| Some(vec![text])).collect()
                }
                (_, shapes) => vec![shapes],
            })
        };
        let examples: Result<Vec<Vec<_>>, _> = rows.par_iter().enumerate().map(of_row).collect();
        Ok(examples?.into_iter().flatten().collect())
    }

    /// The texts of a row as a method learns from them, not cut.
    pub fn sequences(
        &self,
        method: Method,
        row: &Row,
    ) -> Result<Option<Vec<TokenizedRow>>, TrainerError> {
        let tools = row.tools.as_ref();
        Ok(match method.lesson() {
            Lesson::Answers => self.row(&row.content, tools)?.map(|one| vec![one]),
            Lesson::Pairs => self
                .pair(&row.content, tools)?
                .map(|pair| vec![pair.chosen, pair.rejected]),
            Lesson::Comparisons => self
                .comparison(&row.content, tools)?
                .map(|pair| vec![pair.chosen, pair.rejected]),
            Lesson::Unpaired => self
                .labelled(&row.content, tools)?
                .map(|sides| sides.into_iter().map(|(row, _)| row).collect()),
            Lesson::Prompts => self.asked(&row.content, tools)?.map(|one| vec![one]),
        })
    }
}

fn shape(row: &TokenizedRow) -> SequenceShape {
    let mut learned: Vec<Range<usize>> = Vec::new();
    for place in (0..row.tokens.len()).filter(|place| row.loss_mask[*place]) {
        match learned.last_mut() {
            Some(last) if last.end == place => last.end += 1,
            _ => learned.push(place..place + 1),
        }
    }
    SequenceShape {
        tokens: row.tokens.len(),
        learned,
    }
}

/// Counts examples as [`Encoder::rows`], [`Encoder::pairs`], [`Encoder::labels`],
/// [`Encoder::comparisons`] and [`Encoder::prompts`] do.
pub fn count_tokens(rows: &[Option<RowShape>], max_length: usize) -> TokenTotals {
    let mut totals = TokenTotals::default();
    for row in rows {
        let Some(row) = row else {
            totals.dropped += 1;
            continue;
        };
        let longest = row.iter().map(|text| text.tokens).max().unwrap_or(0);
        totals.longest = totals.longest.max(longest);
        let learned = |text: &SequenceShape| -> usize {
            let cut = |range: &Range<usize>| range.end.min(max_length).saturating_sub(range.start);
            text.learned.iter().map(cut).sum()
        };
        if row.iter().any(|text| learned(text) == 0) {
            totals.dropped += 1;
            continue;
        }
        totals.rows += 1;
        totals.truncated += usize::from(longest > max_length);
        totals.learned += row.iter().map(learned).sum::<usize>();
        let kept = row.iter().map(|text| text.tokens.min(max_length));
        totals.tokens += kept.sum::<usize>();
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_what_the_mask_says() {
        let row = TokenizedRow {
            tokens: vec![1, 2, 3, 4, 5],
            loss_mask: vec![false, true, true, false, true],
        };
        assert_eq!(shape(&row).learned, [1..3, 4..5]);
    }

    #[test]
    fn counts_follow_the_longest_length() {
        let text = |tokens, learned: Range<usize>| SequenceShape {
            tokens,
            learned: vec![learned],
        };
        let rows = [
            Some(vec![text(10, 4..10)]),
            Some(vec![text(6, 5..6)]),
            None,
            Some(vec![text(5, 1..5), text(9, 8..9)]),
        ];
        let whole = count_tokens(&rows, 100);
        assert_eq!((whole.rows, whole.dropped, whole.truncated), (3, 1, 0));
        assert_eq!((whole.tokens, whole.learned, whole.longest), (30, 12, 10));
        let cut = count_tokens(&rows, 6);
        assert_eq!((cut.rows, cut.dropped, cut.truncated), (2, 2, 1));
        assert_eq!((cut.tokens, cut.learned, cut.longest), (12, 3, 10));
    }
}
