//! Buffers that return to their pool when dropped, so that steps do not allocate.
//!
//! Fresh memory costs a page fault for each 4 KiB and is cleared first; a training step would pay
//! that for hundreds of megabytes. What a buffer holds when it is taken is what its last user left
//! there: whoever takes one writes all of it before reading.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, Range, RangeInclusive};
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{Device, Result, Shape, Tensor};

use super::pages;

/// Sweeps that a free buffer outlives without being taken.
const IDLE_SWEEPS: u64 = 16;

/// A free buffer serves for a shape that fills at least these parts of it.
const LEAST_FILLED: (usize, usize) = (7, 10);

/// Free buffers of one device, by capacity.
#[derive(Clone)]
pub struct Pool {
    device: Device,
    free: Arc<Mutex<Free>>,
}

#[derive(Default)]
struct Free {
    sweep: u64,
    by_capacity: BTreeMap<usize, Vec<(u64, Tensor)>>,
}

impl Free {
    fn take(&mut self, capacities: RangeInclusive<usize>) -> Option<(usize, Tensor)> {
        let mut sizes = self.by_capacity.range_mut(capacities);
        sizes.find_map(|(capacity, buffers)| Some((*capacity, buffers.pop()?.1)))
    }

    fn take_largest(&mut self, capacities: Range<usize>) -> Option<(usize, Tensor)> {
        let mut sizes = self.by_capacity.range_mut(capacities).rev();
        sizes.find_map(|(capacity, buffers)| Some((*capacity, buffers.pop()?.1)))
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Pool")
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

impl Pool {
    /// An empty pool.
    pub fn new(device: &Device) -> Self {
        Self {
            device: device.clone(),
            free: Arc::default(),
        }
    }

    /// The device that the buffers are on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// A buffer of that shape, with arbitrary contents.
    pub fn take(&self, shape: impl Into<Shape>) -> Result<Buffer> {
        let shape = shape.into();
        let wanted = capacity_for(shape.elem_count());
        let (capacity, whole) = match self.pop(wanted) {
            Some(found) => found,
            None => (wanted, pages::zeros(wanted, &self.device)?),
        };
        let view = whole.narrow(0, 0, shape.elem_count())?.reshape(shape)?;
        Ok(Buffer {
            view,
            whole,
            capacity,
            pool: self.clone(),
        })
    }

    /// Frees what was not used for a while; call it once a step.
    pub fn sweep(&self) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.sweep += 1;
        let oldest = free.sweep.saturating_sub(IDLE_SWEEPS);
        free.by_capacity.retain(|_, buffers| {
            buffers.retain(|(used, _)| *used >= oldest);
            !buffers.is_empty()
        });
    }

    /// The smallest free buffer that is large enough, with its capacity. Where there is none, one
    /// that is nearly large enough is given up, because what is taken instead has its place: batches
    /// whose length differs from step to step would otherwise fill the pool with every size.
    fn pop(&self, wanted: usize) -> Option<(usize, Tensor)> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let (parts, all) = LEAST_FILLED;
        let most = wanted * all / parts;
        if let Some(found) = free.take(wanted..=most) {
            return Some(found);
        }
        drop(free.take_largest(wanted * parts / all..wanted));
        None
    }

    fn push(&self, capacity: usize, whole: Tensor) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let sweep = free.sweep;
        free.by_capacity
            .entry(capacity)
            .or_default()
            .push((sweep, whole));
    }
}

/// Rounds up to one of eight sizes for each power of two, so that batches of nearly equal length
/// share buffers.
fn capacity_for(elements: usize) -> usize {
    let granule = (elements.max(64).next_power_of_two() / 16).max(8);
    elements.max(1).div_ceil(granule) * granule
}

/// A tensor on loan from a [`Pool`]. Do not keep clones of the tensor beyond the buffer's life:
/// the next user of the memory writes into them.
pub struct Buffer {
    view: Tensor,
    whole: Tensor,
    capacity: usize,
    pool: Pool,
}

impl fmt::Debug for Buffer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Buffer")
            .field(&self.view.shape())
            .finish()
    }
}

impl Deref for Buffer {
    type Target = Tensor;

    fn deref(&self) -> &Tensor {
        &self.view
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.pool.push(self.capacity, self.whole.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_buffer_is_taken_again_and_an_idle_one_is_freed() {
        let pool = Pool::new(&Device::Cpu);
        drop(pool.take((10, 100)).unwrap());
        assert_eq!(pool.free.lock().unwrap().by_capacity.len(), 1);
        let buffer = pool.take((10, 99)).unwrap();
        assert_eq!(buffer.dims(), [10, 99]);
        assert!(pool.free.lock().unwrap().by_capacity[&capacity_for(1000)].is_empty());
        drop(buffer);
        for _ in 0..=IDLE_SWEEPS {
            pool.sweep();
        }
        assert!(pool.free.lock().unwrap().by_capacity.is_empty());
    }

    #[test]
    fn shapes_that_grow_and_shrink_do_not_fill_the_pool() {
        let pool = Pool::new(&Device::Cpu);
        let count = |pool: &Pool| {
            let free = pool.free.lock().unwrap();
            free.by_capacity.values().map(Vec::len).sum::<usize>()
        };
        for length in [1000, 1400, 1100, 1300, 1401, 990] {
            let pair = [pool.take(length).unwrap(), pool.take(length).unwrap()];
            assert!(pair.iter().all(|buffer| buffer.dims() == [length]));
            drop(pair);
            assert_eq!(count(&pool), 2, "after {length}");
        }
        drop(pool.take(100).unwrap());
        assert_eq!(
            count(&pool),
            3,
            "a small shape does not take a large buffer"
        );
    }

    #[test]
    fn capacities_waste_at_most_an_eighth() {
        for elements in [1000, 1025, 65_537, 1_000_000] {
            let capacity = capacity_for(elements);
            assert!(
                capacity >= elements && capacity * 8 <= elements * 9 + 128,
                "{elements}"
            );
        }
    }
}
