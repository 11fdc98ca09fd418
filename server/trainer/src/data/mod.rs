//! Rows, chat template, tokens with their loss mask, and the order of batches.

mod tokens;

pub use tokens::{TokenizedPair, TokenizedRow};
