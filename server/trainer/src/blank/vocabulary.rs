//! The tokenizer of a blank model.

use shared::blank::VOCABULARY;
use tokenizers::AddedToken;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::BpeTrainerBuilder;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;

use crate::data::ChatTemplate;
use crate::error::{Result, TrainerError};
use crate::model::gguf::untrained;
use crate::model::{Outline, SpecialTokens, TextTokenizer};

/// Ends a text, and fills short rows.
const END_OF_TEXT: &str = "<|endoftext|>";
/// Opens a turn.
const TURN: &str = "<|im_start|>";
/// Ends a turn.
const END_OF_TURN: &str = "<|im_end|>";

/// `ChatML`, as the special tokens above are used.
const CHATML: &str = "{%- for message in messages -%}\
    {{ '<|im_start|>' ~ message.role ~ '\n' ~ message.content ~ '<|im_end|>\n' }}\
    {%- endfor -%}\
    {%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// How GGUF names the splitting that trained tokenizers have: each digit alone, then GPT-2's words.
const SPLITTING: &str = "smollm";

/// A pair of tokens must recur to become one.
const LEAST_FREQUENCY: u64 = 2;

/// The tokens of a blank model, and how conversations are written with them.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    tokenizer: TextTokenizer,
    template: ChatTemplate,
    bos: Option<u32>,
    stops: Vec<u32>,
}

impl Vocabulary {
    /// Those of a model.
    pub fn of_model(model: Outline) -> Self {
        Self {
            tokenizer: model.tokenizer,
            template: model.template,
            bos: model.config.bos_token_id,
            stops: model.config.eos_token_ids,
        }
    }

    /// Trains byte-level BPE (Sennrich et al. 2016) on texts until it has `size` tokens, or no pair of
    /// tokens recurs. All bytes are tokens, so that nothing is unknown; conversations are `ChatML`.
    ///
    /// # Errors
    /// [`TrainerError::Config`] for a size out of [`VOCABULARY`], and without any text.
    pub fn trained<I>(texts: I, size: usize) -> Result<Self>
    where
        I: IntoIterator<IntoIter: Send, Item: AsRef<str> + Send>,
    {
        if !VOCABULARY.contains(&size) {
            let (least, most) = (VOCABULARY.start(), VOCABULARY.end());
            return Err(refuse(format!("must be from {least} to {most}")));
        }
        let mut texts = texts
            .into_iter()
            .filter(|text| !text.as_ref().trim().is_empty())
            .peekable();
        if texts.peek().is_none() {
            return Err(refuse(
                "there is no text to train a tokenizer on".to_owned(),
            ));
        }
        let specials = [END_OF_TEXT, TURN, END_OF_TURN];
        let trainer = BpeTrainerBuilder::new()
            .vocab_size(size)
            .min_frequency(LEAST_FREQUENCY)
            .show_progress(false)
            .special_tokens(specials.map(|text| AddedToken::from(text, true)).to_vec())
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
            .build();
        let inner = untrained(SPLITTING);
        let mut inner = inner.ok_or_else(|| {
            TrainerError::Tokenizer(format!("the splitting {SPLITTING} is not known"))
        })?;
        inner
            .train(&mut TrainerWrapper::BpeTrainer(trainer), texts)
            .map_err(|error| TrainerError::Tokenizer(error.to_string()))?;
        let special = SpecialTokens {
            bos: None,
            eos: Some(END_OF_TEXT.to_owned()),
            pad: Some(END_OF_TEXT.to_owned()),
            unk: None,
        };
        let tokenizer = TextTokenizer::new(inner, special.clone())?;
        let stops = [END_OF_TEXT, END_OF_TURN].into_iter();
        Ok(Self {
            stops: stops.filter_map(|text| tokenizer.token_id(text)).collect(),
            tokenizer,
            template: ChatTemplate::new(CHATML, special)?,
            bos: None,
        })
    }

    /// How many tokens there are.
    pub fn size(&self) -> usize {
        self.tokenizer.largest_id() as usize + 1
    }

    /// The tokenizer.
    pub const fn tokenizer(&self) -> &TextTokenizer {
        &self.tokenizer
    }

    /// The chat template.
    pub const fn template(&self) -> &ChatTemplate {
        &self.template
    }

    /// The token put before a sequence, if any.
    pub(super) const fn bos(&self) -> Option<u32> {
        self.bos
    }

    /// The tokens that end a generation.
    pub(super) fn stops(&self) -> &[u32] {
        &self.stops
    }
}

fn refuse(reason: String) -> TrainerError {
    TrainerError::Config {
        field: "vocabulary",
        reason,
    }
}
