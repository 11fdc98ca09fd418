//! The tokenizer of a model, without any addition of its own.
//!
//! Text comes rendered from the chat template, which writes the special tokens itself. So special
//! tokens are recognised in text, and none are put around it: with both, a row would begin with two
//! beginning-of-sequence tokens. Only plain documents, which no template renders, get them.

use std::fmt;
use std::ops::Range;

use tokenizers::Tokenizer;

use crate::error::{Result, TrainerError};

/// The texts of the tokens that templates refer to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpecialTokens {
    /// Put before a sequence.
    pub bos: Option<String>,
    /// Ends a sequence.
    pub eos: Option<String>,
    /// Fills short rows of a batch.
    pub pad: Option<String>,
    /// Stands for unknown text.
    pub unk: Option<String>,
}

/// Text to tokens and back.
#[derive(Clone)]
pub struct TextTokenizer {
    inner: Tokenizer,
    special: SpecialTokens,
}

impl fmt::Debug for TextTokenizer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TextTokenizer")
            .field("tokens", &self.inner.get_vocab_size(true))
            .field("special", &self.special)
            .finish()
    }
}

impl TextTokenizer {
    /// Takes over a tokenizer; cutting and padding that its file asks for are turned off.
    pub fn new(mut inner: Tokenizer, special: SpecialTokens) -> Result<Self> {
        inner.with_truncation(None).map_err(failed)?;
        inner.with_padding(None);
        Ok(Self { inner, special })
    }

    /// The tokens of a text in which special tokens are recognised; none are added.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = self.inner.encode_fast(text, false).map_err(failed)?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The tokens of a plain text, that no template renders: with what the model's makers put around
    /// every text, such as the beginning-of-sequence token, and with the end-of-sequence token behind
    /// it, unless it ends so itself.
    pub fn encode_document(&self, text: &str) -> Result<Vec<u32>> {
        let eos = self.special.eos.as_deref().unwrap_or_default();
        let end = if text.ends_with(eos) { "" } else { eos };
        let encoding = self.inner.encode_fast(format!("{text}{end}"), true);
        Ok(encoding.map_err(failed)?.get_ids().to_vec())
    }

    /// As [`encode`](Self::encode), with the bytes of the text that each token stands for.
    pub fn encode_with_spans(&self, text: &str) -> Result<Vec<(u32, Range<usize>)>> {
        let encoding = self.inner.encode(text, false).map_err(failed)?;
        let spans = encoding.get_offsets().iter();
        Ok(encoding
            .get_ids()
            .iter()
            .zip(spans)
            .map(|(&id, &(start, end))| (id, start..end))
            .collect())
    }

    /// The text of some tokens. Bytes that are no UTF-8 become U+FFFD.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String> {
        self.inner.decode(ids, skip_special).map_err(failed)
    }

    /// Decodes tokens as they come; see [`TokenStream`].
    pub fn stream(&self, skip_special: bool) -> TokenStream<'_> {
        TokenStream {
            tokenizer: self,
            skip_special,
            ids: Vec::new(),
            context: 0,
            told: 0,
        }
    }

    /// The id of a token given by its text, such as `<|im_end|>`.
    pub fn token_id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// Whether the model's makers put the beginning-of-sequence token before every text, which this
    /// one never does.
    pub fn begins_with_bos(&self) -> Result<bool> {
        let encoding = self.inner.encode("a", true).map_err(failed)?;
        let bos = self
            .special
            .bos
            .as_deref()
            .and_then(|bos| self.token_id(bos));
        Ok(bos.is_some() && encoding.get_ids().first() == bos.as_ref())
    }

    /// The special tokens' texts.
    pub const fn special(&self) -> &SpecialTokens {
        &self.special
    }

    /// The largest token id.
    pub fn largest_id(&self) -> u32 {
        let vocabulary = self.inner.get_vocab(true);
        vocabulary.into_values().max().unwrap_or(0)
    }

    /// The tokenizer as the text of a `tokenizer.json`.
    pub fn to_json(&self) -> Result<String> {
        self.inner.to_string(false).map_err(failed)
    }
}

/// Turns tokens into text one by one, holding back what is not whole yet.
///
/// A token of a byte-level tokenizer can end inside a character, and how a token is spelled can
/// depend on the one before it; so each piece is the difference of two decodings.
#[derive(Debug)]
pub struct TokenStream<'a> {
    tokenizer: &'a TextTokenizer,
    skip_special: bool,
    ids: Vec<u32>,
    /// Where the decoded window begins.
    context: usize,
    /// How many tokens are told already.
    told: usize,
}

impl TokenStream<'_> {
    /// Takes one token and returns the text that became whole with it, possibly none.
    pub fn push(&mut self, id: u32) -> Result<String> {
        self.ids.push(id);
        let piece = self.pending()?;
        if piece.ends_with(char::REPLACEMENT_CHARACTER) {
            return Ok(String::new());
        }
        self.context = self.told;
        self.told = self.ids.len();
        Ok(piece)
    }

    /// What is still held back, at the end.
    pub fn finish(&mut self) -> Result<String> {
        let piece = self.pending()?;
        self.context = self.ids.len();
        self.told = self.ids.len();
        Ok(piece)
    }

    fn pending(&self) -> Result<String> {
        let told = &self.ids[self.context..self.told];
        let before = self.tokenizer.decode(told, self.skip_special)?;
        let all = self
            .tokenizer
            .decode(&self.ids[self.context..], self.skip_special)?;
        Ok(all.get(before.len()..).unwrap_or_default().to_owned())
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err asks for"
)]
fn failed(error: tokenizers::Error) -> TrainerError {
    TrainerError::Tokenizer(error.to_string())
}
