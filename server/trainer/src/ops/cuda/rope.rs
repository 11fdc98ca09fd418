//! The rotary embedding.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::cuda_backend::DeviceId;
use candle_core::cuda_backend::cudarc::driver::CudaSlice;
use candle_core::{CudaDevice, Result};

use super::launch::{Grid, Launch, ROPE};
use super::memory::{self, Pointer, Target};
use super::uploads;
use crate::ops::rope::Rope;

/// Numbers on a device.
type OnDevice = (DeviceId, CudaSlice<f32>);

/// A table's cosines, then its sines, on the device that last used them.
#[derive(Clone, Default)]
pub(in crate::ops) struct RopeOnDevice {
    table: Arc<Mutex<Option<OnDevice>>>,
}

impl fmt::Debug for RopeOnDevice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RopeOnDevice")
            .finish_non_exhaustive()
    }
}

impl RopeOnDevice {
    fn pointer(&self, device: &CudaDevice, cos: &[f32], sin: &[f32]) -> Result<Pointer> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, slice)) = table.as_ref().filter(|(id, _)| *id == device.id()) {
            return Ok(Pointer::new(slice));
        }
        let slice = device.clone_htod(&[cos, sin].concat())?;
        let pointer = Pointer::new(&slice);
        *table = Some((device.id(), slice));
        Ok(pointer)
    }
}

pub(in crate::ops) fn rotate(op: &Rope<'_>, mut x: Target<'_>) -> Result<()> {
    let (rows, width) = x.1.shape().dims2()?;
    let pointer = memory::target(&mut x)?;
    let device = &x.0.device;
    let table = op.table;
    let positions = uploads::upload(device, op.positions)?;
    Launch::new(device, ROPE, "rope")
        .pointer(pointer)
        .pointer(table.on_device.pointer(device, &table.cos, &table.sin)?)
        .pointer(positions.pointer())
        .int(op.heads)
        .int(table.half)
        .int(width)
        .int(table.positions())
        .float(if op.backward { -1.0 } else { 1.0 })
        .run(Grid::matrix(rows, op.heads * table.half))
}
