//! Rows to tokens, and which of them are learned.
//!
//! As in TRL 1.16: the prompt and the whole are rendered and tokenized on their own, and what is
//! learned begins where the two differ. Special tokens come from the template alone; no
//! end-of-sequence token is added. Rows are cut at the end; rows of which nothing would be learned
//! are left out and counted. What a tool answered is never learned, not even inside of a completion,
//! where TRL does so only with `assistant_only_loss`.
//!
//! A plain text is read as a document, which ends with the end-of-sequence token, and all of it is
//! learned. A long one is not cut: it becomes pieces without overlap, each a sequence of its own, of
//! which nothing predicts the first token (TRL's strategy `bfd_split`).

use std::borrow::Borrow;

use rayon::prelude::*;
use serde_json::Value;
use shared::dataset::{Margin, RowContent, Votes};
use shared::message::{Message, Speaker};

use super::ChatTemplate;
use super::rows::Row;
use crate::error::Result;
use crate::model::{LoadedModel, TextTokenizer};

/// A row as the engine takes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenizedRow {
    /// The tokens.
    pub tokens: Vec<u32>,
    /// `loss_mask[i]` says that token `i` is learned, by what position `i - 1` predicts. The first
    /// token is never learned. As long as `tokens`.
    pub loss_mask: Vec<bool>,
}

/// A preference pair as the engine takes it. Both sides begin with the same prompt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenizedPair {
    /// The prompt with the better response.
    pub chosen: TokenizedRow,
    /// The prompt with the worse response.
    pub rejected: TokenizedRow,
    /// How many annotators preferred which, where that is known.
    pub votes: Option<Votes>,
    /// By how much the chosen response shall score above the rejected one, where the row says so.
    pub margin: Option<Margin>,
}

/// What happened to rows on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenCounts {
    /// Rows that were cut to the longest length.
    pub truncated: usize,
    /// Rows left out because nothing of them would be learned.
    pub dropped: usize,
}

/// Rows for supervised fine-tuning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenizedData {
    /// The rows that are left, in the order of the file; of a long text each piece.
    pub rows: Vec<TokenizedRow>,
    /// For each of them its place in the given rows.
    pub sources: Vec<usize>,
    /// What happened to the others.
    pub counts: TokenCounts,
}

/// Pairs for preference tuning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenizedPairs {
    /// The pairs that are left, in the order of the file.
    pub pairs: Vec<TokenizedPair>,
    /// For each of them its place in the given rows.
    pub sources: Vec<usize>,
    /// What happened to the others.
    pub counts: TokenCounts,
}

/// How many leading tokens two sequences have in common.
pub fn common_prefix(one: &[u32], other: &[u32]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

/// The conversation with a system message in front, unless it has one or none is wanted.
pub fn with_system(messages: &[Message], system_prompt: Option<&str>) -> Vec<Message> {
    let has_one = messages
        .first()
        .is_some_and(|message| message.role == Speaker::System);
    let added = system_prompt.filter(|_| !has_one);
    let system = added.map(|text| Message::new(Speaker::System, text));
    system.into_iter().chain(messages.iter().cloned()).collect()
}

/// Renders and tokenizes rows for one model.
#[derive(Clone, Copy, Debug)]
pub struct Encoder<'a> {
    pub(super) tokenizer: &'a TextTokenizer,
    pub(super) template: &'a ChatTemplate,
    pub(super) system_prompt: Option<&'a str>,
    max_length: usize,
}

impl<'a> Encoder<'a> {
    /// For a model; `system_prompt` goes before conversations that have none, and rows keep at most
    /// `max_length` tokens.
    pub const fn new(
        model: &'a LoadedModel,
        system_prompt: Option<&'a str>,
        max_length: usize,
    ) -> Self {
        Self::from_parts(&model.tokenizer, &model.template, system_prompt, max_length)
    }

    /// The same where the weights have gone their own way.
    pub const fn from_parts(
        tokenizer: &'a TextTokenizer,
        template: &'a ChatTemplate,
        system_prompt: Option<&'a str>,
        max_length: usize,
    ) -> Self {
        Self {
            tokenizer,
            template,
            system_prompt,
            max_length,
        }
    }

    /// The most tokens that a row keeps.
    pub(super) const fn max_length(&self) -> usize {
        self.max_length
    }

    /// The tokens that ask the model for an answer to a conversation.
    pub fn prompt(&self, messages: &[Message], tools: Option<&Value>) -> Result<Vec<u32>> {
        let messages = with_system(messages, self.system_prompt);
        self.render(&messages, tools, true)
    }

    /// All tokens of a row that is imitated, not cut: of answers, or of a plain text. `None` for any
    /// other row.
    pub fn row(&self, content: &RowContent, tools: Option<&Value>) -> Result<Option<TokenizedRow>> {
        match content {
            RowContent::Completion { prompt, completion } => {
                self.completion(prompt, completion, tools).map(Some)
            }
            RowContent::Conversation { messages } => self.conversation(messages, tools).map(Some),
            RowContent::Text { text } => {
                let tokens = self.tokenizer.encode_document(text)?;
                Ok(Some(TokenizedRow::learned_from(tokens, 0)))
            }
            RowContent::Preference { .. } | RowContent::Unpaired { .. } => Ok(None),
        }
    }

    /// All tokens of a preference row, not cut. `None` for any other row.
    pub fn pair(
        &self,
        content: &RowContent,
        tools: Option<&Value>,
    ) -> Result<Option<TokenizedPair>> {
        let RowContent::Preference {
            prompt,
            chosen,
            rejected,
            votes,
            margin,
        } = content
        else {
            return Ok(None);
        };
        let prompt = with_system(prompt, self.system_prompt);
        let asked = self.render(&prompt, tools, true)?;
        let chosen = self.render(&[&prompt[..], chosen].concat(), tools, false)?;
        let rejected = self.render(&[&prompt[..], rejected].concat(), tools, false)?;
        // Both sides must share their prompt, so the earlier difference counts.
        let start = common_prefix(&asked, &chosen).min(common_prefix(&asked, &rejected));
        Ok(Some(TokenizedPair {
            chosen: TokenizedRow::learned_from(chosen, start),
            rejected: TokenizedRow::learned_from(rejected, start),
            votes: *votes,
            margin: *margin,
        }))
    }

    /// A conversation for a reward model: all tokens, the last of which is where it is scored, and the
    /// only one that is learned.
    pub fn judged(&self, messages: &[Message], tools: Option<&Value>) -> Result<TokenizedRow> {
        let messages = with_system(messages, self.system_prompt);
        let tokens = self.render(&messages, tools, false)?;
        Ok(self.scored_at_end(tokens))
    }

    /// As in transformers a sequence ends before the tokens that fill short rows of a batch, even
    /// where the template ends an answer with such a token.
    fn scored_at_end(&self, mut tokens: Vec<u32>) -> TokenizedRow {
        let special = self.tokenizer.special();
        let filler = special.pad.as_ref().or(special.eos.as_ref());
        let filler = filler.and_then(|text| self.tokenizer.token_id(text));
        while tokens.len() > 1 && filler.is_some() && filler == tokens.last().copied() {
            tokens.pop();
        }
        let last = tokens.len().saturating_sub(1);
        TokenizedRow::learned_from(tokens, last)
    }

    /// A preference row for a reward model, both sides as by [`judged`](Self::judged). `None` for any
    /// other row.
    pub fn comparison(
        &self,
        content: &RowContent,
        tools: Option<&Value>,
    ) -> Result<Option<TokenizedPair>> {
        let pair = self.pair(content, tools)?;
        Ok(pair.map(|pair| TokenizedPair {
            chosen: self.scored_at_end(pair.chosen.tokens),
            rejected: self.scored_at_end(pair.rejected.tokens),
            ..pair
        }))
    }

    /// Tokenizes rows that are imitated: answers are cut to the longest length, plain texts split.
    /// Of other rows nothing is learned, so they are dropped.
    pub fn rows<R: Borrow<Row> + Sync>(&self, rows: &[R]) -> Result<TokenizedData> {
        let all = rows.par_iter().map(|row| {
            let Row { content, tools, .. } = row.borrow();
            let whole = self.row(content, tools.as_ref())?.unwrap_or_default();
            let is_long = whole.tokens.len() > self.max_length;
            Ok((is_long, whole.fitted(content, self.max_length)))
        });
        let mut data = TokenizedData::default();
        for (source, (is_long, fitted)) in all.collect::<Result<Vec<_>>>()?.into_iter().enumerate()
        {
            let is_text = matches!(rows[source].borrow().content, RowContent::Text { .. });
            let before = data.rows.len();
            data.rows
                .extend(fitted.into_iter().filter(|row| row.learned() > 0));
            data.sources.resize(data.rows.len(), source);
            if data.rows.len() == before {
                data.counts.dropped += 1;
            } else {
                data.counts.truncated += usize::from(is_long && !is_text);
            }
        }
        Ok(data)
    }

    /// Tokenizes pairs for preference tuning, each side cut to the longest length. Other rows, and
    /// pairs whose prompt alone fills that length, are dropped.
    pub fn pairs(&self, rows: &[Row]) -> Result<TokenizedPairs> {
        self.kept_pairs(rows, Self::pair)
    }

    /// Tokenizes pairs for a reward model. Other rows, and pairs with a side beyond the longest
    /// length, are dropped.
    pub fn comparisons(&self, rows: &[Row]) -> Result<TokenizedPairs> {
        self.kept_pairs(rows, Self::comparison)
    }

    fn kept_pairs(
        &self,
        rows: &[Row],
        pair: impl Fn(&Self, &RowContent, Option<&Value>) -> Result<Option<TokenizedPair>> + Sync,
    ) -> Result<TokenizedPairs> {
        let all = rows
            .par_iter()
            .map(|row| pair(self, &row.content, row.tools.as_ref()));
        let mut data = TokenizedPairs::default();
        for (source, pair) in all.collect::<Result<Vec<_>>>()?.into_iter().enumerate() {
            let mut pair = pair.unwrap_or_default();
            let cut = pair.chosen.cut(self.max_length) | pair.rejected.cut(self.max_length);
            if pair.chosen.learned() == 0 || pair.rejected.learned() == 0 {
                data.counts.dropped += 1;
            } else {
                data.counts.truncated += usize::from(cut);
                data.pairs.push(pair);
                data.sources.push(source);
            }
        }
        Ok(data)
    }

    pub(super) fn completion(
        &self,
        prompt: &[Message],
        completion: &[Message],
        tools: Option<&Value>,
    ) -> Result<TokenizedRow> {
        let prompt = with_system(prompt, self.system_prompt);
        let asked = self.render(&prompt, tools, true)?;
        let messages = [&prompt[..], completion].concat();
        if completion.iter().any(|turn| turn.role == Speaker::Tool) {
            let mut turns = self.turns(&messages, tools)?;
            let start = common_prefix(&asked, &turns.tokens);
            turns.loss_mask[..start].fill(false);
            return Ok(turns);
        }
        let whole = self.render(&messages, tools, false)?;
        let start = common_prefix(&asked, &whole);
        Ok(TokenizedRow::learned_from(whole, start))
    }

    pub(super) fn render(
        &self,
        messages: &[Message],
        tools: Option<&Value>,
        add_generation_prompt: bool,
    ) -> Result<Vec<u32>> {
        let rendered = self
            .template
            .render_with(messages, tools, add_generation_prompt)?;
        self.tokenizer.encode(&rendered.text)
    }
}

impl TokenizedRow {
    /// Learns everything from token `start` on.
    pub(super) fn learned_from(tokens: Vec<u32>, start: usize) -> Self {
        let loss_mask = (0..tokens.len()).map(|index| index >= start).collect();
        Self { tokens, loss_mask }.without_first()
    }

    /// Nothing comes before the first token that could predict it.
    pub(super) fn without_first(mut self) -> Self {
        if let Some(first) = self.loss_mask.first_mut() {
            *first = false;
        }
        self
    }

    /// What is learned of a row with such a content: of a plain text all pieces of at most
    /// `max_length` tokens, of any other its beginning.
    pub fn fitted(mut self, content: &RowContent, max_length: usize) -> Vec<Self> {
        if !matches!(content, RowContent::Text { .. }) {
            self.cut(max_length);
            return vec![self];
        }
        let pieces = self.tokens.chunks(max_length.max(1));
        pieces
            .map(|tokens| Self::learned_from(tokens.to_vec(), 0))
            .collect()
    }

    /// Keeps the first `max_length` tokens; says whether some were lost.
    pub fn cut(&mut self, max_length: usize) -> bool {
        let too_long = self.tokens.len() > max_length;
        self.tokens.truncate(max_length);
        self.loss_mask.truncate(max_length);
        too_long
    }

    /// How many tokens are learned.
    pub fn learned(&self) -> usize {
        self.loss_mask.iter().filter(|learned| **learned).count()
    }
}
