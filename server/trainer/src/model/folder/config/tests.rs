use serde_json::json;

use super::*;
use crate::model::{Activation, RopeScaling};

fn llama() -> Value {
    json!({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
        "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 260,
        "rms_norm_eps": 1e-5, "rope_theta": 1e5, "tie_word_embeddings": true,
        "bos_token_id": 1, "eos_token_id": [2, 3], "pretraining_tp": 1, "rope_scaling": null,
    })
}

fn parse_with(key: &str, value: Value) -> Result<ModelConfig> {
    let mut config = llama();
    config[key] = value;
    parse(Path::new("config.json"), &config)
}

#[test]
fn reads_a_llama() {
    let config = parse(Path::new("config.json"), &llama()).unwrap();
    assert_eq!(config.head_dim, 16);
    assert_eq!(config.kv_heads, 2);
    assert_eq!(config.eos_token_ids, [2, 3]);
    assert!(config.rope_scaling.is_none());
}

#[test]
fn reads_llama_3_scaling_under_both_names() {
    let scaling = json!({
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192, "rope_theta": 5e5,
    });
    let new = parse_with("rope_parameters", scaling.clone()).unwrap();
    let old = parse_with("rope_scaling", scaling).unwrap();
    assert_eq!(new, old);
    assert_eq!(Some(new.rope_theta), Some(5e5));
    let Some(RopeScaling::Llama3(scaling)) = new.rope_scaling else {
        panic!("{new:?}");
    };
    assert!((scaling.factor - 8.0).abs() < f64::EPSILON);
}

/// The same file with another class.
fn as_class(config: &Value, class: &str, kind: &str) -> Value {
    let mut config = config.clone();
    config["architectures"] = json!([class]);
    config["model_type"] = json!(kind);
    config
}

#[test]
fn a_mistral_has_a_window_in_all_blocks() {
    let mut config = llama();
    config["sliding_window"] = json!(64);
    let window = |config: &Value, class: &str, kind: &str| {
        let config = as_class(config, class, kind);
        parse(Path::new("config.json"), &config).map(|config| config.sliding_window)
    };
    let all = |tokens| {
        Some(SlidingWindow {
            tokens,
            layers: vec![true; 2],
            rope_theta: None,
        })
    };
    let mistral = |config: &Value| window(config, "MistralForCausalLM", "mistral").unwrap();
    assert!(window(&config, "LlamaForCausalLM", "llama").is_err());
    assert_eq!(mistral(&config), all(64));
    config["sliding_window"] = Value::Null;
    assert_eq!(mistral(&config), None);
    config.as_object_mut().unwrap().remove("sliding_window");
    assert_eq!(mistral(&config), all(4096));
    config["use_sliding_window"] = json!(false);
    let qwen2 = window(&config, "Qwen2ForCausalLM", "qwen2");
    assert_eq!(qwen2.unwrap(), None);
}

/// What the makers of Gemma 3 published in 2025, made small.
fn gemma() -> Value {
    json!({
        "architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text",
        "attention_bias": false, "attn_logit_softcapping": null, "final_logit_softcapping": null,
        "bos_token_id": 2, "eos_token_id": [1, 106], "head_dim": 32,
        "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 64, "intermediate_size": 128,
        "max_position_embeddings": 32768, "num_attention_heads": 4, "num_hidden_layers": 7,
        "num_key_value_heads": 1, "query_pre_attn_scalar": 24, "rms_norm_eps": 1e-6,
        "rope_local_base_freq": 20000, "rope_scaling": {"rope_type": "linear", "factor": 8.0},
        "rope_theta": 2e6, "sliding_window": 512, "sliding_window_pattern": 3,
        "use_cache": true, "vocab_size": 260,
    })
}

#[test]
fn reads_a_gemma_in_old_and_new_form() {
    let old = parse(Path::new("config.json"), &gemma()).unwrap();
    assert_eq!(old.embedding_scale, Some(8.0));
    assert_eq!(old.activation, Activation::GeluTanh);
    assert_eq!(old.query_pre_attn_scalar, 24);
    assert!(old.tie_word_embeddings);
    assert_eq!(old.rope_scaling, Some(RopeScaling::Linear { factor: 8.0 }));
    let layers = vec![true, true, false, true, true, false, true];
    let window = old.sliding_window.as_ref().unwrap();
    assert_eq!((window.tokens, window.rope_theta), (512, Some(2e4)));
    assert_eq!((&window.layers, window.pattern()), (&layers, Some(3)));

    let mut new = gemma();
    for key in [
        "rope_theta",
        "rope_scaling",
        "rope_local_base_freq",
        "sliding_window_pattern",
    ] {
        new.as_object_mut().unwrap().remove(key);
    }
    new["layer_types"] = layers
        .iter()
        .map(|slides| {
            if *slides {
                "sliding_attention"
            } else {
                "full_attention"
            }
        })
        .collect();
    new["rope_parameters"] = json!({
        "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 2e6},
        "sliding_attention": {"rope_type": "default", "rope_theta": 2e4},
    });
    assert_eq!(parse(Path::new("config.json"), &new).unwrap(), old);
}

#[test]
fn settings_that_a_gemma_leaves_out_are_transformers_defaults() {
    let mut config = gemma();
    for key in [
        "rope_theta",
        "rope_local_base_freq",
        "sliding_window",
        "sliding_window_pattern",
        "query_pre_attn_scalar",
        "head_dim",
        "num_key_value_heads",
    ] {
        config.as_object_mut().unwrap().remove(key);
    }
    let config = parse(Path::new("config.json"), &config).unwrap();
    assert_eq!((config.head_dim, config.kv_heads), (256, 4));
    assert_eq!(config.query_pre_attn_scalar, 256);
    assert!((config.rope_theta - 1e6).abs() < f64::EPSILON);
    let window = config.sliding_window.unwrap();
    assert_eq!(window.pattern(), Some(6));
    assert_eq!((window.tokens, window.rope_theta), (4096, Some(1e4)));
}

#[test]
fn what_a_gemma_may_not_have_is_refused_by_name() {
    for (key, value) in [
        ("attn_logit_softcapping", json!(50.0)),
        ("final_logit_softcapping", json!(30.0)),
        ("use_bidirectional_attention", json!(true)),
        ("hidden_activation", json!("gelu")),
        ("attention_bias", json!(true)),
        ("sliding_window", Value::Null),
        ("query_pre_attn_scalar", json!(0)),
        ("layer_types", json!(["full_attention"])),
        ("layer_types", json!(vec!["chunked_attention"; 7])),
        (
            "rope_parameters",
            json!({"sliding_attention": {"rope_type": "linear", "factor": 2.0}}),
        ),
    ] {
        let mut config = gemma();
        config[key] = value;
        let error = parse(Path::new("config.json"), &config).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(key), "{key}: {message}");
    }
}

#[test]
fn refuses_what_it_does_not_implement_by_name() {
    for (key, value) in [
        ("architectures", json!(["GPT2LMHeadModel"])),
        (
            "architectures",
            json!(["Qwen2ForCausalLM", "LlamaForCausalLM"]),
        ),
        ("model_type", json!("qwen2")),
        (
            "layer_types",
            json!(["full_attention", "sliding_attention"]),
        ),
        ("hidden_act", json!("gelu")),
        ("attention_bias", json!(true)),
        ("mlp_bias", json!(true)),
        ("sliding_window", json!(4096)),
        ("pretraining_tp", json!(2)),
        ("quantization_config", json!({"bits": 4})),
        ("rope_scaling", json!({"rope_type": "yarn"})),
        ("num_key_value_heads", json!(3)),
        ("hidden_size", json!(0)),
        ("head_dim", json!(15)),
        ("rms_norm_eps", json!(-1.0)),
    ] {
        let message = parse_with(key, value).unwrap_err().to_string();
        let word = key.strip_prefix("rope_scaling").map_or(key, |_| "yarn");
        assert!(message.contains(word), "{key}: {message}");
    }
}
