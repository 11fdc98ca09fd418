//! Attention forward, backward and over a cache.

use candle_core::{DType, Tensor};
use trainer::ops::{self, AttentionShape, Segment};

use crate::support::{BRAIN, compare, numbers};

const LIMIT: f64 = 2e-5;

/// Segments of these lengths below those of these numbers.
fn segments(lengths: &[(usize, Option<usize>)]) -> Vec<Segment> {
    let mut end = 0;
    let segments = lengths.iter().map(|(length, parent)| {
        end += length;
        Segment {
            start: end - length,
            end,
            parent: *parent,
        }
    });
    segments.collect()
}

#[test]
fn attention_and_its_gradients_are_the_processors() {
    let trees = [
        segments(&[(1, None)]),
        segments(&[(300, None), (33, None), (0, None), (64, None)]),
        segments(&[
            (40, None),
            (7, Some(0)),
            (90, Some(0)),
            (1, Some(2)),
            (50, None),
        ]),
        // What many begin with is work for several blocks.
        segments(&[&[(70, None)][..], &[(90, Some(0)); 14][..]].concat()),
    ];
    for tree in &trees {
        for (heads, kv_heads, head_dim, window) in [
            (2, 1, 8, None),
            (4, 2, 64, None),
            (3, 3, 80, Some(17)),
            (8, 2, 128, Some(64)),
            (4, 1, 256, None),
        ] {
            for (rounded, limit) in [(false, LIMIT), (true, BRAIN)] {
                let shape = AttentionShape {
                    heads,
                    kv_heads,
                    head_dim,
                    scale: 1.0 / (head_dim as f32).sqrt(),
                    window,
                    rounded,
                };
                let what = if rounded {
                    "attention, rounded"
                } else {
                    "attention"
                };
                compare(what, limit, |device| {
                    let rows = tree.last().map_or(0, |segment| segment.end);
                    let qkv = (numbers((rows, shape.qkv_width()), 1, device) * 2.0)?;
                    let dout = numbers((rows, shape.width()), 2, device);
                    let count = rows * (shape.width() + shape.heads);
                    let out = Tensor::zeros(count, DType::F32, device)?;
                    let d = numbers(qkv.dims(), 3, device);
                    ops::attention(&out, &qkv, tree, shape)?;
                    ops::attention_backward(&d, &dout, &qkv, &out, tree, shape)?;
                    Ok(vec![("forward", out), ("backward", d)])
                });
            }
        }
    }
}

#[test]
fn attention_over_a_cache_is_the_processors() {
    for (head_dim, window) in [(8, None), (64, Some(5)), (128, None), (256, Some(70))] {
        let shape = AttentionShape {
            heads: 6,
            kv_heads: 2,
            head_dim,
            scale: 1.0 / (head_dim as f32).sqrt(),
            window,
            rounded: false,
        };
        compare("attention over a cache", LIMIT, |device| {
            let q = (numbers((4, shape.qkv_width()), 1, device) * 2.0)?;
            let cache = numbers((2, 3, 2, 300, head_dim), 2, device);
            let out = Tensor::zeros((4, shape.width()), DType::F32, device)?;
            let lengths = [(2, 300), (0, 1), (1, 77), (2, 130)];
            ops::attention_cached(&out, &q, &cache, &lengths, shape)?;
            Ok(vec![("result", out)])
        });
    }
}
