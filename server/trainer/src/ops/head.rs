//! One vocabulary tile of the output head: running softmax statistics without keeping logits.
//!
//! Each row of the work buffer is a tile of logits followed by its statistics. The engine goes
//! over the tiles: product into the tile, [`head_tile`], [`head_rescale`] on the sum of weighted
//! embeddings, product of the tile onto it; then [`head_finish`].

use candle_core::{CpuStorage, InplaceOp1, InplaceOp2, InplaceOp3, Layout, Result, Tensor, bail};

use super::on_cuda::on_cuda;
use super::simd::{self, vectorized};
use super::{attention, cpu};

/// Statistics behind the logits of a row: the running maximum, the sum of exponentials, that sum
/// weighted by logit minus maximum, the label's logit, the factor of the last rescaling, and the
/// number of the largest logit.
pub const HEAD_STATISTICS: usize = 6;
const MAXIMUM: usize = 0;
const SUM: usize = 1;
const WEIGHTED: usize = 2;
const LABEL: usize = 3;
const FACTOR: usize = 4;
const BEST: usize = 5;

/// Which part of the vocabulary a tile holds.
#[derive(Clone, Copy, Debug)]
pub struct HeadTile<'a> {
    /// The token of the first column.
    pub first: usize,
    /// Columns that hold logits.
    pub width: usize,
    /// The label of each row.
    pub labels: &'a [u32],
}

/// Replaces the logits of a tile by `e^(z - maximum so far)` and brings the statistics up to date;
/// the first tile (`first` = 0) starts them.
///
/// `work` is `[N, tile + HEAD_STATISTICS]`.
pub fn head_tile(work: &Tensor, tile: HeadTile<'_>) -> Result<()> {
    let (rows, width) = work.dims2()?;
    if rows != tile.labels.len() || width < tile.width + HEAD_STATISTICS {
        bail!(
            "a tile of {} columns does not fit {:?}",
            tile.width,
            work.dims()
        );
    }
    work.inplace_op1(&Tile { tile })
}

/// Replaces the logits of a tile by `factors[t]·(is label - probability)`: the gradient by them of the
/// labels' log-probabilities, each times its factor. `log_sums` are those of [`LabelStatistics`].
///
/// `logits` is `[N, tile.width]`, and its rows may lie apart.
pub fn head_tile_backward(
    logits: &Tensor,
    tile: HeadTile<'_>,
    log_sums: &[f32],
    factors: &[f32],
) -> Result<()> {
    let rows = tile.labels.len();
    cpu::expect_shape(logits, &[rows, tile.width], "a tile of logits")?;
    if log_sums.len() != rows || factors.len() != rows {
        bail!("a tile of {rows} rows needs as many sums and factors");
    }
    logits.inplace_op1(&TileBackward {
        tile,
        log_sums,
        factors,
    })
}

/// Multiplies each row of `sums` by the factor that the last tile left.
///
/// `sums` is `[N, D]`.
pub fn head_rescale(sums: &Tensor, work: &Tensor) -> Result<()> {
    check_rows(sums, work)?;
    sums.inplace_op2(work, &Rescale)
}

/// `sums[t] = labels[t] - sums[t]/Σ`: the gradient of each label's log-probability by the hidden
/// state.
///
/// `sums` and `labels`, the labels' rows of the output head, are `[N, D]`.
pub fn head_finish(sums: &Tensor, work: &Tensor, labels: &Tensor) -> Result<()> {
    check_rows(sums, work)?;
    cpu::expect_shape(labels, sums.dims(), "the labels' rows of the output head")?;
    sums.inplace_op3(work, labels, &Finish)
}

fn check_rows(sums: &Tensor, work: &Tensor) -> Result<()> {
    if sums.dims2()?.0 != work.dims2()?.0 {
        bail!("{:?} and {:?} differ in rows", sums.dims(), work.dims());
    }
    Ok(())
}

/// What the head found about one label.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LabelStatistics {
    /// The label's log-probability.
    pub logp: f32,
    /// The entropy of the prediction, in nats.
    pub entropy: f32,
    /// The most probable token.
    pub best: u32,
    /// The logarithm of the sum of the logits' exponentials.
    pub log_sum: f32,
}

impl LabelStatistics {
    /// Reads the statistics columns of one row.
    pub fn from_row(row: &[f32]) -> Self {
        let log_sum = row[SUM].ln();
        Self {
            logp: row[LABEL] - row[MAXIMUM] - log_sum,
            entropy: log_sum - row[WEIGHTED] / row[SUM],
            best: token(row[BEST]),
            log_sum: row[MAXIMUM] + log_sum,
        }
    }
}

#[expect(
    clippy::cast_sign_loss,
    reason = "a token's number, below 2^24, kept as a float"
)]
fn token(number: f32) -> u32 {
    number as u32
}

pub(super) struct Tile<'a> {
    pub(super) tile: HeadTile<'a>,
}

impl InplaceOp1 for Tile<'_> {
    fn name(&self) -> &'static str {
        "trainer-head-tile"
    }

    fn cpu_fwd(&self, work: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let width = layout.dims()[1];
        let HeadTile {
            first,
            width: columns,
            labels,
        } = self.tile;
        cpu::for_rows(cpu::target(work, layout)?, width, |row, values| {
            let (logits, statistics) = values.split_at_mut(width - HEAD_STATISTICS);
            tile_row(
                &mut logits[..columns],
                statistics,
                first,
                labels[row] as usize,
            );
        });
        Ok(())
    }

    on_cuda!(1, head::tile);
}

fn tile_row(logits: &mut [f32], statistics: &mut [f32], first: usize, label: usize) {
    if first == 0 {
        statistics.copy_from_slice(&[f32::NEG_INFINITY, 0.0, 0.0, 0.0, 1.0, 0.0]);
    }
    if (first..first + logits.len()).contains(&label) {
        statistics[LABEL] = logits[label - first];
    }
    let largest = simd::maximum(logits);
    let before = statistics[MAXIMUM];
    statistics[FACTOR] = 1.0;
    if largest > before {
        if let Some(index) = logits.iter().position(|logit| *logit >= largest) {
            statistics[BEST] = (first + index) as f32;
        }
        statistics[MAXIMUM] = largest;
        if first > 0 {
            let factor = (before - largest).exp();
            statistics[WEIGHTED] += statistics[SUM] * (before - largest);
            statistics[WEIGHTED] *= factor;
            statistics[SUM] *= factor;
            statistics[FACTOR] = factor;
        }
    }
    let [sum, weighted] = exp_sums(logits, statistics[MAXIMUM]);
    statistics[SUM] += sum;
    statistics[WEIGHTED] += weighted;
}

vectorized! {
    pub(super) fn exp_sums(logits: &mut [f32], maximum: f32) -> [f32; 2] {
        let mut sums = [0f32; simd::LANES];
        let mut weighted = [0f32; simd::LANES];
        let (chunks, rest) = logits.as_chunks_mut::<{ simd::LANES }>();
        for chunk in chunks {
            for lane in 0..simd::LANES {
                let below = chunk[lane] - maximum;
                let power = simd::exp(below);
                chunk[lane] = power;
                sums[lane] += power;
                weighted[lane] += power * below;
            }
        }
        let mut result = [simd::fold(&sums), simd::fold(&weighted)];
        for value in rest {
            let below = *value - maximum;
            *value = simd::exp(below);
            result[0] += *value;
            result[1] += *value * below;
        }
        result
    }
}

pub(super) struct TileBackward<'a> {
    pub(super) tile: HeadTile<'a>,
    pub(super) log_sums: &'a [f32],
    pub(super) factors: &'a [f32],
}

impl InplaceOp1 for TileBackward<'_> {
    fn name(&self) -> &'static str {
        "trainer-head-tile-backward"
    }

    fn cpu_fwd(&self, logits: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let HeadTile {
            first,
            width,
            labels,
        } = self.tile;
        cpu::for_rows_apart(cpu::floats_mut(logits)?, layout, |row, logits| {
            let factor = self.factors[row];
            negative_probabilities(logits, self.log_sums[row], factor);
            let label = labels[row] as usize;
            if (first..first + width).contains(&label) {
                logits[label - first] += factor;
            }
        })
    }

    on_cuda!(1, head::tile_backward);
}

vectorized! {
    pub(super) fn negative_probabilities(logits: &mut [f32], log_sum: f32, factor: f32) {
        for logit in logits {
            *logit = -factor * simd::exp(*logit - log_sum);
        }
    }
}

pub(super) struct Rescale;

impl InplaceOp2 for Rescale {
    fn name(&self) -> &'static str {
        "trainer-head-rescale"
    }

    fn cpu_fwd(
        &self,
        sums: &mut CpuStorage,
        sums_layout: &Layout,
        work: &CpuStorage,
        work_layout: &Layout,
    ) -> Result<()> {
        let (width, work_width) = (sums_layout.dims()[1], work_layout.dims()[1]);
        let work = cpu::source(work, work_layout)?;
        cpu::for_rows(cpu::target(sums, sums_layout)?, width, |row, sums| {
            let factor = work[(row + 1) * work_width - HEAD_STATISTICS + FACTOR];
            if factor < 1.0 {
                simd::scale(sums, factor);
            }
        });
        Ok(())
    }

    on_cuda!(2, head::rescale);
}

pub(super) struct Finish;

impl InplaceOp3 for Finish {
    fn name(&self) -> &'static str {
        "trainer-head-finish"
    }

    fn cpu_fwd(
        &self,
        sums: &mut CpuStorage,
        sums_layout: &Layout,
        work: &CpuStorage,
        work_layout: &Layout,
        labels: &CpuStorage,
        labels_layout: &Layout,
    ) -> Result<()> {
        let (width, work_width) = (sums_layout.dims()[1], work_layout.dims()[1]);
        let work = cpu::source(work, work_layout)?;
        let labels = cpu::source(labels, labels_layout)?;
        cpu::for_rows(cpu::target(sums, sums_layout)?, width, |row, sums| {
            let sum = work[(row + 1) * work_width - HEAD_STATISTICS + SUM];
            simd::scale(sums, -1.0 / sum);
            attention::add_scaled(sums, &labels[row * width..(row + 1) * width], 1.0);
        });
        Ok(())
    }

    on_cuda!(3, head::finish);
}
