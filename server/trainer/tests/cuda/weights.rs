//! Gradients of all weights, operation by operation.

use candle_core::{DType, Tensor};
use trainer::ops::{self, HeadTile};

use crate::support::{compare, numbers};

/// The limit of single operations.
const LIMIT: f64 = 1e-5;

#[test]
fn gradients_of_norms_and_biases_are_the_processors() {
    // Fewer rows than a block takes, and more; columns of one block, and of several.
    for rows in [1, 37, 128, 700] {
        for width in [16, 100, 576] {
            compare("gradients of norms and biases", LIMIT, |device| {
                // Parts of larger tensors, so that what lies beside them is seen to stay.
                let part = |seed| numbers((rows, width + 50), seed, device).narrow(1, 7, width);
                let (x, g) = (part(1)?, part(2)?);
                let [norm, bias, heads] = [3, 4, 5].map(|seed| numbers(width + 9, seed, device));
                ops::rms_norm_weight_backward_add(&norm.narrow(0, 5, width)?, &g, &x, 1e-5)?;
                ops::add_column_sums(&bias.narrow(0, 5, width)?, &g)?;
                // The same rows as vectors side by side.
                let one = heads.narrow(0, 5, width / 4)?;
                ops::rms_norm_weight_backward_add(&one, &g, &x, 1e-5)?;
                Ok(vec![("norm", norm), ("bias", bias), ("heads", heads)])
            });
        }
    }
}

#[test]
fn gradients_of_embeddings_are_the_processors() {
    compare("gradients of embeddings", LIMIT, |device| {
        // Some tokens many times, others never.
        let tokens: Vec<u32> = (0..900).map(|at| at * at % 97).collect();
        let src = numbers((tokens.len(), 300), 1, device);
        let once = numbers((120, 300), 2, device);
        let scaled = numbers((120, 300), 3, device);
        ops::add_scattered_rows(&once, &src, &tokens, 1.0)?;
        ops::add_scattered_rows(&scaled, &src, &tokens, 0.3)?;
        Ok(vec![("plain", once), ("scaled", scaled)])
    });
}

#[test]
fn gradients_of_logits_are_the_processors() {
    compare("gradients of logits", LIMIT, |device| {
        let (rows, vocabulary, tile) = (21, 1200, 512);
        let labels: Vec<u32> = (0..rows).map(|row| row * 57 % vocabulary).collect();
        let log_sums: Vec<f32> = (0..rows).map(|row| row as f32 * 0.1 + 5.0).collect();
        let factors: Vec<f32> = (0..rows).map(|row| row as f32 * 0.2 - 1.0).collect();
        let (rows, vocabulary) = (rows as usize, vocabulary as usize);
        let mut tiles = Vec::new();
        for first in (0..vocabulary).step_by(tile) {
            let width = tile.min(vocabulary - first);
            let work = (numbers((rows, tile), 1 + first, device) * 5.0)?;
            let tile = HeadTile {
                first,
                width,
                labels: &labels,
            };
            ops::head_tile_backward(&work.narrow(1, 0, width)?, tile, &log_sums, &factors)?;
            tiles.push(("tile", work));
        }
        Ok(tiles)
    });
}

#[test]
fn a_row_of_all_weights_is_copied() {
    compare("a long row", 0.0, |device| {
        // More than a grid has columns for.
        let count = (1 << 24) + 300;
        let src = numbers((1, count), 1, device);
        let dst = Tensor::zeros((1, count + 20), DType::F32, device)?;
        ops::copy_rows(&dst.narrow(1, 9, count)?, &src)?;
        Ok(vec![("copy", dst)])
    });
}
