//! One growing answer: tokens to text, stop texts, and the end.

use super::request::{FinishReason, GenerateRequest};
use super::sample::Sampler;
use crate::error::Result;
use crate::model::{TextTokenizer, TokenStream};

/// An answer while it is generated.
pub(super) struct Answer<'a> {
    request: &'a GenerateRequest,
    stop_tokens: &'a [u32],
    sampler: Sampler,
    stream: TokenStream<'a>,
    pub(super) text: String,
    /// How much of the text was told; the rest could be the beginning of a stop text.
    told: usize,
    pub(super) tokens: Vec<u32>,
    pub(super) finish: Option<FinishReason>,
}

impl<'a> Answer<'a> {
    pub(super) fn new(
        request: &'a GenerateRequest,
        stop_tokens: &'a [u32],
        tokenizer: &'a TextTokenizer,
    ) -> Self {
        Self {
            request,
            stop_tokens,
            sampler: Sampler::new(request.sampling),
            stream: tokenizer.stream(true),
            text: String::new(),
            told: 0,
            tokens: Vec::new(),
            finish: None,
        }
    }

    /// Takes the logits `[V]` that follow, chooses a token and says which, unless the answer ends.
    pub(super) fn advance(&mut self, logits: &[f32], room: usize) -> Result<Option<u32>> {
        let token = self.sampler.next(logits);
        self.tokens.push(token);
        if self.stop_tokens.contains(&token) {
            self.end(FinishReason::Stop)?;
            return Ok(None);
        }
        let piece = self.stream.push(token)?;
        self.text.push_str(&piece);
        if self.cut_at_stop_text(piece.len()) {
            self.finish = Some(FinishReason::Stop);
        } else if self.tokens.len() >= self.request.max_new_tokens.min(room) {
            self.end(FinishReason::Length)?;
        }
        Ok(self.finish.is_none().then_some(token))
    }

    /// Ends the answer with what is still held back.
    pub(super) fn end(&mut self, reason: FinishReason) -> Result<()> {
        let rest = self.stream.finish()?;
        self.text.push_str(&rest);
        let stopped = self.cut_at_stop_text(rest.len());
        self.finish = Some(if stopped { FinishReason::Stop } else { reason });
        Ok(())
    }

    /// The text that is certain by now and was not told before.
    pub(super) fn news(&mut self) -> &str {
        let certain = match self.finish {
            Some(_) => self.text.len(),
            None => self.text.len() - self.held_back(),
        };
        let from = self.told.min(certain);
        self.told = certain.max(self.told);
        &self.text[from..certain.max(from)]
    }

    /// Cuts the text at the first stop text that ends in the last `added` bytes.
    fn cut_at_stop_text(&mut self, added: usize) -> bool {
        let stops = self.request.stop.iter().filter(|stop| !stop.is_empty());
        let found = stops.filter_map(|stop| {
            let earliest = self.text.len().saturating_sub(added + stop.len() - 1);
            let start = self.text.floor_char_boundary(earliest);
            self.text[start..].find(stop).map(|place| start + place)
        });
        let first = found.min();
        if let Some(place) = first {
            self.text.truncate(place);
        }
        first.is_some()
    }

    /// Bytes at the end that a stop text begins with.
    fn held_back(&self) -> usize {
        let stops = self.request.stop.iter();
        let held = stops.filter_map(|stop| {
            let lengths = (1..stop.len())
                .rev()
                .filter(|length| stop.is_char_boundary(*length));
            lengths
                .into_iter()
                .find(|length| self.text.ends_with(&stop[..*length]))
        });
        held.max().unwrap_or(0)
    }
}
