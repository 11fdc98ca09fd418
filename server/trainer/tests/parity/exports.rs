//! Exports, read back: the same model in another form.

use std::path::Path;

use candle_core::Device;
use shared::model_export::ModelExportFormat;
use shared::training::TargetModule;
use tempfile::TempDir;
use trainer::adapter::{self, Adapter, LoraShape};
use trainer::export::{compare, export, limit, read_adapter, write_adapter, write_gguf};
use trainer::model::{Architecture, LoadedModel, load};

use crate::architectures::model_of;
use crate::support::{fixture, numbers, smollm2, tiny};

/// The tiny models with adapters of which no matrix is zero.
fn adapted() -> Vec<(LoadedModel, Adapter)> {
    let models = [
        (tiny(), fixture("adapter-random")),
        (model_of("mistral"), fixture("tiny-mistral/adapter")),
        (model_of("qwen2"), fixture("tiny-qwen2/adapter")),
        (model_of("qwen3"), fixture("tiny-qwen3/adapter")),
        (gemma3(), fixture("tiny-gemma3/adapter")),
    ];
    let load = |(model, folder): (LoadedModel, std::path::PathBuf)| {
        let (adapter, _) = adapter::load(&folder, &model.config, &Device::Cpu).unwrap();
        (model, adapter)
    };
    models.into_iter().map(load).collect()
}

/// The random Gemma, with the scale of scores that GGUF files have it to have.
pub(crate) fn gemma3() -> LoadedModel {
    let mut model = model_of("gemma3");
    model.config.query_pre_attn_scalar = model.config.head_dim;
    model
}

fn place(folder: &TempDir, format: ModelExportFormat) -> std::path::PathBuf {
    let name = format!("model.{format}");
    if format.is_folder() {
        folder.path().join(name)
    } else {
        folder.path().join(name + ".gguf")
    }
}

#[test]
fn exact_formats_are_the_model_with_its_adapter() {
    for (model, adapter) in adapted() {
        let folder = tempfile::tempdir().unwrap();
        for format in [
            ModelExportFormat::Safetensors,
            ModelExportFormat::GgufF16,
            ModelExportFormat::GgufAdapter,
        ] {
            let path = place(&folder, format);
            let check = export(&model, Some(&adapter), format, &path).unwrap();
            assert!(check.tokens > 100, "{check:?}");
            // Without the adapter, the answers are far away.
            let without = compare((&model, Some(&adapter)), (&model, None)).unwrap();
            assert!(
                without.mean_divergence > 100.0 * limit(format),
                "{without:?}"
            );
        }
    }
}

#[test]
fn a_gguf_file_keeps_shape_tokens_and_template() {
    for (model, _) in adapted() {
        let folder = tempfile::tempdir().unwrap();
        let path = place(&folder, ModelExportFormat::GgufF16);
        write_gguf(&model, ModelExportFormat::GgufF16, &path).unwrap();
        let read = load(&path, &Device::Cpu).unwrap();
        assert_eq!(read.config, model.config);
        assert_eq!(read.template.source(), model.template.source());
        assert_eq!(read.tokenizer.special(), model.tokenizer.special());
    }
}

#[test]
fn what_gguf_cannot_say_of_a_model_is_refused_by_its_name() {
    let mut without_period = gemma3();
    let window = without_period.config.sliding_window.as_mut().unwrap();
    window.layers = vec![true, false, false];
    for (model, words) in [
        (model_of("gemma3"), "query_pre_attn_scalar = 24"),
        (without_period, "layer_types without a period"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let format = ModelExportFormat::GgufF16;
        let error = write_gguf(&model, format, &place(&folder, format));
        let message = error.unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn fewer_bits_are_further_away() {
    for (model, adapter) in adapted() {
        let model = adapter::merged(&model, Some(&adapter)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut last = 0.0;
        for format in [
            ModelExportFormat::GgufF16,
            ModelExportFormat::GgufQ8_0,
            ModelExportFormat::GgufQ4KM,
        ] {
            let path = place(&folder, format);
            write_gguf(&model, format, &path).unwrap();
            let read = load(&path, &Device::Cpu).unwrap();
            let check = compare((&model, None), (&read, None)).unwrap();
            // Rows of 16 numbers fit no block, so some matrices stay in 16 bits.
            assert!(check.mean_divergence > last, "{format}: {check:?}");
            assert!(check.mean_divergence < 0.2, "{format}: {check:?}");
            last = check.mean_divergence;
        }
    }
}

#[test]
fn an_adapter_as_gguf_is_the_same_to_the_last_bit() {
    for (model, adapter) in adapted() {
        let folder = tempfile::tempdir().unwrap();
        let path = place(&folder, ModelExportFormat::GgufAdapter);
        write_adapter(&model.config, &adapter, &path).unwrap();
        let read = read_adapter(&path, &model.config, &Device::Cpu).unwrap();
        assert_eq!(read.shape(), adapter.shape());
        assert_eq!(numbers(read.flat()), numbers(adapter.flat()));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = place(&folder, ModelExportFormat::GgufAdapter);
    let all = adapted();
    write_adapter(&all[0].0.config, &all[0].1, &path).unwrap();
    for (model, words) in [
        (&all[2].0, "not for this base"),
        (&all[1].0, "where the base needs"),
    ] {
        let error = read_adapter(&path, &model.config, &Device::Cpu);
        let message = error.unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn what_is_no_number_is_not_taken_for_equal() {
    let model = tiny();
    let (adapter, _) =
        adapter::load(&fixture("adapter-random"), &model.config, &Device::Cpu).unwrap();
    let mut values = numbers(adapter.flat());
    values[0] = f32::NAN;
    let shape = adapter.shape().clone();
    let broken = Adapter::from_values(&model.config, shape, values, &Device::Cpu).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let format = ModelExportFormat::GgufAdapter;
    let error = export(&model, Some(&broken), format, &place(&folder, format));
    let message = error.unwrap_err().to_string();
    assert!(message.contains("answers differently"), "{message}");
}

#[test]
fn a_base_has_no_adapter_to_export() {
    let path = Path::new("nowhere.gguf");
    let error = export(&tiny(), None, ModelExportFormat::GgufAdapter, path);
    let message = error.unwrap_err().to_string();
    assert!(message.contains("needs an adapter"), "{message}");
}

#[test]
#[expect(
    clippy::print_stderr,
    reason = "the measured differences are worth seeing"
)]
fn smollm2_with_an_adapter_is_exported_with_fewer_bits() {
    let Some(path) = smollm2("smollm2_with_an_adapter_is_exported_with_fewer_bits") else {
        return;
    };
    let model = load(&path, &Device::Cpu).unwrap();
    assert_eq!(model.config.architecture, Architecture::Llama);
    let shape = LoraShape {
        rank: 4,
        alpha: 8.0,
        rank_stabilised: false,
        weight_decomposed: false,
        score_head: false,
        targets: TargetModule::ALL.to_vec(),
    };
    let fresh = Adapter::new(&model.config, &model.weights, shape.clone(), 1).unwrap();
    // About as large as training makes a B.
    let values = numbers(fresh.flat())
        .iter()
        .enumerate()
        .map(|(place, value)| value + 0.004 * ((place * 37) % 11) as f32 - 0.02)
        .collect();
    let adapter = Adapter::from_values(&model.config, shape, values, &Device::Cpu).unwrap();
    for format in [
        ModelExportFormat::SafetensorsBf16,
        ModelExportFormat::GgufQ8_0,
        ModelExportFormat::GgufQ4KM,
    ] {
        let folder = tempfile::tempdir().unwrap();
        let check = export(&model, Some(&adapter), format, &place(&folder, format)).unwrap();
        eprintln!("{format}: {check:?}");
    }
}
