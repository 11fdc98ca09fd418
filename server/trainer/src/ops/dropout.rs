//! Dropout from a counter-based random generator: the same key gives the same zeros, whatever
//! the threads, so that the backward draws them anew instead of keeping a mask.

use candle_core::{CpuStorage, InplaceOp2, Layout, Result, Tensor, bail};

use super::cpu;
use super::on_cuda::on_cuda;

/// What decides which elements are zeroed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DropoutKey {
    /// The seed of the run.
    pub seed: u64,
    /// Which drawing of the run: micro-batch, layer and input.
    pub stream: u64,
    /// The share of elements that become zero, from 0 up to 1.
    pub share: f32,
}

/// `dst = src ∘ mask / (1 - share)`; applied to a gradient, it is its own backward.
///
/// `dst` and `src` have one shape, and may lie apart by rows only as a whole.
pub fn dropout(dst: &Tensor, src: &Tensor, key: DropoutKey) -> Result<()> {
    let kept = 1.0 / (1.0 - key.share);
    apply(
        dst,
        src,
        &Dropout {
            key,
            zeroed: 0.0,
            kept,
        },
    )
}

/// `dst = src - dropout(src)`: what [`dropout`] takes away. It, too, is its own backward.
pub fn dropped(dst: &Tensor, src: &Tensor, key: DropoutKey) -> Result<()> {
    let kept = 1.0 - 1.0 / (1.0 - key.share);
    apply(
        dst,
        src,
        &Dropout {
            key,
            zeroed: 1.0,
            kept,
        },
    )
}

fn apply(dst: &Tensor, src: &Tensor, dropout: &Dropout) -> Result<()> {
    cpu::expect_shape(dst, src.dims(), "a tensor with dropout")?;
    let share = dropout.key.share;
    if !(0.0..1.0).contains(&share) {
        bail!("dropout of {share} is not from 0 up to 1");
    }
    dst.inplace_op2(src, dropout)
}

pub(super) struct Dropout {
    pub(super) key: DropoutKey,
    /// What the share is multiplied by.
    pub(super) zeroed: f32,
    /// What all else is multiplied by.
    pub(super) kept: f32,
}

impl Dropout {
    /// Which words zero an element: those below.
    pub(super) fn threshold(&self) -> f64 {
        (f64::from(self.key.share) * 4_294_967_296.0).round()
    }
}

impl InplaceOp2 for Dropout {
    fn name(&self) -> &'static str {
        "trainer-dropout"
    }

    fn cpu_fwd(
        &self,
        dst: &mut CpuStorage,
        dst_layout: &Layout,
        src: &CpuStorage,
        src_layout: &Layout,
    ) -> Result<()> {
        let src = cpu::source(src, src_layout)?;
        let threshold = self.threshold();
        cpu::for_blocks(cpu::target(dst, dst_layout)?, |first, dst| {
            // Blocks begin at multiples of four.
            for (index, (dst, src)) in dst.chunks_mut(4).zip(src[first..].chunks(4)).enumerate() {
                let words = philox(self.key, (first / 4 + index) as u64);
                for ((dst, src), word) in dst.iter_mut().zip(src).zip(words) {
                    let is_zeroed = f64::from(word) < threshold;
                    *dst = src * if is_zeroed { self.zeroed } else { self.kept };
                }
            }
        });
        Ok(())
    }

    on_cuda!(2, dropout::draw);
}

/// Philox4x32-10 (Salmon et al. 2011): four random words for a counter.
fn philox(key: DropoutKey, counter: u64) -> [u32; 4] {
    let (mut k0, mut k1) = (key.seed as u32, (key.seed >> 32) as u32);
    let mut x = [
        counter as u32,
        (counter >> 32) as u32,
        key.stream as u32,
        (key.stream >> 32) as u32,
    ];
    for _ in 0..10 {
        let first = u64::from(x[0]) * 0xD251_1F53;
        let second = u64::from(x[2]) * 0xCD9E_8D57;
        x = [
            (second >> 32) as u32 ^ x[1] ^ k0,
            second as u32,
            (first >> 32) as u32 ^ x[3] ^ k1,
            first as u32,
        ];
        k0 = k0.wrapping_add(0x9E37_79B9);
        k1 = k1.wrapping_add(0xBB67_AE85);
    }
    x
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    #[test]
    fn philox_gives_the_published_numbers() {
        let zero = DropoutKey {
            seed: 0,
            stream: 0,
            share: 0.0,
        };
        assert_eq!(
            philox(zero, 0),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        let ones = DropoutKey {
            seed: u64::MAX,
            stream: u64::MAX,
            share: 0.0,
        };
        assert_eq!(
            philox(ones, u64::MAX),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
    }

    #[test]
    fn the_share_is_zeroed_and_the_rest_scaled() {
        let src = Tensor::ones((300, 501), DType::F32, &Device::Cpu).unwrap();
        let dst = src.zeros_like().unwrap();
        let key = DropoutKey {
            seed: 7,
            stream: 3,
            share: 0.25,
        };
        dropout(&dst, &src, key).unwrap();
        let values = dst.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let zeros = values.iter().filter(|value| **value == 0.0).count() as f64;
        assert!((zeros / values.len() as f64 - 0.25).abs() < 0.01);
        assert!(
            values
                .iter()
                .all(|value| *value == 0.0 || (value - 4.0 / 3.0).abs() < 1e-6)
        );

        let taken = src.zeros_like().unwrap();
        dropped(&taken, &src, key).unwrap();
        let sum = (&dst + &taken).unwrap().flatten_all().unwrap();
        let sum = sum.to_vec1::<f32>().unwrap();
        assert!(sum.iter().all(|value| (value - 1.0).abs() < 1e-6));

        let again = src.zeros_like().unwrap();
        dropout(&again, &src, key).unwrap();
        assert_eq!(
            values,
            again.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        );
        dropout(&again, &src, DropoutKey { stream: 4, ..key }).unwrap();
        assert_ne!(
            values,
            again.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        );
    }
}
