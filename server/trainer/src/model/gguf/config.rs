//! GGUF metadata to [`ModelConfig`], and what is refused.

use super::header::Header;
use super::tensors::Tensors;
use crate::error::Result;
use crate::model::assemble::TensorSource;
use crate::model::{Architecture, Llama3Scaling, ModelConfig, RopeScaling, SlidingWindow};

/// Metadata below the architecture's name that changes what the model computes in a way that is not
/// implemented; a zero is as good as nothing.
const UNSUPPORTED: [&str; 6] = [
    "expert_count",
    "logit_scale",
    "embedding_scale",
    "attention.scale",
    "attn_logit_softcapping",
    "final_logit_softcapping",
];

/// The frequency factors of Llama 3's scaled rotary positions, one for each pair of a head.
pub(crate) const FREQUENCY_FACTORS: &str = "rope_freqs.weight";

/// The base of a Gemma's blocks with a window, and every how many blocks one has none, where the
/// file does not say so; llama.cpp's values.
const LOCAL_THETA: f64 = 10_000.0;
const PATTERN: usize = 6;

/// The family of a file. GGUF calls a Mistral llama too, but only it has a window.
pub(super) fn architecture(header: &Header) -> Result<Architecture> {
    let name = header.text("general.architecture").unwrap_or("not named");
    let Some(architecture) = Architecture::of_gguf(name) else {
        return Err(header.refuse(format!(
            "its architecture is {name}; only llama, qwen2, qwen3 and gemma3 are supported"
        )));
    };
    let keys = Keys {
        header,
        architecture,
    };
    match (architecture, keys.window()) {
        (Architecture::Llama, Some(_)) => Ok(Architecture::Mistral),
        _ => Ok(architecture),
    }
}

pub(super) fn read(source: &mut Tensors, architecture: Architecture) -> Result<ModelConfig> {
    let header = source.header();
    let keys = Keys {
        header,
        architecture,
    };
    keys.check_supported()?;
    let heads = keys.needed_count("attention.head_count")?;
    let hidden_size = keys.needed_count("embedding_length")?;
    let head_dim = keys
        .count("attention.key_length")
        .unwrap_or(hidden_size / heads);
    keys.check_head(head_dim)?;
    let layers = keys.needed_count("block_count")?;
    let mut config = ModelConfig {
        architecture,
        hidden_size,
        intermediate_size: keys.needed_count("feed_forward_length")?,
        layers,
        heads,
        kv_heads: keys.count("attention.head_count_kv").unwrap_or(heads),
        head_dim,
        vocab_size: header.needed_texts("tokenizer.ggml.tokens")?.len(),
        rms_norm_eps: header.needed_number(&keys.name("attention.layer_norm_rms_epsilon"))?,
        activation: architecture.activation(),
        embedding_scale: architecture.embedding_scale(hidden_size),
        query_pre_attn_scalar: head_dim,
        rope_theta: keys.number("rope.freq_base").unwrap_or(10_000.0),
        rope_scaling: keys.linear_scaling()?,
        tie_word_embeddings: !source.has("lm_head.weight"),
        max_position_embeddings: keys.needed_count("context_length")?,
        sliding_window: keys.sliding_window(layers)?,
        bos_token_id: token_id(header, "tokenizer.ggml.bos_token_id"),
        eos_token_ids: token_id(header, "tokenizer.ggml.eos_token_id")
            .into_iter()
            .collect(),
    };
    config.query_pre_attn_scalar = query_scalar(&config);
    config.check().map_err(|reason| header.refuse(reason))?;
    if config.rope_scaling.is_none() {
        config.rope_scaling = frequency_scaling(source, &config)?.map(RopeScaling::Llama3);
    }
    Ok(config)
}

/// GGUF files do not hold `query_pre_attn_scalar`: llama.cpp takes the width of a head, but for the
/// Gemma of 27 billion parameters, which it knows by the number of its blocks.
pub(crate) fn query_scalar(config: &ModelConfig) -> usize {
    match (config.architecture, config.layers) {
        (Architecture::Gemma3, 62) => config.hidden_size / config.heads,
        _ => config.head_dim,
    }
}

fn token_id(header: &Header, key: &str) -> Option<u32> {
    header.count(key).and_then(|id| u32::try_from(id).ok())
}

/// The metadata of an architecture, whose keys begin with its name.
struct Keys<'a> {
    header: &'a Header,
    architecture: Architecture,
}

impl Keys<'_> {
    fn name(&self, key: &str) -> String {
        format!("{}.{key}", self.architecture.gguf())
    }

    fn count(&self, key: &str) -> Option<usize> {
        self.header.count(&self.name(key))
    }

    fn needed_count(&self, key: &str) -> Result<usize> {
        self.header.needed_count(&self.name(key))
    }

    fn number(&self, key: &str) -> Option<f64> {
        self.header.number(&self.name(key))
    }

    fn window(&self) -> Option<usize> {
        self.count("attention.sliding_window")
            .filter(|window| *window > 0)
    }

    fn sliding_window(&self, layers: usize) -> Result<Option<SlidingWindow>> {
        let Some(tokens) = self.window() else {
            return Ok(None);
        };
        let (slides, rope_theta) = match self.architecture {
            Architecture::Llama | Architecture::Mistral => (vec![true; layers], None),
            Architecture::Qwen2 | Architecture::Qwen3 => return Ok(None),
            Architecture::Gemma3 => {
                let theta = self.number("rope.freq_base_swa").unwrap_or(LOCAL_THETA);
                (self.sliding_layers(layers)?, Some(theta))
            }
        };
        Ok(slides.contains(&true).then_some(SlidingWindow {
            tokens,
            layers: slides,
            rope_theta,
        }))
    }

    /// A flag for each block, or the number with which every n-th has no window.
    fn sliding_layers(&self, layers: usize) -> Result<Vec<bool>> {
        let key = self.name("attention.sliding_window_pattern");
        let Some(value) = self.header.get(&key) else {
            return Ok(SlidingWindow::by_pattern(PATTERN, layers));
        };
        if let Some(pattern) = self.header.count(&key) {
            return Ok(SlidingWindow::by_pattern(pattern, layers));
        }
        let flags = value.to_vec().ok();
        let flags: Option<Vec<bool>> =
            flags.and_then(|flags| flags.iter().map(|flag| flag.to_bool().ok()).collect());
        flags
            .filter(|flags| flags.len() == layers)
            .ok_or_else(|| self.header.missing(&key, "flag for each block"))
    }

    fn linear_scaling(&self) -> Result<Option<RopeScaling>> {
        let name = self.name("rope.scaling.type");
        match self.header.text(&name) {
            None | Some("none") => Ok(None),
            Some("linear") => {
                let factor = self.name("rope.scaling.factor");
                let factor = self.header.needed_number(&factor)?;
                Ok(Some(RopeScaling::Linear { factor }))
            }
            Some(kind) => Err(self
                .header
                .refuse(format!("{name} = {kind} is not supported"))),
        }
    }

    fn check_supported(&self) -> Result<()> {
        for key in UNSUPPORTED {
            let zero = self.count(key) == Some(0) || self.number(key) == Some(0.0);
            let key = self.name(key);
            if self.header.get(&key).is_some() && !zero {
                let reason = format!("{key} is set, which is not supported");
                return Err(self.header.refuse(reason));
            }
        }
        Ok(())
    }

    /// Keys, values and rotary positions must all have the width of a head.
    fn check_head(&self, head_dim: usize) -> Result<()> {
        for key in ["attention.value_length", "rope.dimension_count"] {
            if let Some(count) = self.count(key)
                && count != head_dim
            {
                let key = self.name(key);
                return Err(self.header.refuse(format!(
                    "{key} = {count} differs from the head's {head_dim}, which is not supported"
                )));
            }
        }
        Ok(())
    }
}

/// GGUF keeps Llama 3's scaling as a tensor of factors instead of the numbers that made them. All
/// published models use the same bands, so the factor alone is unknown; what does not come out the
/// same is refused.
fn frequency_scaling(source: &mut Tensors, config: &ModelConfig) -> Result<Option<Llama3Scaling>> {
    if !source.has(FREQUENCY_FACTORS) {
        return Ok(None);
    }
    let (_, factors) = source.read(FREQUENCY_FACTORS)?;
    let scaling = Llama3Scaling {
        factor: f64::from(factors.iter().copied().fold(1.0, f32::max)),
        low_freq_factor: 1.0,
        high_freq_factor: 4.0,
        original_max_position_embeddings: 8192,
    };
    let expected = frequency_factors(config, scaling);
    let close =
        |(&found, &expected): (&f32, &f64)| (f64::from(found) / expected - 1.0).abs() < 1e-4;
    if factors.len() == expected.len() && factors.iter().zip(&expected).all(close) {
        Ok(Some(scaling))
    } else {
        Err(source.header().refuse(format!(
            "{FREQUENCY_FACTORS} is not the scaling of a published Llama 3 model; use the \
             model's safetensors, whose config.json has the numbers"
        )))
    }
}

/// By how much each rotary frequency is divided, `[head_dim / 2]` (Llama 3's `rope_scaling`).
pub(crate) fn frequency_factors(config: &ModelConfig, scaling: Llama3Scaling) -> Vec<f64> {
    let context = scaling.original_max_position_embeddings as f64;
    let (low, high) = (scaling.low_freq_factor, scaling.high_freq_factor);
    (0..config.head_dim / 2)
        .map(|pair| {
            let exponent = (2 * pair) as f64 / config.head_dim as f64;
            let wavelength = 2.0 * std::f64::consts::PI * config.rope_theta.powf(exponent);
            let smooth = ((context / wavelength - low) / (high - low)).clamp(0.0, 1.0);
            1.0 / ((1.0 - smooth) / scaling.factor + smooth)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn llama_3_factors_keep_fast_rotations_and_divide_slow_ones() {
        let config = ModelConfig {
            head_dim: 128,
            rope_theta: 5e5,
            ..crate::testing::tiny_config()
        };
        let scaling = Llama3Scaling {
            factor: 8.0,
            low_freq_factor: 1.0,
            high_freq_factor: 4.0,
            original_max_position_embeddings: 8192,
        };
        let factors = frequency_factors(&config, scaling);
        assert_eq!((factors.first(), factors.last()), (Some(&1.0), Some(&8.0)));
        assert!(factors.is_sorted());
        // Between the bands they are blended.
        assert!(factors.iter().any(|&factor| factor > 1.0 && factor < 8.0));
    }
}
