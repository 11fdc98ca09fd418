//! Operations of rows and elements.

use candle_core::{DType, Tensor};
use trainer::device::gpu_memory;
use trainer::model::{Activation, RopeScaling};
use trainer::ops::{
    self, AdamStep, AttentionShape, DropoutKey, HEAD_STATISTICS, HeadNorm, HeadTile, RopeTable,
};

use crate::support::{compare, gpu, numbers};

/// The limit of single operations; what they sum is short.
const LIMIT: f64 = 1e-5;

#[test]
fn norms_are_the_processors() {
    compare("norms", LIMIT, |device| {
        let (rows, width) = (37, 576);
        let x = numbers((rows, width), 1, device);
        let g = numbers((rows, width), 2, device);
        let weight = numbers(width, 3, device);
        let (dst, dx) = (x.zeros_like()?, numbers((rows, width), 4, device));
        ops::rms_norm(&dst, &x, &weight, 1e-5)?;
        ops::rms_norm_backward_add(&dx, &g, &x, &weight, 1e-5)?;
        Ok(vec![("forward", dst), ("backward", dx)])
    });
}

#[test]
fn norms_of_heads_are_the_processors() {
    compare("norms of heads", LIMIT, |device| {
        let shape = AttentionShape {
            heads: 6,
            kv_heads: 2,
            head_dim: 40,
            scale: 1.0,
            window: None,
            rounded: false,
        };
        let raw = numbers((33, shape.qkv_width()), 1, device);
        let d = numbers((33, shape.qkv_width()), 2, device);
        let (query, key) = (numbers(40, 3, device), numbers(40, 4, device));
        let norm = HeadNorm {
            query: &query,
            key: &key,
            shape,
            eps: 1e-6,
        };
        let dst = raw.zeros_like()?;
        ops::head_norm(&dst, &raw, norm)?;
        ops::head_norm_backward(&d, &raw, norm)?;
        Ok(vec![("forward", dst), ("backward", d)])
    });
}

#[test]
fn rotations_are_the_processors() {
    compare("rotations", LIMIT, |device| {
        let scaling = Some(RopeScaling::Linear { factor: 2.0 });
        let table = RopeTable::new(64, 10_000.0, scaling, 512);
        let positions: Vec<u32> = (0..70).map(|row| row * 7 % 512).collect();
        let forward = numbers((70, 9 * 64), 1, device);
        let backward = numbers((70, 9 * 64), 2, device);
        ops::rope(&forward, &table, &positions, 7, false)?;
        ops::rope(&backward, &table, &positions, 7, true)?;
        Ok(vec![("forward", forward), ("backward", backward)])
    });
}

#[test]
fn gated_units_are_the_processors() {
    for activation in [Activation::Silu, Activation::GeluTanh] {
        compare("gated units", LIMIT, |device| {
            let gate_up = (numbers((29, 2 * 300), 1, device) * 6.0)?;
            let dh = numbers((29, 300), 2, device);
            let (dst, d) = (dh.zeros_like()?, gate_up.zeros_like()?);
            ops::glu(&dst, &gate_up, activation)?;
            ops::glu_backward(&d, &dh, &gate_up, activation)?;
            Ok(vec![("forward", dst), ("backward", d)])
        });
    }
}

#[test]
fn rows_are_moved_as_by_the_processor() {
    compare("rows", 0.0, |device| {
        let src = numbers((50, 300), 1, device);
        let brain = src.to_dtype(DType::BF16)?;
        let rows = [49, 0, 7, 8, 31];
        let gathered = numbers((5, 300), 2, device);
        let widened = numbers((5, 300), 2, device);
        ops::gather_rows(&gathered, &src, &rows)?;
        ops::gather_rows(&widened, &brain, &rows)?;
        let scattered = numbers((50, 300), 3, device);
        ops::scatter_rows(&scattered, &gathered, &rows, &[0.5, -2.0, 1.0, 0.25, 4.0])?;
        let copied = numbers((50, 310), 4, device);
        ops::copy_rows(&copied.narrow(1, 3, 120)?, &src.narrow(1, 100, 120)?)?;
        let sum = numbers((50, 300), 5, device);
        ops::add(&sum, &src)?;
        ops::add_to_rows(&sum, &numbers(300, 6, device))?;
        ops::scale(&sum, 0.5)?;
        let filled = numbers((50, 300), 7, device);
        ops::fill(&filled.narrow(0, 3, 20)?, 4.0)?;
        let cache = numbers((2, 3, 2, 11, 20), 8, device);
        let kv = numbers((9, 100), 9, device).narrow(1, 20, 80)?;
        ops::store_rows(&cache, &kv, &[(0..4, 2, 0), (0..4, 0, 7), (4..9, 1, 3)])?;
        Ok(vec![
            ("gathered", gathered),
            ("widened", widened),
            ("scattered", scattered),
            ("copied", copied),
            ("sum", sum),
            ("filled", filled),
            ("stored", cache),
        ])
    });
}

#[test]
fn tiles_of_the_head_are_the_processors() {
    compare("tiles of the head", LIMIT, |device| {
        let (rows, tile, width, vocabulary) = (21, 512, 64, 1200);
        let labels: Vec<u32> = (0..rows).map(|row| row * 57 % vocabulary).collect();
        let (rows, vocabulary) = (rows as usize, vocabulary as usize);
        let logits = (numbers((rows, vocabulary), 1, device) * 9.0)?;
        let work = numbers((rows, tile + HEAD_STATISTICS), 2, device);
        let sums = numbers((rows, width), 3, device);
        for first in (0..vocabulary).step_by(tile) {
            let columns = tile.min(vocabulary - first);
            let part = work.narrow(1, 0, columns)?;
            ops::copy_rows(&part, &logits.narrow(1, first, columns)?)?;
            let tile = HeadTile {
                first,
                width: columns,
                labels: &labels,
            };
            ops::head_tile(&work, tile)?;
            ops::head_rescale(&sums, &work)?;
        }
        ops::head_finish(&sums, &work, &numbers((rows, width), 4, device))?;
        let statistics = work.narrow(1, tile, HEAD_STATISTICS)?;
        Ok(vec![("statistics", statistics), ("sums", sums)])
    });
}

#[test]
fn masks_of_dropout_are_the_processors() {
    compare("dropout", 0.0, |device| {
        let key = DropoutKey {
            seed: 0xfedc_ba98_7654_3210,
            stream: (1 << 63) | 5,
            share: 0.1,
        };
        let src = numbers((301, 77), 1, device);
        let (dst, rest) = (src.zeros_like()?, src.zeros_like()?);
        ops::dropout(&dst, &src, key)?;
        ops::dropped(&rest, &src, key)?;
        Ok(vec![("kept", dst), ("dropped", rest)])
    });
}

#[test]
fn updates_and_norms_are_the_processors() {
    compare("updates", LIMIT, |device| {
        let count = 40_001;
        let gradients = numbers(count, 1, device);
        let parameters = numbers(count, 2, device);
        let moments = Tensor::zeros((2, count), DType::F32, device)?;
        for step in 1..=3 {
            let step = AdamStep {
                learning_rate: 1e-2,
                beta1: 0.9,
                beta2: 0.999,
                epsilon: 1e-8,
                weight_decay: 0.1,
                decaying: 700,
                gradient_scale: 0.7,
                step,
            };
            ops::adamw_moments(&moments, &gradients, step)?;
            ops::adamw_update(&parameters, &moments, step)?;
        }
        let norm = ops::sum_of_squares(&gradients)?.sqrt() as f32;
        Ok(vec![
            ("moments", moments),
            ("parameters", parameters),
            ("norm", Tensor::new(&[norm], device)?),
        ])
    });
}

#[test]
fn lengths_and_columns_are_the_processors() {
    compare("lengths and columns", LIMIT, |device| {
        let whole = numbers((130, 190), 1, device);
        let one = whole.narrow(1, 20, 150)?;
        let other = numbers((130, 150), 2, device);
        let norms = Tensor::zeros(130, DType::F32, device)?;
        ops::row_norms(&norms, &other)?;
        let divisors = (numbers(150, 3, device) + 2.0)?;
        let sums = numbers(150, 4, device);
        ops::add_column_products(&sums, &one, &other, &divisors)?;
        let scaled = numbers((130, 170), 5, device);
        ops::scale_columns(&scaled.narrow(1, 9, 150)?, &one, &divisors)?;
        Ok(vec![("norms", norms), ("sums", sums), ("scaled", scaled)])
    });
}

#[test]
fn a_gpu_tells_how_much_of_its_memory_is_free() {
    let Some(gpu) = gpu("memory") else {
        return;
    };
    let held = numbers(1 << 22, 1, &gpu);
    let with = gpu_memory(&gpu).unwrap();
    drop(held);
    gpu.synchronize().unwrap();
    let without = gpu_memory(&gpu).unwrap();
    // What the pool keeps is free.
    assert!(
        without.free >= with.free + (1 << 24),
        "{with:?}, {without:?}"
    );
    assert!(without.free <= without.total && with.total == without.total);
}
