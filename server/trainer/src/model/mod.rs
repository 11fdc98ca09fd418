//! A base model: its configuration, weights, tokenizer and chat template.
//!
//! [`load`] reads a Hugging Face folder or a GGUF file into the same [`LoadedModel`];
//! [`crate::export`] writes one back. Llama, Mistral, Qwen2, Qwen3 and Gemma 3 are understood:
//! whatever would change the numbers and is not implemented is refused by its name, never ignored.
//! Nothing here computes with the weights but to widen them, and nothing here knows of rows or runs.
//!
//! # Adding an architecture
//! 1. Name it in [`Architecture`], and in `folder::config` and `gguf::config` with the settings that
//!    it may have; the rest of its settings is refused by name.
//! 2. Put what differs from Llama into [`ModelConfig`] or [`LayerWeights`] (a bias, another norm),
//!    so that the engine decides by what is there and not by an architecture's name.
//! 3. List its tensors and their shapes in `assemble`, and their GGUF names in `gguf::tensors`.
//! 4. Add a tiny random model to `tests/reference/architectures.py` and compare its logits and
//!    gradients in `parity/architectures`.

mod architecture;
mod assemble;
mod config;
mod folder;
pub(crate) mod gguf;
mod hash;
mod loaded;
mod matrix;
mod names;
mod reason;
mod tokenizer;
mod weights;

pub use architecture::Architecture;
pub use config::{Activation, Llama3Scaling, ModelConfig, RopeScaling, SlidingWindow};
pub use loaded::{LoadedModel, Outline, load, load_in, outline, read_config};
pub use matrix::{Matrix, Rows};
pub(crate) use names::is_norm;
pub use names::named_tensors;
pub use tokenizer::{SpecialTokens, TextTokenizer, TokenStream};
pub(crate) use weights::Weight;
pub use weights::{HeadNorms, Joined, LayerWeights, PostNorms, Weights};
