use std::fs;

use serde_json::{Value, json};
use shared::message::Message;
use shared::model_export::ModelExportFormat;

use super::*;
use crate::export::export;
use crate::model::outline;

const TEXTS: [&str; 4] = [
    "The harbour keeps the boats, and the boats keep the harbour.",
    "In 2024 the harbour had 12 boats; in 2025 it had 14 boats.",
    "Where do the boats go? Out of the harbour, and back into the harbour.",
    "  ",
];

fn trained() -> Vocabulary {
    Vocabulary::trained(TEXTS, 320).unwrap()
}

fn small() -> BlankShape {
    BlankShape {
        layers: 2,
        hidden_size: 64,
        intermediate_size: 96,
        heads: 4,
        kv_heads: 2,
        context: 128,
    }
}

#[test]
fn a_trained_tokenizer_can_write_any_text_and_knows_what_recurs() {
    let vocabulary = trained();
    let tokenizer = vocabulary.tokenizer();
    assert!((260..=320).contains(&vocabulary.size()));
    for text in [
        "",
        "The harbour",
        "naïve 価格 🙂\u{0}\r\n\t  x",
        "<|x|> 007",
    ] {
        let ids = tokenizer.encode(text).unwrap();
        assert_eq!(tokenizer.decode(&ids, false).unwrap(), text);
    }
    let recurs = tokenizer.encode(" the harbour").unwrap();
    assert!(recurs.len() <= 3, "{recurs:?}");
    // Each digit is alone, as the splitting has it.
    assert_eq!(tokenizer.encode("2024").unwrap().len(), 4);
}

#[test]
fn a_conversation_is_written_with_the_special_tokens() {
    let vocabulary = trained();
    let rendered = vocabulary
        .template()
        .render(&[Message::user("Where?")], true)
        .unwrap();
    let expected = "<|im_start|>user\nWhere?<|im_end|>\n<|im_start|>assistant\n";
    assert_eq!(rendered, expected);
    let tokenizer = vocabulary.tokenizer();
    let ids = tokenizer.encode(expected).unwrap();
    let id = |text: &str| tokenizer.token_id(text).unwrap();
    assert_eq!(ids[0], id("<|im_start|>"));
    assert_eq!(vocabulary.stops(), [id("<|endoftext|>"), id("<|im_end|>")]);
    let document = tokenizer.encode_document("boats").unwrap();
    assert_eq!(document.last(), Some(&id("<|endoftext|>")));
}

#[test]
fn without_texts_or_with_too_few_tokens_nothing_is_trained() {
    let fail = |texts: &[&str], size| Vocabulary::trained(texts, size).unwrap_err().to_string();
    assert!(fail(&[" \n"], 400).contains("no text to train"));
    assert!(fail(&TEXTS, 100).contains("from 300 to 100000"));
}

#[test]
fn weights_are_drawn_as_transformers_does() {
    let folder = tempfile::tempdir().unwrap();
    let vocabulary = trained();
    let shape = small();
    let plan = Plan::of_shape(&shape, &vocabulary).unwrap();
    let write = |name: &str, seed| {
        let path = folder.path().join(name);
        plan.write(&vocabulary, seed, &path).unwrap()
    };
    let model = write("one", 7);
    let counted = shape.parameters(vocabulary.size());
    assert_eq!(model.weights.parameter_count() as u64, counted);
    assert_eq!(plan.parameters() as u64, counted);
    let embedding = model.weights.embedding.numbers().unwrap();
    let numbers = embedding.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let count = numbers.len() as f64;
    let mean = numbers.iter().copied().map(f64::from).sum::<f64>() / count;
    let spread = numbers
        .iter()
        .map(|number| (f64::from(*number) - mean).powi(2));
    let deviation = (spread.sum::<f64>() / count).sqrt();
    // Five standard errors of 20,000 numbers.
    assert!(mean.abs() < 7e-4, "{mean}");
    assert!((deviation - 0.02).abs() < 5e-4, "{deviation}");
    let norm = model.weights.layers[1].mlp_norm.to_vec1::<f32>().unwrap();
    assert_eq!(norm, vec![1.0; 64]);
    assert_eq!(write("two", 7).content_hash, model.content_hash);
    assert_ne!(write("three", 8).content_hash, model.content_hash);
    let tokenizer = outline(&folder.path().join("one")).unwrap();
    assert_eq!(tokenizer.config.eos_token_ids, vocabulary.stops());
}

#[test]
fn a_blank_model_can_be_exported_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let vocabulary = trained();
    let plan = Plan::of_shape(&small(), &vocabulary).unwrap();
    let model = plan
        .write(&vocabulary, 1, &folder.path().join("m"))
        .unwrap();
    let path = folder.path().join("m.gguf");
    let check = export(&model, None, ModelExportFormat::GgufF16, &path).unwrap();
    assert!(check.mean_divergence < 1e-4);
    let read = load(&path, &candle_core::Device::Cpu).unwrap();
    let text = "In 2025 the boats — 14 — go.";
    assert_eq!(
        read.tokenizer.encode(text).unwrap(),
        model.tokenizer.encode(text).unwrap()
    );
    assert_eq!(read.config.eos_token_ids.len(), 2);
}

#[test]
fn a_configuration_of_any_architecture_gives_a_blank_model() {
    let folder = tempfile::tempdir().unwrap();
    let vocabulary = trained();
    let path = folder.path().join("config.json");
    let config = |changes: Value| {
        let mut config = json!({
            "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
            "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 384,
            "rms_norm_eps": 1e-6, "max_position_embeddings": 128, "tie_word_embeddings": false,
            "initializer_range": 0.05, "architectures": ["LlamaForCausalLM"],
        });
        for (key, value) in changes.as_object().unwrap() {
            config[key] = value.clone();
        }
        fs::write(&path, config.to_string()).unwrap();
        Plan::read(&path, &vocabulary)
    };
    for architecture in Architecture::ALL {
        let plan = config(json!({ "architectures": [architecture.class()] })).unwrap();
        let path = folder.path().join(architecture.label());
        let model = plan.write(&vocabulary, 1, &path).unwrap();
        assert_eq!(model.config.architecture, architecture);
        assert_eq!(model.config.vocab_size, 384);
        let head = model.weights.head.unwrap().numbers().unwrap();
        let square = head.sqr().unwrap().mean_all().unwrap();
        let deviation = square.to_scalar::<f32>().unwrap().sqrt();
        assert!(
            (deviation - 0.05).abs() < 1e-3,
            "{}: {deviation}",
            architecture.label()
        );
    }
    let fail = |changes| config(changes).unwrap_err().to_string();
    assert!(fail(json!({ "vocab_size": 200 })).contains("vocab_size = 200"));
    assert!(fail(json!({ "initializer_range": 0 })).contains("initializer_range = 0"));
    assert!(fail(json!({ "initializer_range": "0.05" })).contains("must be a number"));
    let other = fail(json!({ "architectures": ["MambaForCausalLM"] }));
    assert!(other.contains("MambaForCausalLM"), "{other}");
}
