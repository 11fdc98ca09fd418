//! Mistral, Qwen2, Qwen3 and Gemma 3 against torch in 64 bits.

use std::fs;

use candle_core::{Device, Tensor};
use shared::message::Message;
use shared::training::TargetModule;
use tempfile::TempDir;
use trainer::data::TokenizedRow;
use trainer::engine::{Batch, Model};
use trainer::loss::NegativeLogLikelihood;
use trainer::model::{Architecture, LoadedModel, load};

use crate::gradients::{Scene, check_loss};
use crate::support::{fixture, ids, json, numbers, place, relative_error, row, tensors};

pub(crate) const NAMES: [&str; 4] = ["mistral", "qwen2", "qwen3", "gemma3"];

/// The largest difference, by the largest number of the reference.
const TOLERANCE: f64 = 1e-5;

/// A random model of an architecture, which shares the tokenizer of the tiny Llama and, unless it has
/// one, the template, in a folder of its own.
pub(crate) fn folder_of(name: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let weights = ["config.json", "generation_config.json", "model.safetensors"];
    let tokenizer = [
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
    ];
    for (from, files) in [
        (format!("tiny-{name}"), weights),
        ("tiny-llama".to_owned(), tokenizer),
    ] {
        for file in files {
            fs::copy(fixture(&from).join(file), folder.path().join(file)).unwrap();
        }
    }
    let template = fixture(&format!("tiny-{name}")).join("chat_template.jinja");
    if template.is_file() {
        fs::copy(template, folder.path().join("chat_template.jinja")).unwrap();
    }
    folder
}

pub(crate) fn model_of(name: &str) -> LoadedModel {
    load(folder_of(name).path(), &Device::Cpu).unwrap()
}

fn scene_of(name: &str) -> Scene {
    let adapter = fixture(&format!("tiny-{name}/adapter"));
    Scene::new(model_of(name), &adapter)
}

fn sequence() -> Vec<u32> {
    ids(&json("gradients.json")["sequences"][0]["ids"])
}

#[test]
fn each_architecture_is_told_from_the_others() {
    let found = NAMES.map(|name| model_of(name).config.architecture);
    let expected = [
        Architecture::Mistral,
        Architecture::Qwen2,
        Architecture::Qwen3,
        Architecture::Gemma3,
    ];
    assert_eq!(found, expected);
    // The sequences are longer than the windows of Gemma.
    let windows = ["mistral", "gemma3"].map(|name| {
        let config = model_of(name).config;
        let window = config.sliding_window.unwrap();
        (window.tokens, window.layers)
    });
    let expected = [(128, vec![true, true]), (8, vec![true, false, true])];
    assert_eq!(windows, expected);
}

#[test]
fn logits_are_torchs() {
    for name in NAMES {
        let Scene { model, adapter } = scene_of(name);
        let reference = tensors(&format!("tiny-{name}/results.safetensors"));
        let batch = Batch::unlabelled(&[&sequence()]);
        for (what, adapter) in [("logits", None), ("logits.adapter", Some(&adapter))] {
            let hidden = model.forward(adapter, &batch).unwrap();
            let logits = model.logits(&hidden).unwrap();
            close(&logits, &reference[what], &format!("{name}: {what}"));
        }
    }
}

#[test]
fn a_mistral_with_a_short_window_is_torchs() {
    let LoadedModel {
        mut config,
        weights,
        ..
    } = model_of("mistral");
    config.sliding_window.as_mut().unwrap().tokens = 8;
    let model = Model::new(config, weights);
    let hidden = model.forward(None, &Batch::unlabelled(&[&sequence()]));
    let logits = model.logits(&hidden.unwrap()).unwrap();
    let reference = tensors("tiny-mistral/short_window.safetensors");
    close(&logits, &reference["logits"], "mistral: short window");
}

#[test]
fn decoding_gives_the_logits_of_a_forward() {
    for name in NAMES {
        let Scene { model, adapter } = scene_of(name);
        let tokens = sequence();
        let (first, rest) = tokens.split_at(20);
        let (mut cache, _) = model.prefill(Some(&adapter), &[first], 64).unwrap();
        let mut last = None;
        for token in rest {
            last = Some(model.step(Some(&adapter), &mut cache, &[(0, *token)]));
        }
        let reference = &tensors(&format!("tiny-{name}/results.safetensors"))["logits.adapter"];
        let expected = reference.narrow(0, tokens.len() - 1, 1).unwrap();
        close(&last.unwrap().unwrap(), &expected, &format!("{name}: step"));
    }
}

#[test]
fn the_loss_and_its_gradients_are_torchs() {
    let rows: Vec<TokenizedRow> = json("gradients.json")["sequences"]
        .as_array()
        .unwrap()
        .iter()
        .map(row)
        .collect();
    let rows: Vec<&TokenizedRow> = rows.iter().collect();
    for name in NAMES {
        let scene = scene_of(name);
        let (output, gradients) = scene.evaluate(&NegativeLogLikelihood, &rows);
        check_loss(output.loss, &json("architectures.json")["sft"][name]);
        let reference = tensors(&format!("tiny-{name}/results.safetensors"));
        for layer in 0..scene.model.config.layers {
            for &target in TargetModule::ALL {
                let (a, b) = gradients.matrices(layer, target).unwrap().unwrap();
                for (matrix, gradient) in [("lora_A", a), ("lora_B", b)] {
                    let key = format!("sft.{}.{matrix}.weight", place(layer, target));
                    close(&gradient, &reference[&key], &format!("{name}: {key}"));
                }
            }
        }
    }
}

#[test]
fn a_template_in_the_form_of_gemmas_renders_as_in_transformers() {
    let template = model_of("gemma3").template;
    let chats = json("tiny-gemma3/chats.json");
    for chat in chats.as_array().unwrap() {
        let messages: Vec<Message> = serde_json::from_value(chat["messages"].clone()).unwrap();
        let asks = chat["asks"].as_bool().unwrap();
        assert_eq!(template.render(&messages, asks).unwrap(), chat["text"]);
    }
    let message = template
        .render(&[Message::assistant("4")], false)
        .unwrap_err();
    assert!(message.to_string().contains("take turns"), "{message}");
}

#[expect(clippy::print_stderr, reason = "the measured error is worth seeing")]
fn close(ours: &Tensor, theirs: &Tensor, what: &str) {
    assert_eq!(ours.dims(), theirs.dims(), "{what}");
    let error = relative_error(&numbers(ours), &numbers(theirs));
    eprintln!("{what}: {error:.2e}");
    assert!(error < TOLERANCE, "{what}: {error}");
}
