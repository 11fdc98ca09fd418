//! A model in GGUF's form (version 2 and 3): one file with metadata, tokenizer and weights, which
//! may be quantised. Quantised weights are widened to f32 while loading, or kept as they are and widened
//! where they are multiplied.

mod config;
mod header;
mod tensors;
mod tokenizer;

use std::path::Path;

use super::loaded::Opened;
use crate::error::Result;

pub(crate) use config::{FREQUENCY_FACTORS, frequency_factors, query_scalar};
use header::Header;
pub(crate) use header::Header as GgufHeader;
use tensors::Tensors;
pub(crate) use tensors::{gguf_name, halves_of_heads, pairs_of_heads};
pub(crate) use tokenizer::{PRE_TOKENIZERS, untrained, with_pre_tokenizer};

/// Reads everything but the weights.
pub(super) fn open(path: &Path) -> Result<Opened<Tensors>> {
    let header = Header::open(path)?;
    let (tokenizer, template) = tokenizer::read(&header)?;
    let architecture = config::architecture(&header)?;
    let mut source = Tensors::new(header, architecture);
    let mut config = config::read(&mut source, architecture)?;
    for stop in [
        tokenizer::eot(source.header()),
        tokenizer.special().eos.clone(),
    ] {
        if let Some(id) = stop.and_then(|token| tokenizer.token_id(&token)) {
            config.add_stop_token(id);
        }
    }
    Ok(Opened {
        config,
        tokenizer,
        template,
        weight_files: vec![path.to_path_buf()],
        source,
    })
}
