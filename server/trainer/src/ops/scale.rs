//! Multiplying all elements by a number.

use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Tensor};

use super::on_cuda::on_cuda;
use super::{cpu, simd};

/// `x = factor · x`.
pub fn scale(x: &Tensor, factor: f32) -> Result<()> {
    x.inplace_op1(&Scale { factor })
}

pub(super) struct Scale {
    pub(super) factor: f32,
}

impl InplaceOp1 for Scale {
    fn name(&self) -> &'static str {
        "trainer-scale"
    }

    fn cpu_fwd(&self, x: &mut CpuStorage, layout: &Layout) -> Result<()> {
        cpu::for_blocks(cpu::target(x, layout)?, |_, x| simd::scale(x, self.factor));
        Ok(())
    }

    on_cuda!(1, rows::scale);
}
