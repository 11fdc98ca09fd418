//! How long rows are and which of their tokens are learned, without the tokens: small enough to
//! keep, and enough to count what any longest length would cut.

use std::ops::Range;

use rayon::prelude::*;
use shared::dataset::{RowContent, RowKind};
use shared::training::{Lesson, Method};

use super::{Encoder, Row, TokenizedRow, best_fit};
use crate::error::TrainerError;

/// A rendered text, not cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SequenceShape {
    /// Its tokens.
    pub tokens: usize,
    /// Which of them are learned.
    pub learned: Vec<Range<usize>>,
}

/// The texts of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowShape {
    /// One, or chosen and rejected, which are cut.
    Cut(Vec<SequenceShape>),
    /// A plain text of so many tokens, which is learned in pieces.
    Pieces(usize),
}

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
    /// The places in batches that the rows take: of packed ones the packs, otherwise the rows, of a
    /// long text each piece.
    pub places: usize,
    /// Rows with a tool or a call that the template leaves out, as [`Encoder::hides_tools`] finds them.
    pub hidden_tools: usize,
    /// Pairs on which annotators disagree, by their votes.
    pub split_votes: usize,
    /// The tokens of the fullest place, one side of a pair counted.
    pub fullest: usize,
}

impl Encoder<'_> {
    /// The shapes of examples as a method learns from them; `None` for a row that is not taken, or
    /// that it cannot learn from. A row is one example, but a pair is two where each side is judged
    /// alone.
    ///
    /// # Errors
    /// The place of a row, from 0, whose rendering failed, with the reason.
    pub fn shapes(
        &self,
        method: Method,
        rows: &[Row],
        takes: impl Fn(RowKind) -> bool + Sync,
    ) -> Result<Vec<Option<RowShape>>, (usize, TrainerError)> {
        let of_row = |(place, row): (usize, &Row)| {
            if !takes(row.content.kind()) {
                return Ok(vec![None]);
            }
            let texts = self
                .sequences(method, row)
                .map_err(|error| (place, error))?;
            Ok(match (method.lesson(), texts) {
                (_, None) => vec![None],
                (Lesson::Unpaired, Some(texts)) => {
                    let alone = |text| Some(RowShape::Cut(vec![shape(text)]));
                    texts.iter().map(alone).collect()
                }
                (_, Some(texts)) if matches!(row.content, RowContent::Text { .. }) => {
                    let tokens = texts.iter().map(|text| text.tokens.len()).sum();
                    vec![Some(RowShape::Pieces(tokens))]
                }
                (_, Some(texts)) => vec![Some(RowShape::Cut(texts.iter().map(shape).collect()))],
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
            Lesson::Answers | Lesson::Texts => self.row(&row.content, tools)?.map(|one| vec![one]),
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
/// [`Encoder::comparisons`] and [`Encoder::prompts`] do, packed by [`best_fit`] or not.
pub fn count_tokens(rows: &[Option<RowShape>], max_length: usize, packing: bool) -> TokenTotals {
    let mut totals = TokenTotals::default();
    let mut lengths = Vec::new();
    for row in rows {
        let before = lengths.len();
        match row {
            None => {}
            Some(RowShape::Cut(texts)) => totals.add_cut(texts, max_length, &mut lengths),
            Some(RowShape::Pieces(tokens)) => totals.add_pieces(*tokens, max_length, &mut lengths),
        }
        if lengths.len() == before {
            totals.dropped += 1;
        } else {
            totals.rows += 1;
        }
    }
    if packing {
        let packs = best_fit(&lengths, max_length);
        let fullness = |pack: &Vec<usize>| pack.iter().map(|row| lengths[*row]).sum();
        lengths = packs.iter().map(fullness).collect();
    }
    totals.places = lengths.len();
    totals.fullest = lengths.into_iter().max().unwrap_or(0);
    totals
}

impl TokenTotals {
    /// Adds a row that is cut, and its longest text to the lengths, if anything of it is learned.
    fn add_cut(&mut self, texts: &[SequenceShape], max_length: usize, lengths: &mut Vec<usize>) {
        let longest = texts.iter().map(|text| text.tokens).max().unwrap_or(0);
        self.longest = self.longest.max(longest);
        let learned = |text: &SequenceShape| -> usize {
            let cut = |range: &Range<usize>| range.end.min(max_length).saturating_sub(range.start);
            text.learned.iter().map(cut).sum()
        };
        if texts.iter().any(|text| learned(text) == 0) {
            return;
        }
        lengths.push(longest.min(max_length));
        self.truncated += usize::from(longest > max_length);
        self.learned += texts.iter().map(learned).sum::<usize>();
        let kept = texts.iter().map(|text| text.tokens.min(max_length));
        self.tokens += kept.sum::<usize>();
    }

    /// Adds the pieces of a plain text; of each all but the first token is learned.
    fn add_pieces(&mut self, tokens: usize, max_length: usize, lengths: &mut Vec<usize>) {
        self.longest = self.longest.max(tokens);
        let most = max_length.max(1);
        let whole = std::iter::repeat_n(most, tokens / most);
        let pieces = whole.chain([tokens % most]).filter(|piece| *piece > 1);
        for piece in pieces {
            lengths.push(piece);
            self.tokens += piece;
            self.learned += piece - 1;
        }
    }
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
            Some(RowShape::Cut(vec![text(10, 4..10)])),
            Some(RowShape::Cut(vec![text(6, 5..6)])),
            None,
            Some(RowShape::Cut(vec![text(5, 1..5), text(9, 8..9)])),
        ];
        let whole = count_tokens(&rows, 100, false);
        assert_eq!((whole.rows, whole.dropped, whole.truncated), (3, 1, 0));
        assert_eq!((whole.tokens, whole.learned, whole.longest), (30, 12, 10));
        assert_eq!((whole.places, whole.fullest), (3, 10));
        let cut = count_tokens(&rows, 6, false);
        assert_eq!((cut.rows, cut.dropped, cut.truncated), (2, 2, 1));
        assert_eq!((cut.tokens, cut.learned, cut.longest), (12, 3, 10));
        assert_eq!((cut.places, cut.fullest), (2, 6));
    }

    #[test]
    fn texts_are_split_and_share_places() {
        let rows = [21, 1, 4, 5].map(|tokens| Some(RowShape::Pieces(tokens)));
        let apart = count_tokens(&rows, 10, false);
        // Of the first the last token is a piece of its own, which nothing predicts.
        assert_eq!((apart.rows, apart.dropped, apart.truncated), (3, 1, 0));
        assert_eq!((apart.tokens, apart.learned, apart.longest), (29, 25, 21));
        assert_eq!((apart.places, apart.fullest), (4, 10));
        let packed = count_tokens(&rows, 10, true);
        assert_eq!((packed.places, packed.fullest), (3, 10));
        assert_eq!(packed.rows, apart.rows);
    }
}
