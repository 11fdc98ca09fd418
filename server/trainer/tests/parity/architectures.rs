//! Mistral, Qwen2 and Qwen3 against torch in 64 bits.

use std::fs;

use candle_core::{Device, Tensor};
use shared::training::TargetModule;
use tempfile::TempDir;
use trainer::data::TokenizedRow;
use trainer::engine::{Batch, Model};
use trainer::loss::NegativeLogLikelihood;
use trainer::model::{Architecture, LoadedModel, load};

use crate::gradients::{Scene, check_loss};
use crate::support::{fixture, ids, json, numbers, place, relative_error, row, tensors};

const NAMES: [&str; 3] = ["mistral", "qwen2", "qwen3"];

/// The largest difference, by the largest number of the reference.
const TOLERANCE: f64 = 1e-5;

/// A random model of an architecture, which shares the tokenizer of the tiny Llama, in a folder of
/// its own.
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
    ];
    assert_eq!(found, expected);
    let window = model_of("mistral").config.sliding_window.unwrap();
    assert_eq!((window.tokens, window.layers), (128, vec![true, true]));
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

#[expect(clippy::print_stderr, reason = "the measured error is worth seeing")]
fn close(ours: &Tensor, theirs: &Tensor, what: &str) {
    assert_eq!(ours.dims(), theirs.dims(), "{what}");
    let error = relative_error(&numbers(ours), &numbers(theirs));
    eprintln!("{what}: {error:.2e}");
    assert!(error < TOLERANCE, "{what}: {error}");
}
