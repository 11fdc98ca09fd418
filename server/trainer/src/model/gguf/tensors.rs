//! The tensors of a GGUF file under Hugging Face's names, widened to f32 or as their blocks.

use std::collections::HashSet;
use std::path::Path;

use candle_core::quantized::gguf_file::TensorInfo;

use super::header::Header;
use crate::error::Result;
use crate::model::Architecture;
use crate::model::assemble::TensorSource;
use crate::ops::Blocks;

/// The norms that are called `post_attention_layernorm` and `ffn_norm` in most families are two in
/// those with norms behind attention.
const BLOCK_WITH_POST_NORMS: [(&str, &str); 3] = [
    ("post_attention_layernorm", "post_attention_norm"),
    ("pre_feedforward_layernorm", "ffn_norm"),
    ("post_feedforward_layernorm", "post_ffw_norm"),
];

/// The tensors of one block: Hugging Face's name and GGUF's.
const BLOCK: [(&str, &str); 11] = [
    ("input_layernorm", "attn_norm"),
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.q_norm", "attn_q_norm"),
    ("self_attn.k_norm", "attn_k_norm"),
    ("self_attn.o_proj", "attn_output"),
    ("post_attention_layernorm", "ffn_norm"),
    ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
];

/// A GGUF file as a source of tensors.
pub(in crate::model) struct Tensors {
    header: Header,
    architecture: Architecture,
    read: HashSet<String>,
}

impl Tensors {
    pub(super) fn new(header: Header, architecture: Architecture) -> Self {
        Self {
            header,
            architecture,
            read: HashSet::new(),
        }
    }

    pub(super) const fn header(&self) -> &Header {
        &self.header
    }

    /// The heads whose rows are interleaved in this tensor, if it is a query or key projection.
    fn interleaved_heads(&self, name: &str) -> Option<usize> {
        if !self.architecture.pairs_in_gguf() {
            return None;
        }
        let prefix = self.architecture.gguf();
        let heads = self
            .header
            .count(&format!("{prefix}.attention.head_count"))?;
        if name.ends_with("q_proj.weight") {
            Some(heads)
        } else if name.ends_with("k_proj.weight") {
            let key = format!("{prefix}.attention.head_count_kv");
            Some(self.header.count(&key).unwrap_or(heads))
        } else {
            None
        }
    }
}

impl TensorSource for Tensors {
    fn path(&self) -> &Path {
        &self.header.path
    }

    fn has(&self, name: &str) -> bool {
        let tensors = &self.header.content.tensor_infos;
        tensors.contains_key(&gguf_name(name, self.architecture))
    }

    fn read(&mut self, name: &str) -> Result<(Vec<usize>, Vec<f32>)> {
        let stored = gguf_name(name, self.architecture);
        let (shape, numbers) = self.header.dequantise(&stored)?;
        self.read.insert(stored);
        match (self.interleaved_heads(name), shape.as_slice()) {
            (Some(heads), &[rows, columns]) if rows.is_multiple_of(2 * heads.max(1)) => {
                let numbers = halves_of_heads(&numbers, heads, columns);
                Ok((shape, numbers))
            }
            _ => Ok((shape, numbers)),
        }
    }

    fn blocks(&mut self, name: &str) -> Result<Option<Blocks>> {
        let stored = gguf_name(name, self.architecture);
        let infos = &self.header.content.tensor_infos;
        let is_quantised = |info: &TensorInfo| info.ggml_dtype.block_size() > 1;
        if !infos.get(&stored).is_some_and(is_quantised) {
            return Ok(None);
        }
        let heads = self.interleaved_heads(name);
        let blocks = self.header.blocks(&stored, heads)?;
        self.read.insert(stored);
        Ok(blocks)
    }

    fn block_bytes(&self) -> Option<usize> {
        let infos = self.header.content.tensor_infos.values();
        let mut bytes = 0;
        let mut is_quantised = false;
        for TensorInfo {
            shape, ggml_dtype, ..
        } in infos
        {
            let block = ggml_dtype.block_size();
            is_quantised |= block > 1;
            bytes += match block {
                1 => shape.elem_count() * 4,
                block => shape.elem_count() / block * ggml_dtype.type_size(),
            };
        }
        is_quantised.then_some(bytes)
    }

    fn unread(&self) -> Vec<String> {
        let tensors = self.header.content.tensor_infos.keys();
        tensors
            .filter(|name| !self.read.contains(*name))
            .cloned()
            .collect()
    }
}

/// `model.layers.3.mlp.up_proj.weight` to `blk.3.ffn_up.weight`; other names stay.
pub(crate) fn gguf_name(name: &str, architecture: Architecture) -> String {
    match name {
        "model.embed_tokens.weight" => return "token_embd.weight".to_owned(),
        "model.norm.weight" => return "output_norm.weight".to_owned(),
        "lm_head.weight" => return "output.weight".to_owned(),
        _ => {}
    }
    let block = name.strip_prefix("model.layers.").and_then(|rest| {
        let (rest, kind) = rest.rsplit_once('.')?;
        let (layer, part) = rest.split_once('.')?;
        let first = if architecture.has_post_norms() {
            &BLOCK_WITH_POST_NORMS[..]
        } else {
            &[]
        };
        let (_, gguf) = first
            .iter()
            .chain(&BLOCK)
            .find(|(hugging_face, _)| *hugging_face == part)?;
        Some(format!("blk.{layer}.{gguf}.{kind}"))
    });
    block.unwrap_or_else(|| name.to_owned())
}

/// Rows of each head from pairs (0, d/2, 1, d/2+1, ...), as llama.cpp rotates them, to halves
/// (0, 1, ..., d/2, d/2+1, ...), as Hugging Face does. `numbers` is `[heads * d, columns]`, of numbers
/// or of the bytes that hold them.
pub(crate) fn halves_of_heads<T: Copy>(numbers: &[T], heads: usize, columns: usize) -> Vec<T> {
    let head_dim = numbers.len() / (heads * columns);
    let mut halves = Vec::with_capacity(numbers.len());
    for head in numbers.chunks_exact(head_dim * columns) {
        for first in 0..2 {
            let rows = head.chunks_exact(columns).skip(first).step_by(2);
            rows.for_each(|row| halves.extend_from_slice(row));
        }
    }
    halves
}

/// The inverse of [`halves_of_heads`].
pub(crate) fn pairs_of_heads(numbers: &[f32], heads: usize, columns: usize) -> Vec<f32> {
    let head_dim = numbers.len() / (heads * columns);
    let mut pairs = Vec::with_capacity(numbers.len());
    for head in numbers.chunks_exact(head_dim * columns) {
        let (first, second) = head.split_at(head_dim / 2 * columns);
        let rows = first
            .chunks_exact(columns)
            .zip(second.chunks_exact(columns));
        rows.for_each(|(one, other)| {
            pairs.extend_from_slice(one);
            pairs.extend_from_slice(other);
        });
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_become_halves() {
        // Two heads of four rows with two columns; a row holds its half-order index.
        let rows = [0, 2, 1, 3, 4, 6, 5, 7].map(|row| row as f32);
        let numbers: Vec<f32> = rows.iter().flat_map(|&row| [row, row]).collect();
        let halves = halves_of_heads(&numbers, 2, 2);
        let expected: Vec<f32> = (0..8).flat_map(|row| [row as f32, row as f32]).collect();
        assert_eq!(halves, expected);
        assert_eq!(pairs_of_heads(&halves, 2, 2), numbers);
    }

    #[test]
    fn names_of_blocks() {
        let llama = |name| gguf_name(name, Architecture::Llama);
        let name = llama("model.layers.12.post_attention_layernorm.weight");
        assert_eq!(name, "blk.12.ffn_norm.weight");
        let name = llama("model.layers.3.self_attn.k_proj.bias");
        assert_eq!(name, "blk.3.attn_k.bias");
        assert_eq!(llama("rope_freqs.weight"), "rope_freqs.weight");
        for (part, expected) in BLOCK_WITH_POST_NORMS {
            let name = format!("model.layers.1.{part}.weight");
            let name = gguf_name(&name, Architecture::Gemma3);
            assert_eq!(name, format!("blk.1.{expected}.weight"));
        }
    }
}
