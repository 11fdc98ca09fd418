//! One model version that answers questions in batches.

use std::{path::Path, sync::Arc, time::Instant};

use shared::{
    evaluation::Decoding,
    message::Message,
    model_export::{ExportCheck, ModelExportFormat},
};
use trainer::{
    adapter::Adapter,
    data::Encoder,
    export::export,
    generate::{
        Decoder, FinishReason, GenerateRequest, Generated, Generator, ModelDecoder, Sampling,
    },
    model::ModelConfig,
    run::Interrupter,
};

use super::{InferenceError, bases::Base};

/// Questions that are answered at the same time at most.
pub(super) const MAX_BATCH: usize = 32;

/// Memory that the keys and values of one batch may take.
const CACHE_BYTES: usize = 512 << 20;

/// A model version in memory. While it lives, its base is not freed.
#[derive(Clone, Debug)]
pub struct ModelInUse {
    pub(super) base: Arc<Base>,
    pub(super) adapter: Option<Arc<Adapter>>,
}

/// Questions to one model version.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The system message before conversations that have none; absent for none.
    pub system: Option<&'a str>,
    /// The questions.
    pub questions: &'a [Question],
    /// How answers are generated; each question brings its own seed.
    pub decoding: Decoding,
}

/// A conversation that waits for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Its turns, the last one not the model's.
    pub messages: Vec<Message>,
    /// Decides what is drawn.
    pub seed: u64,
}

impl Question {
    /// The question with this number of several that share a seed. Each draws on its own, whatever
    /// else is asked at the same time.
    #[must_use]
    pub const fn numbered(messages: Vec<Message>, seed: u64, number: u64) -> Self {
        let seed = seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self { messages, seed }
    }

    /// The same question, to draw another answer to it; the first draw, 0, is the question itself.
    #[must_use]
    pub(super) fn draw(&self, draw: u64) -> Self {
        Self {
            messages: self.messages.clone(),
            seed: self.seed.wrapping_add(draw),
        }
    }
}

/// What the model said.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The text.
    pub text: String,
    /// Tokens of the rendered question.
    pub prompt_tokens: usize,
    /// Tokens of the answer, with the one that ended it.
    pub output_tokens: usize,
    /// Tokens of the text alone.
    pub text_tokens: usize,
    /// From the start of its batch to its end, in milliseconds.
    pub latency_ms: f64,
    /// Whether it was cut because it had as many tokens as it may.
    pub cut_off: bool,
}

impl ModelInUse {
    pub(super) const fn new(base: Arc<Base>, adapter: Option<Arc<Adapter>>) -> Self {
        Self { base, adapter }
    }

    /// Whether one base in memory serves both.
    pub(super) fn shares_base_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.base, &other.base)
    }

    /// Answers every question, in their order, and tells the index of a question and a piece of its
    /// answer as soon as it is certain. Blocks; see [`on_thread`](super::on_thread).
    ///
    /// # Errors
    /// [`InferenceError::Interrupted`] if the interrupter was used before the last answer's end.
    pub fn answer(
        &self,
        asking: &Asking<'_>,
        on_text: &mut dyn FnMut(usize, &str),
        interrupter: &Interrupter,
    ) -> Result<Vec<Answer>, InferenceError> {
        self.answer_with(asking, &mut self.decoder(), on_text, interrupter)
    }

    /// Computes the logits of this version.
    pub(super) fn decoder(&self) -> ModelDecoder<'_> {
        ModelDecoder::new(&self.base.model, self.adapter.as_deref())
    }

    /// Answers with a decoder of this version.
    pub(super) fn answer_with(
        &self,
        asking: &Asking<'_>,
        decoder: &mut dyn Decoder,
        on_text: &mut dyn FnMut(usize, &str),
        interrupter: &Interrupter,
    ) -> Result<Vec<Answer>, InferenceError> {
        let requests = self.requests(asking, 0)?;
        let generated = self.generate(&requests, decoder, on_text, interrupter)?;
        self.finish(&requests, &generated)
    }

    /// The questions as requests to one of a decoder's adapters.
    pub(super) fn requests(
        &self,
        asking: &Asking<'_>,
        adapter: usize,
    ) -> Result<Vec<GenerateRequest>, InferenceError> {
        let encoder = Encoder::new(&self.base.loaded, asking.system, usize::MAX);
        let questions = asking.questions.iter();
        questions
            .map(|question| request(&encoder, question, asking.decoding, adapter))
            .collect()
    }

    /// Answers requests on the base of this version.
    pub(super) fn generate(
        &self,
        requests: &[GenerateRequest],
        decoder: &mut dyn Decoder,
        on_text: &mut dyn FnMut(usize, &str),
        interrupter: &Interrupter,
    ) -> Result<Vec<Generated>, InferenceError> {
        let loaded = &self.base.loaded;
        let start = Instant::now();
        let mut generator = Generator {
            decoder,
            tokenizer: &loaded.tokenizer,
            config: &loaded.config,
            batch_size: batch_size(&loaded.config, requests),
            clock: &|| start.elapsed(),
        };
        let generated = generator.generate(requests, on_text, interrupter)?;
        self.base.model.pool().sweep();
        Ok(generated)
    }

    /// Turns what was generated into answers.
    pub(super) fn finish(
        &self,
        requests: &[GenerateRequest],
        generated: &[Generated],
    ) -> Result<Vec<Answer>, InferenceError> {
        let answers = requests.iter().zip(generated);
        answers
            .map(|(request, generated)| self.finish_one(request, generated))
            .collect()
    }

    /// Writes it for other programs; see [`trainer::export::export`]. Blocks.
    ///
    /// # Errors
    /// [`InferenceError::Refused`] where the format cannot hold it, or the disk is full.
    pub fn export(
        &self,
        format: ModelExportFormat,
        path: &Path,
    ) -> Result<ExportCheck, InferenceError> {
        let check = export(&self.base.loaded, self.adapter.as_deref(), format, path)?;
        self.base.model.pool().sweep();
        Ok(check)
    }

    fn finish_one(
        &self,
        request: &GenerateRequest,
        generated: &Generated,
    ) -> Result<Answer, InferenceError> {
        if generated.finish == FinishReason::Interrupted {
            return Err(InferenceError::Interrupted);
        }
        // PostgreSQL's texts cannot hold a zero byte, and people cannot see it.
        let text = generated.text.replace('\0', "\u{fffd}");
        let text_tokens = self.base.loaded.tokenizer.encode(&text)?.len();
        Ok(Answer {
            text,
            prompt_tokens: request.prompt.len(),
            output_tokens: generated.tokens.len(),
            text_tokens,
            latency_ms: generated.latency.as_secs_f64() * 1e3,
            cut_off: generated.finish == FinishReason::Length,
        })
    }
}

fn request(
    encoder: &Encoder<'_>,
    question: &Question,
    decoding: Decoding,
    adapter: usize,
) -> Result<GenerateRequest, InferenceError> {
    Ok(GenerateRequest {
        prompt: encoder.prompt(&question.messages, None)?,
        adapter,
        sampling: Sampling {
            temperature: decoding.temperature,
            top_p: decoding.top_p,
            top_k: usize::try_from(decoding.top_k).unwrap_or(usize::MAX),
            seed: question.seed,
        },
        max_new_tokens: usize::try_from(decoding.max_new_tokens).unwrap_or(usize::MAX),
        stop: Vec::new(),
    })
}

/// As many as memory allows, if all were as long as the longest.
fn batch_size(config: &ModelConfig, requests: &[GenerateRequest]) -> usize {
    let lengths = requests
        .iter()
        .map(|request| request.prompt.len() + request.max_new_tokens);
    let longest = lengths.max().unwrap_or(1);
    let longest = longest.min(config.context()).max(1);
    let of_a_token = 2 * config.layers * config.kv_heads * config.head_dim * size_of::<f32>();
    (CACHE_BYTES / (longest * of_a_token.max(1))).clamp(1, MAX_BATCH)
}
