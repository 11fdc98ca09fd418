//! Which type each tensor is stored as.
//!
//! `Q4_K_M` is llama.cpp's mixture (`llama-quant.cpp`): 4 bits, and 6 for the output head, for half
//! of the value and down projections, and for those a quarter of them at the ends of the model. Its
//! blocks have 256 numbers; rows that are no multiple of that get the next larger type with blocks
//! of 32, as llama.cpp does it.

use candle_core::quantized::GgmlDType;
use shared::model_export::ModelExportFormat;

use crate::error::{Result, TrainerError};
use crate::model::ModelConfig;

/// Numbers in a block of the types `Q4_K` and `Q6_K`.
const LARGE_BLOCK: usize = 256;
/// Numbers in a block of the others.
const SMALL_BLOCK: usize = 32;

/// `general.file_type`: llama.cpp's number for the mixture.
pub(super) fn of_file(format: ModelExportFormat) -> Result<u32> {
    match format {
        ModelExportFormat::GgufF16 => Ok(1),
        ModelExportFormat::GgufQ8_0 => Ok(7),
        ModelExportFormat::GgufQ4KM => Ok(15),
        other => Err(no_gguf(other)),
    }
}

fn no_gguf(format: ModelExportFormat) -> TrainerError {
    TrainerError::Config {
        field: "format",
        reason: format!("{format} is no GGUF file of a whole model"),
    }
}

/// The type of one tensor, named as in the file.
pub(super) fn of_tensor(
    format: ModelExportFormat,
    name: &str,
    dims: &[usize],
    config: &ModelConfig,
) -> Result<GgmlDType> {
    let &[_, columns] = dims else {
        return Ok(GgmlDType::F32);
    };
    let wanted = match format {
        ModelExportFormat::GgufF16 => GgmlDType::F16,
        ModelExportFormat::GgufQ8_0 => GgmlDType::Q8_0,
        ModelExportFormat::GgufQ4KM => q4_k_m(name, config),
        other => return Err(no_gguf(other)),
    };
    Ok(fitting(wanted, columns))
}

/// What llama.cpp's mixture wants for a matrix.
fn q4_k_m(name: &str, config: &ModelConfig) -> GgmlDType {
    let head = if config.tie_word_embeddings {
        "token_embd.weight"
    } else {
        "output.weight"
    };
    let layer = name
        .strip_prefix("blk.")
        .and_then(|rest| rest.split_once('.'))
        .and_then(|(layer, _)| layer.parse().ok());
    let careful = name.ends_with("attn_v.weight") || name.ends_with("ffn_down.weight");
    match layer {
        _ if name == head => GgmlDType::Q6K,
        Some(layer) if careful && more_bits(layer, config.layers) => GgmlDType::Q6K,
        _ => GgmlDType::Q4K,
    }
}

/// The first and last eighth of the layers, and every third between.
const fn more_bits(layer: usize, layers: usize) -> bool {
    let eighth = layers / 8;
    layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2
}

/// The type itself, or what takes its place for rows that it cannot cut into blocks.
fn fitting(kind: GgmlDType, columns: usize) -> GgmlDType {
    let kind = match kind {
        GgmlDType::Q4K if !columns.is_multiple_of(LARGE_BLOCK) => GgmlDType::Q5_0,
        GgmlDType::Q6K if !columns.is_multiple_of(LARGE_BLOCK) => GgmlDType::Q8_0,
        kind => kind,
    };
    match kind {
        GgmlDType::Q5_0 | GgmlDType::Q8_0 if !columns.is_multiple_of(SMALL_BLOCK) => GgmlDType::F16,
        kind => kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_layers_get_more_bits() {
        let careful: Vec<usize> = (0..30).filter(|layer| more_bits(*layer, 30)).collect();
        assert_eq!(careful, [0, 1, 2, 5, 8, 11, 14, 17, 20, 23, 26, 27, 28, 29]);
    }

    #[test]
    fn rows_that_do_not_fit_get_the_next_larger_type() {
        for (kind, columns, expected) in [
            (GgmlDType::Q4K, 512, GgmlDType::Q4K),
            (GgmlDType::Q4K, 576, GgmlDType::Q5_0),
            (GgmlDType::Q6K, 576, GgmlDType::Q8_0),
            (GgmlDType::Q6K, 40, GgmlDType::F16),
            (GgmlDType::F16, 40, GgmlDType::F16),
        ] {
            assert_eq!(fitting(kind, columns), expected, "{kind:?} {columns}");
        }
    }
}
