use serde_json::json;

use super::*;
use crate::model::RopeScaling;

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
