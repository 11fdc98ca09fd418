//! The families of models that are understood, what each is called where, and what it has that
//! Llama has not.

use super::Activation;

/// A family of decoder-only transformers.
///
/// They share Llama's block: RMSNorm, rotary positions, grouped-query attention and a gated MLP.
/// The engine never asks for the family; it goes by the weights that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// Llama 2 and 3, and what was made in their shape, such as SmolLM2.
    Llama,
    /// Llama's block; older versions attend to a window only.
    Mistral,
    /// A bias on queries, keys and values. Qwen2 and Qwen2.5.
    Qwen2,
    /// A norm on each head of queries and keys.
    Qwen3,
    /// The same, norms behind attention and the MLP too, GELU in it, scaled embeddings, and windows
    /// in most blocks. The text models of Gemma 3.
    Gemma3,
}

impl Architecture {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Llama,
        Self::Mistral,
        Self::Qwen2,
        Self::Qwen3,
        Self::Gemma3,
    ];

    /// Its name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Llama => "Llama",
            Self::Mistral => "Mistral",
            Self::Qwen2 => "Qwen2",
            Self::Qwen3 => "Qwen3",
            Self::Gemma3 => "Gemma 3",
        }
    }

    /// transformers' class, as `architectures` of a `config.json` has it.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Llama => "LlamaForCausalLM",
            Self::Mistral => "MistralForCausalLM",
            Self::Qwen2 => "Qwen2ForCausalLM",
            Self::Qwen3 => "Qwen3ForCausalLM",
            Self::Gemma3 => "Gemma3ForCausalLM",
        }
    }

    /// The same of a reward model.
    pub(crate) const fn scoring_class(self) -> &'static str {
        match self {
            Self::Llama => "LlamaForSequenceClassification",
            Self::Mistral => "MistralForSequenceClassification",
            Self::Qwen2 => "Qwen2ForSequenceClassification",
            Self::Qwen3 => "Qwen3ForSequenceClassification",
            Self::Gemma3 => "Gemma3TextForSequenceClassification",
        }
    }

    /// `model_type` of a `config.json`.
    pub(crate) const fn model_type(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Mistral => "mistral",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
            Self::Gemma3 => "gemma3_text",
        }
    }

    /// `general.architecture` of a GGUF file, which tells no Mistral from a Llama.
    pub(crate) const fn gguf(self) -> &'static str {
        match self {
            Self::Llama | Self::Mistral => "llama",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
            Self::Gemma3 => "gemma3",
        }
    }

    /// The family of a GGUF file's `general.architecture`; Llama stands for Mistral too.
    pub fn of_gguf(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.gguf() == name)
    }

    /// Whether queries, keys and values have a bias.
    pub(crate) const fn has_attention_bias(self) -> bool {
        matches!(self, Self::Qwen2)
    }

    /// Whether each head of queries and keys is normed.
    pub(crate) const fn has_head_norms(self) -> bool {
        matches!(self, Self::Qwen3 | Self::Gemma3)
    }

    /// Whether what attention and the MLP give is normed before it is added.
    pub(crate) const fn has_post_norms(self) -> bool {
        matches!(self, Self::Gemma3)
    }

    /// Whether safetensors hold the weights of norms less one, so that training begins at zero. GGUF
    /// files hold them as they multiply.
    pub(crate) const fn norms_less_one(self) -> bool {
        matches!(self, Self::Gemma3)
    }

    /// The MLP's function of the gate.
    pub(super) const fn activation(self) -> Activation {
        match self {
            Self::Gemma3 => Activation::GeluTanh,
            _ => Activation::Silu,
        }
    }

    /// What token embeddings of a width are multiplied by, if they are.
    pub(super) fn embedding_scale(self, hidden_size: usize) -> Option<f64> {
        matches!(self, Self::Gemma3).then(|| (hidden_size as f64).sqrt())
    }

    /// Whether GGUF files hold the rows of a query's or key's head in pairs, as llama.cpp rotates
    /// them, instead of in halves.
    pub(crate) const fn pairs_in_gguf(self) -> bool {
        matches!(self, Self::Llama | Self::Mistral)
    }
}
