//! GGUF files, made here from the tiny model: what is read from them and what is refused.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use trainer::engine::{Batch, Model};
use trainer::model::{LoadedModel, Matrix, load};

use crate::support::{entries, numbers, relative_error, tiny};

/// A GGUF file to be.
pub(crate) struct Gguf {
    metadata: BTreeMap<String, Value>,
    tensors: BTreeMap<String, Tensor>,
    kind: GgmlDType,
}

impl Gguf {
    /// The tiny model as llama.cpp's converter would write it.
    pub(crate) fn tiny() -> Self {
        let model = tiny();
        let mut metadata = config_metadata(&model);
        metadata.extend(tokenizer_metadata(&model));
        Self {
            metadata,
            tensors: gguf_tensors(&model),
            kind: GgmlDType::F32,
        }
    }

    /// What a file holds.
    pub(crate) fn of(path: &Path) -> Self {
        let mut file = File::open(path).unwrap();
        let content = gguf_file::Content::read(&mut file).unwrap();
        let tensors = content.tensor_infos.keys().map(|name| {
            let tensor = content.tensor(&mut file, name, &Device::Cpu).unwrap();
            (name.clone(), tensor.dequantize(&Device::Cpu).unwrap())
        });
        Self {
            tensors: tensors.collect(),
            metadata: content.metadata.clone().into_iter().collect(),
            kind: GgmlDType::F32,
        }
    }

    pub(crate) fn without(mut self, key: &str) -> Self {
        self.metadata.remove(key).unwrap();
        self
    }

    pub(crate) fn set(mut self, key: &str, value: Value) -> Self {
        self.metadata.insert(key.to_owned(), value);
        self
    }

    /// The same with its matrices stored as a kind.
    pub(crate) fn of_kind(kind: GgmlDType) -> Self {
        Self {
            kind,
            ..Self::tiny()
        }
    }

    pub(crate) fn write(&self, folder: &Path) -> PathBuf {
        let path = folder.join("model.gguf");
        let metadata: Vec<(&str, &Value)> = self
            .metadata
            .iter()
            .map(|(key, value)| (key.as_str(), value))
            .collect();
        let stored: Vec<(&str, QTensor)> = self
            .tensors
            .iter()
            .map(|(name, tensor)| {
                let matrix = tensor.dims().len() == 2;
                let kind = if matrix { self.kind } else { GgmlDType::F32 };
                // candle quantises all of a storage, whatever part of it a tensor shows.
                let own = tensor.force_contiguous().unwrap();
                (name.as_str(), QTensor::quantize(&own, kind).unwrap())
            })
            .collect();
        let stored: Vec<(&str, &QTensor)> = stored
            .iter()
            .map(|(name, tensor)| (*name, tensor))
            .collect();
        let mut file = File::create(&path).unwrap();
        gguf_file::write(&mut file, &metadata, &stored).unwrap();
        path
    }

    pub(crate) fn load(&self) -> Result<LoadedModel, String> {
        let folder = tempfile::tempdir().unwrap();
        load(&self.write(folder.path()), &Device::Cpu).map_err(|error| error.to_string())
    }

    pub(crate) fn refusal(&self) -> String {
        self.load().unwrap_err()
    }
}

pub(crate) fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

pub(crate) fn count(value: usize) -> Value {
    Value::U32(u32::try_from(value).unwrap())
}

fn config_metadata(model: &LoadedModel) -> BTreeMap<String, Value> {
    let config = &model.config;
    [
        ("general.architecture", text("llama")),
        ("llama.block_count", count(config.layers)),
        (
            "llama.context_length",
            count(config.max_position_embeddings),
        ),
        ("llama.embedding_length", count(config.hidden_size)),
        ("llama.feed_forward_length", count(config.intermediate_size)),
        ("llama.attention.head_count", count(config.heads)),
        ("llama.attention.head_count_kv", count(config.kv_heads)),
        ("llama.attention.layer_norm_rms_epsilon", Value::F32(1e-5)),
        ("llama.rope.freq_base", Value::F32(1e5)),
        ("llama.rope.dimension_count", count(config.head_dim)),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

fn tokenizer_metadata(model: &LoadedModel) -> BTreeMap<String, Value> {
    let json: serde_json::Value =
        serde_json::from_str(&model.tokenizer.to_json().unwrap()).unwrap();
    let vocabulary = json["model"]["vocab"].as_object().unwrap();
    let mut tokens = vec![String::new(); vocabulary.len()];
    for (token, id) in vocabulary {
        tokens[usize::try_from(id.as_u64().unwrap()).unwrap()].clone_from(token);
    }
    let kinds = (0..tokens.len()).map(|id| Value::I32(if id < 4 { 3 } else { 1 }));
    let merges = json["model"]["merges"].as_array().unwrap().iter();
    let merges = merges.map(|pair| {
        let part = |side: usize| pair[side].as_str().unwrap();
        text(&format!("{} {}", part(0), part(1)))
    });
    let tokens = tokens.iter().map(|token| text(token));
    [
        ("tokenizer.ggml.model", text("gpt2")),
        ("tokenizer.ggml.pre", text("smollm")),
        ("tokenizer.ggml.tokens", Value::Array(tokens.collect())),
        ("tokenizer.ggml.token_type", Value::Array(kinds.collect())),
        ("tokenizer.ggml.merges", Value::Array(merges.collect())),
        ("tokenizer.ggml.bos_token_id", count(1)),
        ("tokenizer.ggml.eos_token_id", count(2)),
        ("tokenizer.ggml.padding_token_id", count(3)),
        ("tokenizer.ggml.unknown_token_id", count(0)),
        (
            "tokenizer.chat_template",
            text(model.template.source().unwrap()),
        ),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

fn gguf_tensors(model: &LoadedModel) -> BTreeMap<String, Tensor> {
    let weights = &model.weights;
    let numbers = |matrix: &Matrix| matrix.numbers().unwrap();
    let mut tensors = BTreeMap::from([
        ("token_embd.weight".to_owned(), numbers(&weights.embedding)),
        ("output_norm.weight".to_owned(), weights.norm.clone()),
    ]);
    for (index, layer) in weights.layers.iter().enumerate() {
        for (name, tensor) in [
            ("attn_norm", layer.attention_norm.clone()),
            (
                "attn_q",
                interleaved(&numbers(&layer.query), model.config.heads),
            ),
            (
                "attn_k",
                interleaved(&numbers(&layer.key), model.config.kv_heads),
            ),
            ("attn_v", numbers(&layer.value)),
            ("attn_output", numbers(&layer.output)),
            ("ffn_norm", layer.mlp_norm.clone()),
            ("ffn_gate", numbers(&layer.gate)),
            ("ffn_up", numbers(&layer.up)),
            ("ffn_down", numbers(&layer.down)),
        ] {
            tensors.insert(format!("blk.{index}.{name}.weight"), tensor);
        }
    }
    tensors
}

/// What llama.cpp's converter does to queries and keys.
fn interleaved(weight: &Tensor, heads: usize) -> Tensor {
    let (rows, columns) = weight.dims2().unwrap();
    let halves = weight
        .reshape((heads, 2, rows / heads / 2, columns))
        .unwrap();
    let pairs = halves.transpose(1, 2).unwrap().contiguous().unwrap();
    pairs.reshape((rows, columns)).unwrap()
}

#[test]
fn a_gguf_is_the_model_it_was_made_from() {
    let (ours, original) = (Gguf::tiny().load().unwrap(), tiny());
    assert_eq!(ours.config, original.config);
    assert_eq!(ours.tokenizer.special(), original.tokenizer.special());
    assert_eq!(ours.template.source(), original.template.source());
    for text in [
        "a  5 12",
        "the answer é 日本\n",
        "<|im_start|>user\n",
        " x ",
    ] {
        let theirs = original.tokenizer.encode(text).unwrap();
        assert_eq!(ours.tokenizer.encode(text).unwrap(), theirs);
    }
    for (one, other) in ours.weights.layers.iter().zip(&original.weights.layers) {
        assert_eq!(entries(&one.query), entries(&other.query));
        assert_eq!(entries(&one.key), entries(&other.key));
        assert_eq!(entries(&one.down), entries(&other.down));
    }
}

#[test]
fn quantised_weights_are_widened() {
    let logits = |model: LoadedModel| {
        let model = Model::new(model.config, model.weights);
        let batch = Batch::unlabelled(&[&[1, 20, 30, 40, 50]]);
        let hidden = model.forward(None, &batch).unwrap();
        numbers(&model.logits(&hidden).unwrap())
    };
    let exact = logits(tiny());
    for (kind, tolerance) in [
        (GgmlDType::F16, 2e-3),
        (GgmlDType::BF16, 2e-2),
        (GgmlDType::Q8_0, 3e-2),
        (GgmlDType::Q5_1, 0.2),
        (GgmlDType::Q5_0, 0.2),
        (GgmlDType::Q4_1, 0.4),
        (GgmlDType::Q4_0, 0.4),
    ] {
        let gguf = Gguf::of_kind(kind);
        let error = relative_error(&logits(gguf.load().unwrap()), &exact);
        assert!(error > 0.0 && error < tolerance, "{kind:?}: {error}");
    }
}

#[test]
fn a_head_of_its_own_is_read() {
    let mut gguf = Gguf::tiny();
    let head = gguf.tensors["token_embd.weight"].affine(2.0, 0.0).unwrap();
    gguf.tensors
        .insert("output.weight".to_owned(), head.clone());
    let model = gguf.load().unwrap();
    assert!(!model.config.tie_word_embeddings);
    assert_eq!(entries(model.weights.head()), numbers(&head));
}

#[test]
fn what_is_not_implemented_is_refused_by_its_name() {
    for (key, value, words) in [
        (
            "general.architecture",
            text("gpt2"),
            "its architecture is gpt2",
        ),
        (
            "tokenizer.ggml.pre",
            text("default"),
            "tokenizer.ggml.pre = default",
        ),
        ("tokenizer.ggml.model", text("llama"), "of the kind llama"),
        (
            "llama.rope.scaling.type",
            text("yarn"),
            "llama.rope.scaling.type = yarn",
        ),
        ("llama.expert_count", count(8), "llama.expert_count"),
        (
            "llama.rope.dimension_count",
            count(8),
            "llama.rope.dimension_count = 8",
        ),
        (
            "llama.attention.head_count",
            count(0),
            "llama.attention.head_count",
        ),
        (
            "llama.block_count",
            count(3),
            "model.layers.2.input_layernorm.weight [64] is missing",
        ),
        (
            "llama.block_count",
            count(1),
            "9 tensors that a Llama model with 1 layers",
        ),
        (
            "llama.feed_forward_length",
            count(64),
            "has the shape [128, 64]",
        ),
        (
            "tokenizer.ggml.merges",
            Value::Array(vec![text("a")]),
            "is no pair",
        ),
        (
            "tokenizer.ggml.token_type",
            Value::Array(vec![]),
            "differ in length",
        ),
    ] {
        let message = Gguf::tiny().set(key, value).refusal();
        assert!(message.contains(words), "{words}: {message}");
    }
}

#[test]
fn biases_and_unknown_frequency_factors_are_refused() {
    for (name, words) in [
        ("blk.0.attn_q.bias", "such as blk.0.attn_q.bias"),
        ("rope_freqs.weight", "rope_freqs.weight is not the scaling"),
    ] {
        let mut gguf = Gguf::tiny();
        let tensor = Tensor::arange(1_f32, 9.0, &Device::Cpu).unwrap();
        gguf.tensors.insert(name.to_owned(), tensor);
        let message = gguf.refusal();
        assert!(message.contains(words), "{words}: {message}");
    }
}

#[test]
fn a_merge_of_unknown_tokens_is_no_panic() {
    let merges = Value::Array(vec![text("the answer")]);
    let message = Gguf::tiny().set("tokenizer.ggml.merges", merges).refusal();
    assert!(message.contains("the tokenizer"), "{message}");
}

#[test]
fn a_file_cut_anywhere_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = Gguf::tiny().write(folder.path());
    let bytes = std::fs::read(&path).unwrap();
    for part in 0..40 {
        std::fs::write(&path, &bytes[..bytes.len() * part / 40]).unwrap();
        assert!(load(&path, &Device::Cpu).is_err(), "{part} of 40");
    }
}
