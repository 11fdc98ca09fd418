//! What GGUF files say about blocks with a window, and what they leave to be known.

use candle_core::quantized::gguf_file::Value;
use shared::model_export::ModelExportFormat;
use trainer::export::write_gguf;
use trainer::model::{Architecture, RopeScaling};

use crate::exports::gemma3;
use crate::gguf::{Gguf, count, text};

const PATTERN: &str = "gemma3.attention.sliding_window_pattern";

fn gguf() -> Gguf {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    write_gguf(&gemma3(), ModelExportFormat::GgufF16, &path).unwrap();
    Gguf::of(&path)
}

/// Which blocks of a file have a window.
fn layers(gguf: &Gguf) -> Option<Vec<bool>> {
    let window = gguf.load().unwrap().config.sliding_window;
    window.map(|window| window.layers)
}

#[test]
fn blocks_with_a_window_are_told_by_a_period_or_one_by_one() {
    assert_eq!(layers(&gguf()), Some(vec![true, false, true]));
    // Of six blocks one has none, and here are only three.
    assert_eq!(layers(&gguf().without(PATTERN)), Some(vec![true; 3]));
    let flags = [false, true, true].map(Value::Bool).to_vec();
    let flagged = gguf().set(PATTERN, Value::Array(flags));
    assert_eq!(layers(&flagged), Some(vec![false, true, true]));
    assert_eq!(layers(&gguf().set(PATTERN, count(1))), None);
    let message = gguf()
        .set(PATTERN, Value::Array(vec![Value::Bool(true)]))
        .refusal();
    assert!(message.contains(PATTERN), "{message}");
}

#[test]
fn bases_and_scales_that_a_file_does_not_name_are_llama_cpps() {
    let config = gguf().load().unwrap().config;
    assert_eq!(
        config.rope_scaling,
        Some(RopeScaling::Linear { factor: 8.0 })
    );
    let config = gguf()
        .without("gemma3.rope.freq_base_swa")
        .without("gemma3.rope.scaling.type")
        .load()
        .unwrap()
        .config;
    assert_eq!(config.rope_scaling, None);
    let window = config.sliding_window.unwrap();
    assert_eq!(window.rope_theta, Some(10_000.0));
    assert_eq!(config.query_pre_attn_scalar, config.head_dim);
    assert_eq!(config.embedding_scale, Some(32_f64.sqrt()));
}

#[test]
fn a_llama_with_a_window_is_a_mistral() {
    let gguf = Gguf::tiny().set("llama.attention.sliding_window", count(40));
    let config = gguf.load().unwrap().config;
    assert_eq!(config.architecture, Architecture::Mistral);
    let window = config.sliding_window.unwrap();
    assert_eq!((window.tokens, window.layers), (40, vec![true, true]));
}

#[test]
fn what_a_gemma_may_not_have_is_refused_by_its_name() {
    for (key, value) in [
        ("gemma3.final_logit_softcapping", Value::F32(30.0)),
        ("gemma3.attn_logit_softcapping", Value::F32(50.0)),
        ("gemma3.attention.scale", Value::F32(0.1)),
        ("gemma3.rope.scaling.type", text("yarn")),
    ] {
        let message = gguf().set(key, value).refusal();
        assert!(message.contains(key), "{key}: {message}");
    }
    let message = gguf().without("gemma3.rope.scaling.factor").refusal();
    assert!(message.contains("gemma3.rope.scaling.factor"), "{message}");
}
