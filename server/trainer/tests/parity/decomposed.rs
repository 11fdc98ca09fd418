//! Weight-decomposed adapters (DoRA) against PEFT and torch's autograd in 64 bits: on the tiny Llama,
//! and on the tiny Qwen2, whose layers have biases, rank-stabilised and on some layers only.

use std::fs;

use candle_core::{Device, Tensor};
use serde_json::Value;
use shared::model_export::ModelExportFormat;
use shared::training::Precision;
use trainer::adapter::{self, Adapter, merged};
use trainer::data::TokenizedRow;
use trainer::engine::{Batch, Model};
use trainer::export::export;
use trainer::loss::NegativeLogLikelihood;
use trainer::model::{LoadedModel, load_in};

use crate::architectures::model_of;
use crate::gradients::{Scene, check_loss};
use crate::support::{fixture, ids, json, numbers, relative_error, row, tensors, tiny};

const NAMES: [&str; 2] = ["llama", "qwen2"];

/// The largest difference, by the largest number of the reference.
const TOLERANCE: f64 = 1e-5;
/// The same in bfloat16, whose numbers have 8 bits.
const BRAIN: f64 = 4e-2;

fn base_of(name: &str) -> LoadedModel {
    match name {
        "llama" => tiny(),
        other => model_of(other),
    }
}

fn scene_of(name: &str) -> Scene {
    Scene::new(base_of(name), &fixture(&format!("dora-{name}")))
}

fn sequence() -> Vec<u32> {
    ids(&json("gradients.json")["sequences"][0]["ids"])
}

fn reference_logits(name: &str) -> Tensor {
    tensors(&format!("dora-{name}/results.safetensors"))["logits"].clone()
}

/// All tensors by their names in PEFT's file.
fn named(adapter: &Adapter) -> std::collections::HashMap<String, Tensor> {
    let bytes = adapter::to_safetensors(adapter).unwrap();
    candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap()
}

#[test]
fn logits_are_pefts() {
    for name in NAMES {
        let Scene { model, adapter } = scene_of(name);
        let batch = Batch::unlabelled(&[&sequence()]);
        let hidden = model.forward(Some(&adapter), &batch).unwrap();
        let logits = model.logits(&hidden).unwrap();
        close(&logits, &reference_logits(name), TOLERANCE, name);
    }
}

#[test]
fn decoding_gives_pefts_logits() {
    for name in NAMES {
        let Scene { model, adapter } = scene_of(name);
        let tokens = sequence();
        let reference = reference_logits(name);
        let (first, rest) = tokens.split_at(20);
        let (mut cache, _) = model.prefill(Some(&adapter), &[first], 64).unwrap();
        for (index, token) in rest.iter().enumerate() {
            let logits = model.step(Some(&adapter), &mut cache, &[(0, *token)]);
            let expected = reference.narrow(0, first.len() + index, 1).unwrap();
            close(
                &logits.unwrap(),
                &expected,
                TOLERANCE,
                &format!("{name}: step"),
            );
        }
        let (mut cache, _) = model.prefill(None, &[first], 64).unwrap();
        let error = model.step(Some(&adapter), &mut cache, &[(0, 1)]);
        let message = error.unwrap_err().to_string();
        assert!(message.contains("another adapter"), "{message}");
    }
}

#[test]
fn the_loss_and_its_gradients_are_torchs() {
    let rows = json("gradients.json")["sequences"].clone();
    let rows: Vec<TokenizedRow> = rows.as_array().unwrap().iter().map(row).collect();
    let rows: Vec<&TokenizedRow> = rows.iter().collect();
    let check = |scene: Scene, name: &str, tolerance: f64| {
        let (output, gradients) = scene.evaluate(&NegativeLogLikelihood, &rows);
        let reference = tensors(&format!("dora-{name}/results.safetensors"));
        for (key, gradient) in named(&gradients) {
            let exact = &reference[&format!("sft.{key}")];
            close(&gradient, exact, tolerance, &format!("{name}: {key}"));
        }
        // All but the logits.
        assert_eq!(reference.len() - 1, named(&gradients).len());
        output.loss
    };
    for name in NAMES {
        let loss = check(scene_of(name), name, TOLERANCE);
        check_loss(loss, &json("dora.json")["sft"][name]);
    }
    let brain = load_in(&fixture("tiny-llama"), &Device::Cpu, Precision::Brain).unwrap();
    check(Scene::new(brain, &fixture("dora-llama")), "llama", BRAIN);
}

#[test]
fn a_fresh_adapter_has_pefts_magnitudes() {
    let base = tiny();
    let (pefts, config) =
        adapter::load(&fixture("dora-fresh"), &base.config, &Device::Cpu).unwrap();
    let fresh = Adapter::new(&base.config, &base.weights, config.shape, 3).unwrap();
    let (fresh, pefts) = (named(&fresh), named(&pefts));
    let magnitudes = pefts
        .iter()
        .filter(|(key, _)| key.ends_with("lora_magnitude_vector"));
    let mut count = 0;
    for (key, magnitude) in magnitudes {
        close(&fresh[key], magnitude, 1e-6, key);
        count += 1;
    }
    assert_eq!(count, 2 * 7);
}

#[test]
fn files_are_written_as_peft_writes_them() {
    for name in NAMES {
        let (folder, base) = (fixture(&format!("dora-{name}")), base_of(name));
        let (adapter, config) = adapter::load(&folder, &base.config, &Device::Cpu).unwrap();
        let written = tempfile::tempdir().unwrap();
        adapter::save(written.path(), &adapter, &config).unwrap();
        let settings = |folder: &std::path::Path| {
            let text = fs::read_to_string(folder.join("adapter_config.json")).unwrap();
            let mut value: Value = serde_json::from_str(&text).unwrap();
            let targets = value["target_modules"].as_array_mut().unwrap();
            targets.sort_by_key(ToString::to_string);
            value
        };
        assert_eq!(settings(written.path()), settings(&folder));
        let weights = |folder: &std::path::Path| {
            let file = folder.join("adapter_model.safetensors");
            candle_core::safetensors::load(file, &Device::Cpu).unwrap()
        };
        let (ours, theirs) = (weights(written.path()), weights(&folder));
        assert_eq!(ours.len(), theirs.len());
        for (key, tensor) in theirs {
            assert_eq!(ours[&key].dims(), tensor.dims(), "{key}");
            assert_eq!(numbers(&ours[&key]), numbers(&tensor), "{key}");
        }
    }
}

#[test]
fn a_merged_model_has_pefts_logits() {
    for name in NAMES {
        let base = base_of(name);
        let folder = fixture(&format!("dora-{name}"));
        let (adapter, _) = adapter::load(&folder, &base.config, &Device::Cpu).unwrap();
        let merged = merged(&base, Some(&adapter)).unwrap();
        let model = Model::new(merged.config, merged.weights);
        let hidden = model
            .forward(None, &Batch::unlabelled(&[&sequence()]))
            .unwrap();
        let logits = model.logits(&hidden).unwrap();
        close(
            &logits,
            &reference_logits(name),
            TOLERANCE,
            &format!("{name}: merged"),
        );
    }
}

#[test]
fn whole_models_are_exported_and_an_adapter_in_gguf_is_refused() {
    for name in NAMES {
        let base = base_of(name);
        let folder = fixture(&format!("dora-{name}"));
        let (adapter, _) = adapter::load(&folder, &base.config, &Device::Cpu).unwrap();
        let written = tempfile::tempdir().unwrap();
        for format in [ModelExportFormat::Safetensors, ModelExportFormat::GgufF16] {
            let path = written.path().join(format.to_string());
            export(&base, Some(&adapter), format, &path).unwrap();
        }
        let path = written.path().join("adapter.gguf");
        let error = export(&base, Some(&adapter), ModelExportFormat::GgufAdapter, &path);
        let message = error.unwrap_err().to_string();
        assert!(message.contains("DoRA"), "{message}");
        assert!(!path.exists());
    }
}

#[expect(clippy::print_stderr, reason = "the measured error is worth seeing")]
fn close(ours: &Tensor, theirs: &Tensor, tolerance: f64, what: &str) {
    assert_eq!(ours.dims(), theirs.dims(), "{what}");
    let error = relative_error(&numbers(ours), &numbers(theirs));
    eprintln!("{what}: {error:.2e}");
    assert!(error < tolerance, "{what}: {error}");
}
