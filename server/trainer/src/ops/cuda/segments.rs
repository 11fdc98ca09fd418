//! What the kernels of attention read about segments.

use std::ops::Range;

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

/// Rows that a piece of work on keys reads at least, if there are more. What many sequences begin with
/// is seen by all of them, and one block that reads them all is still at it when the others are done.
const ROWS_OF_PIECE: usize = 512;

/// The work on the keys and values of a batch: each tile with the segments that see it.
pub(super) struct KeyWork {
    /// For each piece its segment, the first row of its tile, the places in `below` of the segments
    /// that it reads, from and up to, and its part, or a negative number; `Piece` of `attention.cuh`.
    pub(super) pieces: Upload,
    /// How many pieces there are.
    pub(super) count: usize,
    /// See [`below`].
    pub(super) below: Upload,
    /// Of each tile that has several pieces its segment, its first row and its parts, from and up to.
    pub(super) sums: Upload,
    /// How many such tiles there are.
    pub(super) shared: usize,
    /// How many parts there are.
    pub(super) parts: usize,
}

impl KeyWork {
    /// In tiles of so many rows.
    pub(super) fn new(device: &CudaDevice, segments: &[Segment], tile: usize) -> Result<Self> {
        let below = below(segments);
        let Split { pieces, sums } = Split::new(segments, &below, tile);
        Ok(Self {
            pieces: upload(device, pieces.as_flattened())?,
            count: pieces.len(),
            below: upload(device, &below)?,
            sums: upload(device, sums.as_flattened())?,
            shared: sums.len(),
            parts: sums.last().map_or(0, |[.., end]| *end as usize),
        })
    }
}

struct Split {
    pieces: Vec<[u32; 5]>,
    sums: Vec<[u32; 4]>,
}

impl Split {
    fn new(segments: &[Segment], below: &[u32], tile: usize) -> Self {
        let mut pieces: Vec<(usize, [u32; 5])> = Vec::new();
        let mut sums = Vec::new();
        let mut parts = 0;
        for (number, segment) in segments.iter().enumerate() {
            let places = below[number] as usize..below[number + 1] as usize;
            for first in (segment.start..segment.end).step_by(tile) {
                let rows = |place: usize| {
                    let other = &segments[below[place] as usize];
                    other.end - first.max(other.start)
                };
                let own = split(places.clone(), rows);
                let is_shared = own.len() > 1;
                for (index, (work, places)) in own.iter().enumerate() {
                    let part = if is_shared {
                        parts + index as u32
                    } else {
                        u32::MAX
                    };
                    let [start, end] = [places.start, places.end].map(|place| place as u32);
                    pieces.push((*work, [number as u32, first as u32, start, end, part]));
                }
                if is_shared {
                    let end = parts + own.len() as u32;
                    sums.push([number as u32, first as u32, parts, end]);
                    parts = end;
                }
            }
        }
        // Those with most work come first, so that the last to end are short.
        pieces.sort_by_key(|(work, _)| std::cmp::Reverse(*work));
        Self {
            pieces: pieces.into_iter().map(|(_, piece)| piece).collect(),
            sums,
        }
    }
}

/// Places in runs that have as many rows as a piece reads, but for the last; with their rows.
fn split(places: Range<usize>, rows: impl Fn(usize) -> usize) -> Vec<(usize, Range<usize>)> {
    let mut runs = Vec::new();
    let (mut start, mut work) = (places.start, 0);
    for place in places.clone() {
        work += rows(place);
        if work >= ROWS_OF_PIECE || place + 1 == places.end {
            runs.push((work, start..place + 1));
            (start, work) = (place + 1, 0);
        }
    }
    runs
}

/// For each segment those that see its rows, itself first: where each list begins and the last one
/// ends, counted from the beginning of all, and the lists.
fn below(segments: &[Segment]) -> Vec<u32> {
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
