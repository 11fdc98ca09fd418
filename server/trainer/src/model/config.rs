//! The numbers that shape a model, and what is refused.

use super::Architecture;

/// The configuration of a decoder-only transformer.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelConfig {
    /// The family.
    pub architecture: Architecture,
    /// Width of the residual stream, D.
    pub hidden_size: usize,
    /// Width of the MLP, F.
    pub intermediate_size: usize,
    /// Number of blocks, L.
    pub layers: usize,
    /// Query heads, H.
    pub heads: usize,
    /// Key and value heads; divides `heads`.
    pub kv_heads: usize,
    /// Numbers in one head.
    pub head_dim: usize,
    /// Tokens in the vocabulary, V.
    pub vocab_size: usize,
    /// Added to the mean square in RMSNorm.
    pub rms_norm_eps: f64,
    /// The base of the rotary frequencies.
    pub rope_theta: f64,
    /// Llama 3's change of the rotary frequencies.
    pub rope_scaling: Option<RopeScaling>,
    /// Whether the output head is the embedding.
    pub tie_word_embeddings: bool,
    /// The longest sequence the model was made for; see [`Self::context`].
    pub max_position_embeddings: usize,
    /// How many tokens back each token sees, itself included; absent for all.
    pub sliding_window: Option<usize>,
    /// The token put before a sequence, if any.
    pub bos_token_id: Option<u32>,
    /// The tokens that end a generation.
    pub eos_token_ids: Vec<u32>,
}

/// Llama 3's `rope_scaling`: low frequencies are divided, high ones kept, the rest blended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RopeScaling {
    /// How much low frequencies are divided.
    pub factor: f64,
    /// Where the low band ends, in wavelengths of the original context.
    pub low_freq_factor: f64,
    /// Where the high band begins, in wavelengths of the original context.
    pub high_freq_factor: f64,
    /// The context the model was first trained with.
    pub original_max_position_embeddings: usize,
}

impl ModelConfig {
    /// The longest sequence that can be computed. A model with a sliding window computes the same
    /// as one without as long as everything is inside it, so no sequence may be longer.
    pub fn context(&self) -> usize {
        let most = self.max_position_embeddings;
        self.sliding_window.map_or(most, |window| most.min(window))
    }

    /// Whether the numbers fit each other, or else which do not.
    pub(super) fn check(&self) -> Result<(), String> {
        let (heads, kv_heads) = (self.heads, self.kv_heads);
        if kv_heads == 0 || !heads.is_multiple_of(kv_heads) {
            return Err(format!(
                "num_attention_heads = {heads} is no multiple of num_key_value_heads = {kv_heads}"
            ));
        }
        if self.head_dim == 0 || !self.head_dim.is_multiple_of(2) {
            return Err(format!(
                "head_dim = {} is not even, which rotary positions need",
                self.head_dim
            ));
        }
        Ok(())
    }

    /// Adds a token that ends a generation, once.
    pub(super) fn add_stop_token(&mut self, id: u32) {
        if !self.eos_token_ids.contains(&id) {
            self.eos_token_ids.push(id);
        }
    }
}
