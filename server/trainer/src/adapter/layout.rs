//! Where each matrix of an adapter lies in the flat tensor.

use std::ops::Range;

use shared::training::{TargetModule, TrainingConfig};

use crate::model::ModelConfig;

/// Linear layers that read the same input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Query, key and value projections.
    Attention,
    /// The output projection of attention.
    Output,
    /// Gate and up projections.
    Mlp,
    /// The down projection.
    Down,
}

impl Group {
    /// All groups, in the order of a block.
    pub const ALL: [Self; 4] = [Self::Attention, Self::Output, Self::Mlp, Self::Down];

    /// The layers of the group, in the order of their columns.
    pub fn targets(self) -> &'static [TargetModule] {
        match self {
            Self::Attention => &[TargetModule::Query, TargetModule::Key, TargetModule::Value],
            Self::Output => &[TargetModule::Output],
            Self::Mlp => &[TargetModule::Gate, TargetModule::Up],
            Self::Down => &[TargetModule::Down],
        }
    }

    /// The place in [`Group::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

/// What decides the size of an adapter.
#[derive(Clone, Debug, PartialEq)]
pub struct LoraShape {
    /// The rank, r.
    pub rank: usize,
    /// What the adapter's output is multiplied by, before it is divided by the rank.
    pub alpha: f64,
    /// Whether it is divided by the root of the rank instead (rsLoRA, Kalajdzievski 2023).
    pub rank_stabilised: bool,
    /// Whether each row of the adapted weights has a trained length (DoRA, Liu et al. 2024).
    pub weight_decomposed: bool,
    /// Which linear layers carry one.
    pub targets: Vec<TargetModule>,
    /// Whether it has an output head that scores a sequence, as a reward model does.
    pub score_head: bool,
}

impl LoraShape {
    /// The shape that a configuration asks for, if it trains an adapter; targets in the order of a
    /// block.
    pub fn of(config: &TrainingConfig) -> Option<Self> {
        let score_head = !config.method.writes_answers();
        let config = config.adapter.adapter()?;
        let targets = TargetModule::ALL.iter().copied();
        Some(Self {
            rank: config.rank,
            alpha: config.alpha,
            rank_stabilised: config.rank_stabilised,
            weight_decomposed: config.weight_decomposed,
            targets: targets
                .filter(|target| config.targets.contains(target))
                .collect(),
            score_head,
        })
    }

    /// What the adapter's output is multiplied by.
    pub fn scaling(&self) -> f32 {
        let rank = self.rank as f64;
        let divisor = if self.rank_stabilised {
            rank.sqrt()
        } else {
            rank
        };
        (self.alpha / divisor) as f32
    }
}

/// Input and output width of a linear layer.
pub(super) fn widths(config: &ModelConfig, target: TargetModule) -> (usize, usize) {
    let (hidden, inner) = (config.hidden_size, config.intermediate_size);
    let queries = config.heads * config.head_dim;
    let keys = config.kv_heads * config.head_dim;
    match target {
        TargetModule::Query => (hidden, queries),
        TargetModule::Key | TargetModule::Value => (hidden, keys),
        TargetModule::Output => (queries, hidden),
        TargetModule::Gate | TargetModule::Up => (hidden, inner),
        TargetModule::Down => (inner, hidden),
    }
}

/// How many numbers an adapter on a model has.
pub fn parameters(config: &ModelConfig, shape: &LoraShape) -> usize {
    Layout::new(config, shape).size
}

/// How many numbers the layers with an adapter give for each token, in one block.
pub fn adapted_outputs(config: &ModelConfig, shape: &LoraShape) -> usize {
    let targets = shape.targets.iter();
    targets.map(|target| widths(config, *target).1).sum()
}

/// One group of one layer in the flat tensor.
#[derive(Clone, Debug)]
pub(super) struct GroupPlace {
    pub(super) group: Group,
    pub(super) input: usize,
    /// The stacked A matrices, `[targets·r, in]`.
    pub(super) a: Range<usize>,
    /// What each target has of its own.
    pub(super) parts: Vec<PartPlace>,
}

/// One target of a group in the flat tensor.
#[derive(Clone, Debug)]
pub(super) struct PartPlace {
    pub(super) target: TargetModule,
    pub(super) output: usize,
    /// Its B matrix, `[out, r]`.
    pub(super) b: Range<usize>,
    /// Its magnitudes, `[out]`, of a weight-decomposed adapter.
    pub(super) magnitude: Option<Range<usize>>,
}

/// The places of all groups by layer, and the size of the flat tensor.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) layers: Vec<Vec<GroupPlace>>,
    /// The head that scores a sequence, `[1, D]`.
    pub(super) score: Option<Range<usize>>,
    pub(super) size: usize,
}

impl Layout {
    pub(super) fn new(config: &ModelConfig, shape: &LoraShape) -> Self {
        let mut size = 0;
        let mut place = |length: usize| {
            size += length;
            size - length..size
        };
        let layers = (0..config.layers)
            .map(|_| {
                Group::ALL
                    .into_iter()
                    .filter_map(|group| group_place(config, shape, group, &mut place))
                    .collect()
            })
            .collect();
        let score = shape.score_head.then(|| place(config.hidden_size));
        Self {
            layers,
            score,
            size,
        }
    }
}

fn group_place(
    config: &ModelConfig,
    shape: &LoraShape,
    group: Group,
    place: &mut impl FnMut(usize) -> Range<usize>,
) -> Option<GroupPlace> {
    let targets: Vec<TargetModule> = group
        .targets()
        .iter()
        .copied()
        .filter(|target| shape.targets.contains(target))
        .collect();
    let (input, _) = widths(config, *targets.first()?);
    let a = place(targets.len() * shape.rank * input);
    let parts = targets
        .into_iter()
        .map(|target| {
            let (_, output) = widths(config, target);
            PartPlace {
                target,
                output,
                b: place(output * shape.rank),
                magnitude: shape.weight_decomposed.then(|| place(output)),
            }
        })
        .collect();
    Some(GroupPlace {
        group,
        input,
        a,
        parts,
    })
}
