//! Reading, refusing and exporting models.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use candle_core::{DType, Device};
use tempfile::TempDir;
use trainer::export::{Stored, write_folder};
use trainer::model::{LayerWeights, LoadedModel, load};

use crate::architectures::{NAMES, model_of};
use crate::support::{entries, fixture, numbers, smollm2, tensors, tiny};

#[test]
fn the_tiny_model_is_what_transformers_saved() {
    let model = tiny();
    assert_eq!(model.config.layers, 2);
    assert_eq!(model.config.eos_token_ids, [2]);
    assert_eq!(model.content_hash.len(), 64);
    let stored = tensors("tiny-llama/model.safetensors");
    let query = &stored["model.layers.1.self_attn.q_proj.weight"];
    assert_eq!(entries(&model.weights.layers[1].query), numbers(query));
    assert!(model.weights.head.is_none());
}

#[test]
fn one_is_added_to_the_norms_of_a_gemma_only() {
    for (name, one) in [("gemma3", 1.0), ("qwen3", 0.0)] {
        let stored = tensors(&format!("tiny-{name}/model.safetensors"));
        let stored = numbers(&stored["model.layers.1.self_attn.q_norm.weight"]);
        let stored: Vec<f32> = stored.iter().map(|weight| weight + one).collect();
        let model = model_of(name);
        let norms = model.weights.layers[1].head_norms.as_ref().unwrap();
        assert_eq!(numbers(&norms.query), stored, "{name}");
    }
}

#[test]
fn an_export_loads_as_the_same_model() {
    for model in NAMES.map(model_of).iter().chain([&tiny()]) {
        let folder = tempfile::tempdir().unwrap();
        write_folder(model, Stored::Full, folder.path()).unwrap();
        same(model, &load(folder.path(), &Device::Cpu).unwrap());
    }
}

#[test]
fn an_exported_gguf_loads_as_the_same_model() {
    let Some(path) = smollm2("an_exported_gguf_loads_as_the_same_model") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let model = load(&path, &Device::Cpu).unwrap();
    write_folder(&model, Stored::Full, folder.path()).unwrap();
    same(&model, &load(folder.path(), &Device::Cpu).unwrap());
}

fn same(one: &LoadedModel, other: &LoadedModel) {
    assert_eq!(one.config, other.config);
    assert_eq!(one.template.source(), other.template.source());
    let text = "Hello  42 <|im_start|>é\n";
    assert_eq!(
        one.tokenizer.encode(text).unwrap(),
        other.tokenizer.encode(text).unwrap()
    );
    let last = one.config.layers - 1;
    let added = |model: &LoadedModel| {
        let LayerWeights {
            attention_norm,
            attention_bias,
            head_norms,
            post_norms,
            mlp_norm,
            ..
        } = &model.weights.layers[last];
        let heads = head_norms
            .iter()
            .flat_map(|norms| [&norms.query, &norms.key]);
        let post = post_norms
            .iter()
            .flat_map(|norms| [&norms.attention, &norms.mlp]);
        let norms = [attention_norm, mlp_norm, &model.weights.norm];
        let norms = norms.into_iter().chain(heads).chain(post);
        let added = attention_bias.iter().chain(norms);
        added.map(numbers).collect::<Vec<_>>()
    };
    assert_eq!(added(one), added(other));
    for (one, other) in [
        (&one.weights.embedding, &other.weights.embedding),
        (
            &one.weights.layers[last].key,
            &other.weights.layers[last].key,
        ),
        (
            &one.weights.layers[last].down,
            &other.weights.layers[last].down,
        ),
    ] {
        assert_eq!(entries(one), entries(other));
    }
}

fn copy_of_tiny() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(fixture("tiny-llama")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    folder
}

/// A copy of the tiny model with one file changed, and why it is refused.
fn refusal(file: &str, change: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) -> String {
    let folder = copy_of_tiny();
    let path = folder.path().join(file);
    match change(fs::read(&path).unwrap()) {
        Some(bytes) => fs::write(&path, bytes).unwrap(),
        None => fs::remove_file(&path).unwrap(),
    }
    load(folder.path(), &Device::Cpu).unwrap_err().to_string()
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1).into_bytes()
}

#[test]
fn damaged_folders_say_what_is_wrong() {
    let weights = "model.safetensors";
    for (message, words) in [
        (refusal("config.json", |_| None), "config.json is missing"),
        (
            refusal("tokenizer.json", |_| None),
            "tokenizer.json is missing",
        ),
        (
            refusal(weights, |_| None),
            "there is neither model.safetensors",
        ),
        (
            refusal(weights, |bytes| Some(bytes[..4].to_vec())),
            "too short",
        ),
        (
            refusal(weights, |bytes| Some(bytes[..bytes.len() - 9].to_vec())),
            "download incomplete",
        ),
        (
            refusal("tokenizer.json", |_| Some(b"{}".to_vec())),
            "the tokenizer cannot be read",
        ),
        (
            refusal("config.json", |bytes| {
                Some(replaced(
                    &bytes,
                    "\"intermediate_size\": 128",
                    "\"intermediate_size\": 96",
                ))
            }),
            "mlp.gate_proj.weight has the shape [128, 64]",
        ),
        (
            refusal("config.json", |bytes| {
                Some(replaced(
                    &bytes,
                    "\"num_hidden_layers\": 2",
                    "\"num_hidden_layers\": 3",
                ))
            }),
            "model.layers.2.input_layernorm.weight [64] is missing",
        ),
        (
            refusal("config.json", |bytes| {
                Some(replaced(
                    &bytes,
                    "\"num_hidden_layers\": 2",
                    "\"num_hidden_layers\": 1",
                ))
            }),
            "9 tensors that a Llama model with 1 layers does not have",
        ),
        (
            refusal(weights, |mut bytes| {
                let end = bytes.len();
                bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
                Some(bytes)
            }),
            "holds NaN at position",
        ),
    ] {
        assert!(message.contains(words), "{words}: {message}");
    }
    let message = load(Path::new("nowhere"), &Device::Cpu).unwrap_err();
    assert!(message.to_string().contains("no such file or folder"));
}

#[test]
fn a_file_that_is_no_gguf_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    for bytes in [&b"GGUF"[..], b"not a model at all", &[0; 64]] {
        fs::write(&path, bytes).unwrap();
        let message = load(&path, &Device::Cpu).unwrap_err().to_string();
        assert!(
            message.contains("the GGUF header cannot be read"),
            "{message}"
        );
    }
}

#[test]
fn a_truncated_gguf_names_the_tensor() {
    let Some(path) = smollm2("a_truncated_gguf_names_the_tensor") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.gguf");
    let bytes = fs::read(path).unwrap();
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let message = load(&cut, &Device::Cpu).unwrap_err().to_string();
    assert!(message.contains("the tensor blk."), "{message}");
    fs::write(&cut, &bytes[..100_000]).unwrap();
    let message = load(&cut, &Device::Cpu).unwrap_err().to_string();
    assert!(
        message.contains("the GGUF header cannot be read"),
        "{message}"
    );
}

#[test]
fn shards_and_half_precision_are_read() {
    let original = tiny();
    let stored = tensors("tiny-llama/model.safetensors");
    for kind in [DType::F32, DType::F16, DType::BF16] {
        let folder = copy_of_tiny();
        fs::remove_file(folder.path().join("model.safetensors")).unwrap();
        let mut shards = [HashMap::new(), HashMap::new()];
        let mut index = serde_json::Map::new();
        for (place, (name, tensor)) in stored.iter().enumerate() {
            let tensor = tensor.to_dtype(kind).unwrap();
            shards[place % 2].insert(name.clone(), tensor);
            index.insert(
                name.clone(),
                format!("part-{}.safetensors", place % 2).into(),
            );
        }
        for (place, shard) in shards.iter().enumerate() {
            let path = folder.path().join(format!("part-{place}.safetensors"));
            candle_core::safetensors::save(shard, path).unwrap();
        }
        let index = serde_json::json!({ "weight_map": index });
        let path = folder.path().join("model.safetensors.index.json");
        fs::write(path, index.to_string()).unwrap();
        let model = load(folder.path(), &Device::Cpu).unwrap();
        let (ours, theirs) = (&model.weights.layers[0].up, &original.weights.layers[0].up);
        let theirs = theirs.numbers().unwrap();
        let rounded = theirs.to_dtype(kind).unwrap().to_dtype(DType::F32).unwrap();
        assert_eq!(entries(ours), numbers(&rounded), "{kind:?}");
    }
}
