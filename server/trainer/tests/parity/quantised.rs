//! A GGUF file whose blocks are kept: the same numbers, the same run, and what is refused.

use std::path::Path;
use std::time::Duration;

use candle_core::Device;
use candle_core::quantized::GgmlDType;
use shared::training::{Precision, TargetModule, TrainingConfig};
use trainer::model::{LoadedModel, Matrix, load, load_in, outline};
use trainer::run::Interrupter;
use trainer::session::{Session, Target};

use crate::gguf::Gguf;
use crate::support::{entries, fixture};

/// All matrices of a model, each with its place.
fn matrices(model: &LoadedModel) -> Vec<(String, &Matrix)> {
    let layers = model.weights.layers.iter().enumerate();
    let linear = layers.flat_map(|(layer, weights)| {
        let targets = TargetModule::ALL.iter();
        targets.map(move |target| (format!("{layer} {target}"), weights.linear(*target)))
    });
    let ends = [
        ("embedding", &model.weights.embedding),
        ("head", model.weights.head()),
    ];
    linear
        .chain(ends.map(|(name, matrix)| (name.to_owned(), matrix)))
        .collect()
}

#[test]
fn blocks_are_kept_and_are_what_is_widened() {
    for kind in [
        GgmlDType::Q8_0,
        GgmlDType::Q5_1,
        GgmlDType::Q5_0,
        GgmlDType::Q4_1,
        GgmlDType::Q4_0,
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = Gguf::of_kind(kind).write(folder.path());
        let widened = load(&path, &Device::Cpu).unwrap();
        let kept = load_in(&path, &Device::Cpu, Precision::Quantised).unwrap();
        for ((name, kept), (_, widened)) in matrices(&kept).into_iter().zip(matrices(&widened)) {
            assert!(matches!(kept, Matrix::Blocks(_)), "{kind:?} {name}");
            assert_eq!(entries(kept), entries(widened), "{kind:?} {name}");
        }
        assert_eq!(kept.content_hash, widened.content_hash);
        let all: usize = matrices(&kept)[..15]
            .iter()
            .map(|(_, one)| one.elem_count())
            .sum();
        let vectors = widened.weights.parameter_count() - all;
        let bytes = all / kind.block_size() * kind.type_size() + vectors * 4;
        assert_eq!(outline(&path).unwrap().block_bytes, Some(bytes));
    }
}

#[test]
fn a_base_without_blocks_is_refused_where_they_are_to_be_kept() {
    for kind in [GgmlDType::F32, GgmlDType::F16, GgmlDType::BF16] {
        let folder = tempfile::tempdir().unwrap();
        let path = Gguf::of_kind(kind).write(folder.path());
        refused(&path);
    }
    refused(&fixture("tiny-llama"));
}

fn refused(path: &Path) {
    let error = load_in(path, &Device::Cpu, Precision::Quantised).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("not quantised by blocks") && message.contains("Q4_K_M"),
        "{message}"
    );
    assert_eq!(outline(path).unwrap().block_bytes, None);
}

#[test]
fn a_damaged_block_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = Gguf::of_kind(GgmlDType::Q8_0).write(folder.path());
    let mut bytes = std::fs::read(&path).unwrap();
    let blocks = bytes.len() - 34 * 100;
    // Scales that are no numbers, wherever a block begins.
    bytes[blocks..].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let error = load_in(&path, &Device::Cpu, Precision::Quantised).unwrap_err();
    assert!(error.to_string().contains("NaN at position"), "{error}");
}

/// The adapter that two steps on a file make, with samples of the same seed.
fn trained(model: &Path, precision: Precision) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let rows = folder.path().join("rows.jsonl");
    let row = |number| {
        format!("{{\"prompt\": \"What is {number}?\", \"completion\": \"It is {number}.\"}}\n")
    };
    std::fs::write(&rows, (0..8).map(row).collect::<String>()).unwrap();
    let mut config = TrainingConfig {
        model: model.display().to_string(),
        precision,
        ..TrainingConfig::default()
    };
    config.data.train = rows.display().to_string();
    config.adapter.adapter_mut().unwrap().dropout = 0.1;
    config.batch.size = 4;
    config.batch.epochs = 1.0;
    let session = Session::open(config).unwrap();
    let target = Target {
        output: folder.path(),
        resume: false,
        clock: &|| Duration::ZERO,
    };
    let outcome = session.train(target, None, None, &mut |_| {}, &Interrupter::new());
    let outcome = outcome.unwrap();
    assert_eq!(outcome.step, 2);
    std::fs::read(outcome.folder.join("adapter_model.safetensors")).unwrap()
}

#[test]
fn a_run_on_blocks_makes_the_adapter_of_one_on_widened_weights() {
    let folder = tempfile::tempdir().unwrap();
    let path = Gguf::of_kind(GgmlDType::Q4_1).write(folder.path());
    let kept = trained(&path, Precision::Quantised);
    assert!(kept == trained(&path, Precision::Full));
}
