//! Products by blocks that stay in the first cache, for processors with AVX-512.
//!
//! Both operands are copied into the order in which the kernel reads them: the left one whole and
//! first, the right one as it is needed. A block's sums join the destination when the block ends,
//! which keeps rounding errors as small as sums of [`WORDS`] words have.

use std::cell::Cell;
use std::ops::Range;

use rayon::prelude::*;

use super::kernel::{Kernel, LANES, ROWS, Target, VECTORS};
use super::view::{View, ViewMut};
use super::{Product, SharedMut};

/// Columns of the destination that one task makes.
const COLUMNS: usize = LANES * VECTORS;
/// Words of each sum that are added up before they join the destination; 18 KiB of the right operand.
const WORDS: usize = 96;
/// Tasks for each thread, so that none waits long for the last.
const TASKS: usize = 4;
/// Multiplications that are worth a second thread.
const LEAST_WORK: usize = 1 << 18;
/// Blocks that are packed by one thread, so that dividing them does not cost more than packing.
const LEAST_BLOCKS: usize = 8;

thread_local! {
    /// Room for the packed left operand, kept because fresh memory costs a page fault for each 4 KiB.
    static PACKED: Cell<Vec<u32>> = const { Cell::new(Vec::new()) };
    /// The same for the panel of the right operand that a task works on.
    static PANEL: Cell<Vec<u32>> = const { Cell::new(Vec::new()) };
}

/// `dst = left · right · scale`, or the same added to `dst`. Shapes agree, and there is at least one
/// term.
pub(super) fn multiply<K: Kernel>(
    dst: &ViewMut,
    left: View<'_>,
    right: View<'_, K::Right>,
    how: Product,
) {
    let words = left.columns.div_ceil(K::TERMS);
    let steps = words.div_ceil(WORDS);
    let operands = Operands::<K> {
        blocks: dst.rows.div_ceil(ROWS),
        steps,
        words: words.div_ceil(steps),
        left,
        right,
    };
    let work = dst.rows * dst.columns * left.columns;
    let threads = if how.threads && work >= LEAST_WORK {
        rayon::current_num_threads()
    } else {
        1
    };
    let mut packed = PACKED.take();
    operands.pack_left(&mut packed, threads > 1);
    let panels = dst.columns.div_ceil(COLUMNS);
    let parts = if threads > 1 {
        let wanted = (threads * TASKS).div_ceil(panels);
        wanted.min(operands.blocks)
    } else {
        1
    };
    let out = Out {
        data: SharedMut::from_pointer(dst.data),
        rows: dst.rows,
        columns: dst.columns,
        row_stride: dst.row_stride,
        column_stride: dst.column_stride,
        how,
    };
    let part_blocks = operands.blocks.div_ceil(parts);
    let task = |index: usize| {
        let first = index % parts * part_blocks;
        let blocks = first..(first + part_blocks).min(operands.blocks);
        operands.panel(&packed, index / parts, blocks, &out);
    };
    if threads > 1 {
        (0..panels * parts).into_par_iter().for_each(task);
    } else {
        (0..panels * parts).for_each(task);
    }
    PACKED.set(packed);
}

/// Where sums go.
struct Out {
    data: SharedMut,
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
    how: Product,
}

struct Operands<'a, K: Kernel> {
    left: View<'a>,
    right: View<'a, K::Right>,
    /// Blocks of [`ROWS`] rows.
    blocks: usize,
    /// Parts of each sum.
    steps: usize,
    /// Words of each part; behind the last term they are zero.
    words: usize,
}

impl<K: Kernel> Operands<'_, K> {
    /// Packs the left operand: for each part of the sums and each block of rows, word by word those
    /// of all rows.
    fn pack_left(&self, packed: &mut Vec<u32>, threads: bool) {
        let size = ROWS * self.words;
        packed.resize(self.blocks * self.steps * size, 0);
        let pack = |(index, block): (usize, &mut [u32])| {
            let first_word = index / self.blocks * self.words;
            self.pack_rows(block, index % self.blocks * ROWS, first_word);
        };
        if threads {
            let blocks = packed.par_chunks_mut(size).enumerate();
            blocks.with_min_len(LEAST_BLOCKS).for_each(pack);
        } else {
            packed.chunks_mut(size).enumerate().for_each(pack);
        }
    }

    /// The words from `first_word` on of [`ROWS`] rows.
    fn pack_rows(&self, block: &mut [u32], first_row: usize, first_word: usize) {
        let rows = first_row..(first_row + ROWS).min(self.left.rows);
        let left = self.left.transposed();
        pack::<ROWS, _>(
            block,
            left,
            (rows, first_word * K::TERMS, K::TERMS),
            (K::left, K::left_of_each),
        );
    }

    /// Makes [`COLUMNS`] columns of some blocks of rows.
    fn panel(&self, packed: &[u32], panel: usize, blocks: Range<usize>, out: &Out) {
        let first = panel * COLUMNS;
        let columns = first..(first + COLUMNS).min(out.columns);
        let vectors = columns.len().div_ceil(LANES);
        let mut panel_words = PANEL.take();
        panel_words.resize(WORDS * COLUMNS, 0);
        let right = &mut panel_words[..self.words * vectors * LANES];
        let size = ROWS * self.words;
        for step in 0..self.steps {
            self.pack_columns(right, columns.clone(), step * self.words);
            for block in blocks.clone() {
                let start = (step * self.blocks + block) * size;
                let left = &packed[start..start + size];
                let rows = block * ROWS..(block * ROWS + ROWS).min(out.rows);
                out.with_target(rows, columns.clone(), step == 0, |target| {
                    #[expect(unsafe_code, reason = "calls a function compiled for AVX-512")]
                    // SAFETY: this is called where the processor can; the target is a part of the
                    // destination that belongs to this task.
                    unsafe {
                        match vectors {
                            1 => K::tile::<1>(left, right, target),
                            2 => K::tile::<2>(left, right, target),
                            _ => K::tile::<VECTORS>(left, right, target),
                        }
                    }
                });
            }
        }
        PANEL.set(panel_words);
    }

    /// The words from `first_word` on of some columns, and zeros up to the next whole register.
    fn pack_columns(&self, packed: &mut [u32], columns: Range<usize>, first_word: usize) {
        let place = (columns.clone(), first_word * K::TERMS, K::TERMS);
        let how = (K::right, K::right_of_each);
        match columns.len().div_ceil(LANES) {
            1 => pack::<LANES, _>(packed, self.right, place, how),
            2 => pack::<{ 2 * LANES }, _>(packed, self.right, place, how),
            _ => pack::<COLUMNS, _>(packed, self.right, place, how),
        }
    }
}

/// Packs the terms of up to W sums, those of one column of `numbers` each: word by word, with one of
/// each sum side by side, and zeros for sums and terms that are not there.
///
/// The place is the columns, the first term, and how many terms a word has.
fn pack<const W: usize, T: Copy>(
    packed: &mut [u32],
    numbers: View<'_, T>,
    (columns, first_term, per_word): (Range<usize>, usize, usize),
    (along, of_each): (
        impl Fn(&[T], &mut [u32]),
        impl Fn(&[T], Option<&[T]>, &mut [u32]),
    ),
) {
    let words = packed.as_chunks_mut::<W>().0;
    let end = (first_term + words.len() * per_word).min(numbers.rows);
    let terms = first_term.min(end)..end;
    if numbers.row_stride == 1 {
        // The terms of each sum lie side by side.
        for first in (0..W).step_by(LANES) {
            let mut sums = [[0; WORDS]; LANES];
            for (sum, column) in sums.iter_mut().zip(columns.clone().skip(first)) {
                let start = column * numbers.column_stride;
                along(&numbers.data[start + terms.start..start + terms.end], sum);
            }
            for (index, word) in words.iter_mut().enumerate() {
                for (place, sum) in word[first..].iter_mut().zip(&sums) {
                    *place = sum[index];
                }
            }
        }
        return;
    }
    let mut gathered = Vec::new();
    let count = columns.len();
    for (index, word) in words.iter_mut().enumerate() {
        word[count..].fill(0);
        let first = first_term + index * per_word;
        if first >= terms.end {
            word.fill(0);
            continue;
        }
        let second = (first + 1 < terms.end).then_some(first + 1);
        if numbers.column_stride == 1 {
            let row = |term: usize| {
                let start = term * numbers.row_stride + columns.start;
                &numbers.data[start..start + count]
            };
            of_each(row(first), second.map(row), word);
        } else {
            gathered.clear();
            for term in [Some(first), second].into_iter().flatten() {
                gathered.extend(columns.clone().map(|column| numbers.at(term, column)));
            }
            let (one, other) = gathered.split_at(count);
            of_each(one, Some(other).filter(|other| !other.is_empty()), word);
        }
    }
}

impl Out {
    /// Lets `write` see some rows and columns as a target; `first` says that their sums begin.
    fn with_target(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        first: bool,
        write: impl FnOnce(Target),
    ) {
        let start = rows.start * self.row_stride + columns.start * self.column_stride;
        let target = Target {
            data: self.data.pointer().wrapping_add(start),
            row_stride: self.row_stride,
            rows: rows.len(),
            columns: columns.len(),
            scale: self.how.scale,
            replace: first && !self.how.accumulate,
        };
        if self.column_stride == 1 {
            return write(target);
        }
        // Rows that do not lie side by side are made beside their place.
        let mut sums = [0f32; ROWS * COLUMNS];
        write(Target {
            data: sums.as_mut_ptr(),
            row_stride: COLUMNS,
            replace: true,
            ..target
        });
        for (row, sums) in sums.chunks_exact(COLUMNS).enumerate().take(target.rows) {
            for (column, sum) in sums.iter().enumerate().take(target.columns) {
                let place = row * self.row_stride + column * self.column_stride;
                #[expect(unsafe_code, reason = "tasks write disjoint columns of one matrix")]
                // SAFETY: row and column lie within the destination, and belong to one task.
                unsafe {
                    let place = target.data.add(place);
                    *place = if target.replace { *sum } else { *place + sum };
                }
            }
        }
    }
}
