//! A base model: its configuration, weights, tokenizer and chat template.
//!
//! [`load`] reads a Hugging Face folder or a GGUF file into the same [`LoadedModel`];
//! [`export_safetensors`] writes one back as a folder. Only Llama-shaped models are understood:
//! whatever would change the numbers and is not implemented is refused by its name, never ignored.
//! Nothing here computes with the weights, and nothing here knows of rows or runs.
//!
//! # Adding an architecture
//! 1. Name it in `folder::config` and `gguf::config` with the settings that it may have, and refuse
//!    the rest of its settings by name.
//! 2. Put what differs from Llama into [`ModelConfig`] (a bias, another norm), so that the engine
//!    decides by values and not by an architecture's name.
//! 3. List its tensors and their shapes in `assemble`, and their GGUF names in `gguf::tensors`.
//! 4. Add a tiny random model to `tests/reference/` and compare its logits.

mod assemble;
mod config;
mod export;
mod folder;
mod gguf;
mod hash;
mod loaded;
mod reason;
mod tokenizer;
mod weights;

pub use config::{ModelConfig, RopeScaling};
pub use export::export_safetensors;
pub use loaded::{LoadedModel, Outline, load, outline};
pub use tokenizer::{SpecialTokens, TextTokenizer, TokenStream};
pub use weights::{LayerWeights, Weights};
