//! Rotary position embedding (Su et al. 2021) in the half-rotation layout of Hugging Face.

use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Tensor, bail};

use super::cpu;
use super::on_cuda::on_cuda;
use super::simd::vectorized;
use crate::model::{Llama3Scaling, RopeScaling};

/// Cosines and sines by position.
#[derive(Clone, Debug)]
pub struct RopeTable {
    pub(super) half: usize,
    frequencies: Vec<f32>,
    pub(super) cos: Vec<f32>,
    pub(super) sin: Vec<f32>,
    #[cfg(feature = "cuda")]
    pub(super) on_device: super::cuda::RopeOnDevice,
}

impl RopeTable {
    /// The table for positions below `positions`.
    ///
    /// Computed as transformers does: frequencies in f32, angles as f32 products.
    pub fn new(
        head_dim: usize,
        theta: f64,
        scaling: Option<RopeScaling>,
        positions: usize,
    ) -> Self {
        let frequencies: Vec<f32> = (0..head_dim / 2)
            .map(|index| {
                let exponent = (2 * index) as f32 / head_dim as f32;
                let frequency = 1.0 / (theta.powf(f64::from(exponent)) as f32);
                match scaling {
                    None => frequency,
                    Some(RopeScaling::Linear { factor }) => frequency / factor as f32,
                    Some(RopeScaling::Llama3(scaling)) => scaled(frequency, scaling),
                }
            })
            .collect();
        let mut table = Self {
            half: head_dim / 2,
            frequencies,
            cos: vec![],
            sin: vec![],
            #[cfg(feature = "cuda")]
            on_device: super::cuda::RopeOnDevice::default(),
        };
        table.extend_to(positions);
        table
    }

    /// Frequencies in radians by position, one for each pair of numbers of a head.
    pub fn frequencies(&self) -> &[f32] {
        &self.frequencies
    }

    /// Positions that the table covers.
    pub fn positions(&self) -> usize {
        self.cos.len() / self.half.max(1)
    }

    fn extend_to(&mut self, positions: usize) {
        for position in self.positions()..positions {
            for frequency in &self.frequencies {
                let angle = f64::from(position as f32 * frequency);
                self.cos.push(angle.cos() as f32);
                self.sin.push(angle.sin() as f32);
            }
        }
    }
}

/// Llama 3.1's change of one frequency: long wavelengths are stretched by the factor, short ones
/// kept, those between blended.
fn scaled(frequency: f32, scaling: Llama3Scaling) -> f32 {
    let original = scaling.original_max_position_embeddings as f32;
    let (low, high) = (
        scaling.low_freq_factor as f32,
        scaling.high_freq_factor as f32,
    );
    let factor = scaling.factor as f32;
    let wavelength = 2.0 * std::f32::consts::PI / frequency;
    if wavelength > original / low {
        frequency / factor
    } else if wavelength < original / high {
        frequency
    } else {
        let smooth = (original / wavelength - low) / (high - low);
        (1.0 - smooth) * frequency / factor + smooth * frequency
    }
}

/// Rotates the first `heads` heads of each row in place; `backward` turns the other way, which is
/// the gradient.
///
/// `x` is `[T, width]` with heads first; `positions` has T entries.
pub fn rope(
    x: &Tensor,
    table: &RopeTable,
    positions: &[u32],
    heads: usize,
    backward: bool,
) -> Result<()> {
    if x.dims2()?.0 != positions.len() || x.dims2()?.1 < heads * 2 * table.half {
        bail!(
            "{} positions and {heads} heads do not fit {:?}",
            positions.len(),
            x.dims()
        );
    }
    if let Some(position) = positions.iter().find(|&&p| p as usize >= table.positions()) {
        bail!(
            "position {position} is beyond the model's {} positions",
            table.positions()
        );
    }
    x.inplace_op1(&Rope {
        table,
        positions,
        heads,
        backward,
    })
}

pub(super) struct Rope<'a> {
    pub(super) table: &'a RopeTable,
    pub(super) positions: &'a [u32],
    pub(super) heads: usize,
    pub(super) backward: bool,
}

impl InplaceOp1 for Rope<'_> {
    fn name(&self) -> &'static str {
        "trainer-rope"
    }

    fn cpu_fwd(&self, x: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let width = layout.dims()[1];
        let half = self.table.half;
        let sign = if self.backward { -1.0 } else { 1.0 };
        cpu::for_rows(cpu::target(x, layout)?, width, |row, x| {
            let start = self.positions[row] as usize * half;
            let cos = &self.table.cos[start..start + half];
            let sin = &self.table.sin[start..start + half];
            for head in x.chunks_exact_mut(2 * half).take(self.heads) {
                rotate(head, cos, sin, sign);
            }
        });
        Ok(())
    }

    on_cuda!(1, rope::rotate);
}

vectorized! {
    pub(super) fn rotate(head: &mut [f32], cos: &[f32], sin: &[f32], sign: f32) {
        let (first, second) = head.split_at_mut(cos.len());
        for (((a, b), &cos), &sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
            let (x, y, sin) = (*a, *b, sin * sign);
            *a = x * cos - y * sin;
            *b = y * cos + x * sin;
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn backward_undoes_forward() {
        let table = RopeTable::new(8, 10_000.0, None, 64);
        let values: Vec<f32> = (0..5 * 24).map(|at| 1.0 + (at % 7) as f32).collect();
        let x = Tensor::from_vec(values, (5, 24), &Device::Cpu).unwrap();
        let before = x.to_vec2::<f32>().unwrap();
        let positions = [0, 1, 2, 0, 63];
        rope(&x, &table, &positions, 2, false).unwrap();
        let turned = x.to_vec2::<f32>().unwrap();
        assert_eq!(
            turned[1][16..],
            before[1][16..],
            "values beyond the heads stay"
        );
        assert!((turned[1][0] - before[1][0]).abs() > 1e-3);
        rope(&x, &table, &positions, 2, true).unwrap();
        for (row, expected) in x.to_vec2::<f32>().unwrap().iter().zip(&before) {
            for (value, expected) in row.iter().zip(expected) {
                assert!((value - expected).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn llama_3_scaling_stretches_long_waves_only() {
        let scaling = RopeScaling::Llama3(Llama3Scaling {
            factor: 8.0,
            low_freq_factor: 1.0,
            high_freq_factor: 4.0,
            original_max_position_embeddings: 8192,
        });
        let plain = RopeTable::new(64, 500_000.0, None, 1);
        let scaled = RopeTable::new(64, 500_000.0, Some(scaling), 1);
        assert!((scaled.frequencies()[0] - plain.frequencies()[0]).abs() < f32::EPSILON);
        let (last, plain_last) = (scaled.frequencies()[31], plain.frequencies()[31]);
        assert!((last * 8.0 / plain_last - 1.0).abs() < 1e-6);
    }

    #[test]
    fn linear_scaling_stretches_all_waves() {
        let plain = RopeTable::new(8, 10_000.0, None, 1);
        let scaled = RopeTable::new(8, 10_000.0, Some(RopeScaling::Linear { factor: 8.0 }), 1);
        for (scaled, plain) in scaled.frequencies().iter().zip(plain.frequencies()) {
            assert!((scaled * 8.0 / plain - 1.0).abs() < f32::EPSILON);
        }
    }

    #[test]
    fn a_position_beyond_the_table_is_refused() {
        let table = RopeTable::new(8, 10_000.0, None, 4);
        let x = Tensor::randn(0f32, 1.0, (1, 8), &Device::Cpu).unwrap();
        assert!(rope(&x, &table, &[4], 1, false).is_err());
    }
}
