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
    /// The MLP's function of the gate.
    pub activation: Activation,
    /// What token embeddings are multiplied by, if they are.
    pub embedding_scale: Option<f64>,
    /// Scores of attention are divided by its root; mostly `head_dim`.
    pub query_pre_attn_scalar: usize,
    /// The base of the rotary frequencies.
    pub rope_theta: f64,
    /// The change of the rotary frequencies for longer sequences.
    pub rope_scaling: Option<RopeScaling>,
    /// Whether the output head is the embedding.
    pub tie_word_embeddings: bool,
    /// The longest sequence the model was made for.
    pub max_position_embeddings: usize,
    /// The blocks whose tokens do not see all that is before them, if there are any.
    pub sliding_window: Option<SlidingWindow>,
    /// The token put before a sequence, if any.
    pub bos_token_id: Option<u32>,
    /// The tokens that end a generation.
    pub eos_token_ids: Vec<u32>,
}

/// The function of the gate in a gated MLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `x·σ(x)`.
    Silu,
    /// The approximation of GELU by tanh (Hendrycks and Gimpel 2016).
    GeluTanh,
}

/// Blocks in which each token sees only the tokens nearest before it.
#[derive(Clone, Debug, PartialEq)]
pub struct SlidingWindow {
    /// How many tokens each token sees, itself included.
    pub tokens: usize,
    /// For each block whether it is one of them, `[L]`.
    pub layers: Vec<bool>,
    /// The base of their rotary frequencies, which are not scaled then; absent where they rotate as
    /// the other blocks do.
    pub rope_theta: Option<f64>,
}

impl SlidingWindow {
    /// The number `n` with which every n-th block sees all and the others a window, if the blocks
    /// are like that. Where none of them sees all, it is larger than their number.
    pub fn pattern(&self) -> Option<usize> {
        let full = self.layers.iter().position(|slides| !slides);
        let pattern = full.unwrap_or(self.layers.len()) + 1;
        (self.layers == Self::by_pattern(pattern, self.layers.len())).then_some(pattern)
    }

    /// For each of `layers` blocks whether it has a window, if every `pattern`-th has none.
    pub(super) fn by_pattern(pattern: usize, layers: usize) -> Vec<bool> {
        (1..=layers)
            .map(|number| !number.is_multiple_of(pattern))
            .collect()
    }
}

/// How rotary frequencies are changed for sequences longer than a model was first trained with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RopeScaling {
    /// All are divided by a factor (Chen et al. 2023).
    Linear {
        /// What they are divided by.
        factor: f64,
    },
    /// Llama 3's.
    Llama3(Llama3Scaling),
}

/// Llama 3's scaling: low frequencies are divided, high ones kept, the rest blended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Llama3Scaling {
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
    /// The longest sequence that can be computed.
    pub const fn context(&self) -> usize {
        self.max_position_embeddings
    }

    /// The window of a block, if it has one.
    pub fn window_of(&self, layer: usize) -> Option<&SlidingWindow> {
        let window = self.sliding_window.as_ref()?;
        (window.layers.get(layer) == Some(&true)).then_some(window)
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
