//! LoRA weights (Hu et al. 2021), with a head that scores where they make a reward model; reading and writing the format of PEFT.
//!
//! All numbers of an adapter lie in one flat tensor, so that the optimizer, clipping and
//! checkpoints see one tensor; the layers see views of it. The A matrices of layers that read the
//! same input lie together and multiply it at once. No training loop and no base weights in here,
//! but for [`merged_weight`] and what a weight-decomposed adapter (DoRA) takes from them: the norms of
//! their rows.

mod config;
mod decomposed;
mod files;
mod fresh;
mod layout;
mod merge;
#[cfg(test)]
mod tests;
mod views;

pub use config::PeftConfig;
pub use decomposed::{RowScale, RowScales};
pub use files::{base_tensor, load, parse, save, to_safetensors};
pub(crate) use fresh::{normal, score_head};
pub use layout::{Group, LoraShape, adapted_outputs, parameters};
pub use merge::{merged, merged_weight};
pub use views::{Adapter, Gradients, LoraGroup, LoraPart, Piece};
