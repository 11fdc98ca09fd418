//! What the kernels of attention read about segments.

use candle_core::{CudaDevice, Result};

use super::uploads::{Upload, upload};
use crate::ops::segments::{Segment, Sight};

/// The segments of a batch on the device.
pub(super) struct Tree {
    /// For each segment its first row, the one behind its last, how many rows are above it, and the
    /// number of the segment above, or zero.
    pub(super) segments: Upload,
    /// Segment and first row of each tile.
    pub(super) tiles: Upload,
    /// How many tiles there are.
    pub(super) count: usize,
}

impl Tree {
    /// In tiles of so many rows.
    pub(super) fn new(device: &CudaDevice, segments: &[Segment], tile: usize) -> Result<Self> {
        let (rows, tiles) = (rows(segments), tiles(segments, tile));
        Ok(Self {
            segments: upload(device, &rows)?,
            count: tiles.len() / 2,
            tiles: upload(device, &tiles)?,
        })
    }
}

fn rows(segments: &[Segment]) -> Vec<u32> {
    let numbers = 0..segments.len();
    let rows = numbers.flat_map(|number| {
        let Segment { start, end, parent } = segments[number];
        let height = Sight::new(segments, number).height;
        [start, end, height, parent.unwrap_or(0)].map(|number| number as u32)
    });
    rows.collect()
}

/// The tiles that see the most rows come first, so that the last to end are short.
fn tiles(segments: &[Segment], tile: usize) -> Vec<u32> {
    let mut tiles: Vec<(usize, usize, usize)> = Vec::new();
    for (number, segment) in segments.iter().enumerate() {
        let height = Sight::new(segments, number).height;
        for first in (segment.start..segment.end).step_by(tile) {
            tiles.push((height + first - segment.start, number, first));
        }
    }
    tiles.sort_by_key(|(sees, ..)| std::cmp::Reverse(*sees));
    let pairs = tiles.iter();
    pairs
        .flat_map(|(_, number, first)| [*number as u32, *first as u32])
        .collect()
}

/// For each segment those that see its rows, itself first: where each list begins and the last one
/// ends, counted from the beginning of all, and the lists.
pub(super) fn below(segments: &[Segment]) -> Vec<u32> {
    let mut lists: Vec<Vec<u32>> = vec![Vec::new(); segments.len()];
    for number in 0..segments.len() {
        let above = std::iter::successors(Some(number), |number| segments[*number].parent);
        for other in above {
            lists[other].push(number as u32);
        }
    }
    let mut place = segments.len() + 1;
    let mut starts = vec![place as u32];
    for list in &lists {
        place += list.len();
        starts.push(place as u32);
    }
    starts.extend(lists.into_iter().flatten());
    starts
}
