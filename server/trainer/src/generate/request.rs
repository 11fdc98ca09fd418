//! What is asked of a model, and what comes back.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One answer to be generated.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerateRequest {
    /// The rendered and tokenized conversation, ending with the beginning of an answer.
    pub prompt: Vec<u32>,
    /// Which of the decoder's adapters answers; 0 where it has one, or none.
    pub adapter: usize,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// The most tokens of the answer.
    pub max_new_tokens: usize,
    /// Texts that end the answer; they are not part of it.
    pub stop: Vec<String>,
}

/// How a token is chosen from the model's probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sampling {
    /// Logits are divided by it; 0 takes the most probable token.
    pub temperature: f64,
    /// The most probable tokens that together have this probability are kept (nucleus sampling,
    /// Holtzman et al. 2019); 1 keeps all.
    pub top_p: f64,
    /// So many most probable tokens are kept; 0 keeps all.
    pub top_k: usize,
    /// Decides what is drawn.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 0.0,
            top_p: 1.0,
            top_k: 0,
            seed: 0,
        }
    }
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The answer, without special tokens and without what stopped it.
    pub text: String,
    /// The tokens that were generated, with the one that ended it.
    pub tokens: Vec<u32>,
    /// Why it ended.
    pub finish: FinishReason,
    /// From the start of its batch to its end.
    pub latency: Duration,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model ended it, or a stop text came.
    Stop,
    /// It has as many tokens as it may, or the context is full.
    Length,
    /// Somebody cancelled.
    Interrupted,
}
