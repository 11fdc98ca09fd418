//! Products, with operands as they come: transposed, parts of others, of one row or column.

use candle_core::{DType, Device, Result, Tensor};
use trainer::ops;

use crate::support::{compare, numbers};

const LIMIT: f64 = 1e-5;
/// Terms in bfloat16 are the same on both; only their sums are rounded otherwise.
const SAME_TERMS: f64 = 1e-5;

/// A matrix, transposed or as a part of a larger one.
fn matrix(rows: usize, columns: usize, how: usize, seed: usize, device: &Device) -> Result<Tensor> {
    match how {
        0 => Ok(numbers((rows, columns), seed, device)),
        1 => numbers((columns, rows), seed, device).t(),
        2 => numbers((rows + 2, columns + 9), seed, device)
            .narrow(0, 1, rows)?
            .narrow(1, 5, columns),
        _ => numbers((columns + 4, rows + 3), seed, device)
            .narrow(0, 2, columns)?
            .narrow(1, 1, rows)?
            .t(),
    }
}

#[test]
fn products_are_the_processors() {
    for kind in [DType::F32, DType::BF16] {
        for (rows, terms, columns) in [(70, 300, 50), (1, 64, 33), (33, 1, 5), (16, 130, 1)] {
            for way in 0..16 {
                let limit = if kind == DType::F32 {
                    LIMIT
                } else {
                    SAME_TERMS
                };
                compare(&format!("products {kind:?}"), limit, |device| {
                    let lhs = matrix(rows, terms, way % 4, 1, device)?;
                    let rhs = matrix(terms, columns, way / 4, 2, device)?;
                    let rhs = rhs.to_dtype(kind)?;
                    let one = matrix(rows, columns, way % 4, 3, device)?;
                    let other = matrix(rows, columns, way / 4, 3, device)?;
                    ops::Products::default().gemm_scaled(&one, &lhs, &rhs, 0.5)?;
                    ops::gemm_add(&other, &lhs, &rhs, -2.0)?;
                    Ok(vec![("scaled", one), ("added", other)])
                });
            }
        }
    }
}

/// Each factor is rounded to eleven bits.
#[test]
fn rounded_products_are_close_to_the_processors() {
    let products = ops::Products { rounded: true };
    for (rows, terms, columns) in [(70, 300, 50), (200, 576, 48), (16, 200, 576)] {
        compare("rounded products", 1e-3, |device| {
            let lhs = matrix(rows, terms, 0, 1, device)?;
            let rhs = matrix(terms, columns, 1, 2, device)?;
            let dst = matrix(rows, columns, 2, 3, device)?;
            products.gemm_add(&dst, &lhs, &rhs, 2.0)?;
            Ok(vec![("added", dst)])
        });
    }
}

#[test]
fn layers_are_the_processors() {
    for kind in [DType::F32, DType::BF16] {
        for rows in [1, 8, 200] {
            compare(&format!("layers {kind:?}"), LIMIT, |device| {
                let x = numbers((rows, 576), 1, device);
                let weight = numbers((192, 576), 2, device).to_dtype(kind)?;
                let wide = numbers((rows, 300), 3, device);
                ops::linear(&wide.narrow(1, 50, 192)?, &x, &weight)?;
                Ok(vec![("result", wide)])
            });
        }
    }
}
