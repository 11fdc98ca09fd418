//! The tensors of a model under the names that Hugging Face gives them.

use candle_core::Tensor;

use super::{LayerWeights, Weights};
use crate::error::Result;

/// All tensors under Hugging Face's names; blocks are widened.
pub fn named_tensors(weights: &Weights) -> Result<Vec<(String, Tensor)>> {
    let mut named = vec![
        (
            "model.embed_tokens.weight".to_owned(),
            weights.embedding.numbers()?,
        ),
        ("model.norm.weight".to_owned(), weights.norm.clone()),
    ];
    if let Some(head) = &weights.head {
        named.push(("lm_head.weight".to_owned(), head.numbers()?));
    }
    if let Some(score) = &weights.score {
        named.push(("score.weight".to_owned(), score.numbers()?));
    }
    for (index, layer) in weights.layers.iter().enumerate() {
        let parts = layer_tensors(layer)?;
        named.extend(
            parts
                .into_iter()
                .map(|(part, tensor)| (format!("model.layers.{index}.{part}"), tensor)),
        );
    }
    Ok(named)
}

/// Whether a tensor, named as by Hugging Face, is the weight of an RMSNorm.
pub(crate) fn is_norm(name: &str) -> bool {
    name.ends_with("norm.weight")
}

fn layer_tensors(layer: &LayerWeights) -> Result<Vec<(&'static str, Tensor)>> {
    // With norms behind attention, the one before the MLP goes by another name.
    let mlp_norm = match &layer.post_norms {
        None => "post_attention_layernorm.weight",
        Some(_) => "pre_feedforward_layernorm.weight",
    };
    let mut parts = vec![
        ("input_layernorm.weight", layer.attention_norm.clone()),
        ("self_attn.q_proj.weight", layer.query.numbers()?),
        ("self_attn.k_proj.weight", layer.key.numbers()?),
        ("self_attn.v_proj.weight", layer.value.numbers()?),
        ("self_attn.o_proj.weight", layer.output.numbers()?),
        (mlp_norm, layer.mlp_norm.clone()),
        ("mlp.gate_proj.weight", layer.gate.numbers()?),
        ("mlp.up_proj.weight", layer.up.numbers()?),
        ("mlp.down_proj.weight", layer.down.numbers()?),
    ];
    if let Some(bias) = &layer.attention_bias {
        let mut first = 0;
        for (name, weight) in [
            ("self_attn.q_proj.bias", &layer.query),
            ("self_attn.k_proj.bias", &layer.key),
            ("self_attn.v_proj.bias", &layer.value),
        ] {
            let width = weight.dims2()?.0;
            parts.push((name, bias.narrow(0, first, width)?));
            first += width;
        }
    }
    if let Some(norms) = &layer.head_norms {
        parts.push(("self_attn.q_norm.weight", norms.query.clone()));
        parts.push(("self_attn.k_norm.weight", norms.key.clone()));
    }
    if let Some(norms) = &layer.post_norms {
        let (attention, mlp) = (norms.attention.clone(), norms.mlp.clone());
        parts.push(("post_attention_layernorm.weight", attention));
        parts.push(("post_feedforward_layernorm.weight", mlp));
    }
    Ok(parts)
}
