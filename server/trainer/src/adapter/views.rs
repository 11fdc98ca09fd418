//! The adapter and its gradients: a flat tensor and the views that layers use.

use candle_core::{DType, Device, Tensor};
use shared::training::TargetModule;

use super::layout::{Group, GroupPlace, Layout, LoraShape};
use crate::error::{Result, TrainerError};
use crate::model::ModelConfig;
use crate::ops;

/// What a linear layer's adapter consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The matrix that reads the input, `[r, in]`.
    A,
    /// The matrix that gives the output, `[out, r]`.
    B,
    /// The lengths of the adapted weight's rows, `[out]`.
    Magnitude,
}

/// The low-rank matrices of the layers that read one input.
#[derive(Clone, Debug)]
pub struct LoraGroup {
    /// The A matrices one below the other, `[parts·r, in]`.
    pub a: Tensor,
    /// The layers in the order of their A matrices.
    pub parts: Vec<LoraPart>,
}

/// What one layer has of its own.
#[derive(Clone, Debug)]
pub struct LoraPart {
    /// The layer.
    pub target: TargetModule,
    /// B, `[out, r]`.
    pub b: Tensor,
    /// The length of each row of the adapted weight, `[out]`, of a weight-decomposed adapter.
    pub magnitude: Option<Tensor>,
}

#[derive(Clone, Debug)]
pub(super) struct Views {
    flat: Tensor,
    pub(super) layers: Vec<[Option<LoraGroup>; 4]>,
    /// The head that scores a sequence, `[1, D]`.
    score: Option<Tensor>,
}

impl Views {
    fn new(layout: &Layout, rank: usize, flat: Tensor) -> Result<Self> {
        let layers = layout
            .layers
            .iter()
            .map(|places| {
                let mut groups = [const { None }; 4];
                for place in places {
                    groups[place.group.index()] = Some(group_views(place, rank, &flat)?);
                }
                Ok(groups)
            })
            .collect::<Result<_>>()?;
        let score = layout.score.as_ref().map(|place| {
            let row = flat.narrow(0, place.start, place.len())?;
            row.reshape((1, place.len()))
        });
        let score = score.transpose()?;
        Ok(Self {
            flat,
            layers,
            score,
        })
    }
}

fn group_views(place: &GroupPlace, rank: usize, flat: &Tensor) -> Result<LoraGroup> {
    let view = |start: usize, rows: usize, columns: usize| {
        flat.narrow(0, start, rows * columns)?
            .reshape((rows, columns))
    };
    let parts = place
        .parts
        .iter()
        .map(|part| {
            let magnitude = part.magnitude.as_ref();
            Ok(LoraPart {
                target: part.target,
                b: view(part.b.start, part.output, rank)?,
                magnitude: magnitude
                    .map(|span| flat.narrow(0, span.start, span.len()))
                    .transpose()?,
            })
        })
        .collect::<Result<_>>()?;
    Ok(LoraGroup {
        a: view(place.a.start, place.parts.len() * rank, place.input)?,
        parts,
    })
}

/// A LoRA adapter for one base model.
#[derive(Clone, Debug)]
pub struct Adapter {
    shape: LoraShape,
    pub(super) layout: Layout,
    pub(super) views: Views,
}

impl Adapter {
    /// An adapter with given numbers, in the order of [`Adapter::flat`].
    pub fn from_values(
        config: &ModelConfig,
        shape: LoraShape,
        values: Vec<f32>,
        device: &Device,
    ) -> Result<Self> {
        check(&shape)?;
        let layout = Layout::new(config, &shape);
        if values.len() != layout.size {
            return Err(TrainerError::Config {
                field: "adapter",
                reason: format!("{} numbers where {} are needed", values.len(), layout.size),
            });
        }
        let flat = Tensor::from_vec(values, layout.size, device)?;
        let views = Views::new(&layout, shape.rank, flat)?;
        Ok(Self {
            shape,
            layout,
            views,
        })
    }

    /// An adapter that is read piece by piece: `read` is told layer, target, which piece and its
    /// shape, and answers its numbers, row-major. A head that scores stays zero.
    ///
    /// # Errors
    /// What `read` answers, or if it answers another count of numbers.
    pub fn from_matrices(
        config: &ModelConfig,
        shape: LoraShape,
        device: &Device,
        mut read: impl FnMut(usize, TargetModule, Piece, &[usize]) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        let zero = vec![0.0; Layout::new(config, &shape).size];
        let adapter = Self::from_values(config, shape.clone(), zero, &Device::Cpu)?;
        for layer in 0..config.layers {
            for &target in &shape.targets {
                for (piece, place) in adapter.pieces(layer, target)? {
                    let numbers = read(layer, target, piece, place.dims())?;
                    let numbers = Tensor::from_vec(numbers, place.dims(), &Device::Cpu)?;
                    let width = place.dims().last().copied().unwrap_or_default();
                    let place = place.reshape(((), width))?;
                    ops::copy_rows(&place, &numbers.reshape(((), width))?)?;
                }
            }
        }
        let values = adapter.flat().to_vec1()?;
        Self::from_values(config, shape, values, device)
    }

    /// Refuses the adapter of a reward model, which writes no answers; `field` is for the message.
    pub fn expect_answers(&self, field: &'static str) -> Result<()> {
        match self.score() {
            None => Ok(()),
            Some(_) => Err(TrainerError::Config {
                field,
                reason: "it is a reward model's, which scores answers and writes none".into(),
            }),
        }
    }

    /// Rank, alpha and targets.
    pub fn shape(&self) -> &LoraShape {
        &self.shape
    }

    /// All numbers, `[P]`; the views share its storage.
    pub fn flat(&self) -> &Tensor {
        &self.views.flat
    }

    /// Numbers that are trained, P.
    pub fn parameters(&self) -> usize {
        self.layout.size
    }

    /// The matrices of one group of one layer, if any of its layers carries an adapter.
    pub fn group(&self, layer: usize, group: Group) -> Option<&LoraGroup> {
        self.views.layers.get(layer)?[group.index()].as_ref()
    }

    /// A and B of one linear layer, `[r, in]` and `[out, r]`.
    pub fn matrices(&self, layer: usize, target: TargetModule) -> Result<Option<(Tensor, Tensor)>> {
        let Some((group, index)) = self.part(layer, target) else {
            return Ok(None);
        };
        let rank = self.shape.rank;
        let a = group.a.narrow(0, index * rank, rank)?;
        Ok(Some((a, group.parts[index].b.clone())))
    }

    /// The magnitudes of one linear layer, `[out]`, of a weight-decomposed adapter.
    pub fn magnitude(&self, layer: usize, target: TargetModule) -> Option<&Tensor> {
        let (group, index) = self.part(layer, target)?;
        group.parts[index].magnitude.as_ref()
    }

    /// All that one linear layer has.
    pub(super) fn pieces(
        &self,
        layer: usize,
        target: TargetModule,
    ) -> Result<Vec<(Piece, Tensor)>> {
        let mut pieces = Vec::new();
        if let Some((a, b)) = self.matrices(layer, target)? {
            pieces.extend([(Piece::A, a), (Piece::B, b)]);
        }
        let magnitude = self.magnitude(layer, target).cloned();
        pieces.extend(magnitude.map(|magnitude| (Piece::Magnitude, magnitude)));
        Ok(pieces)
    }

    /// The group of a linear layer, and its place in it.
    fn part(&self, layer: usize, target: TargetModule) -> Option<(&LoraGroup, usize)> {
        let mut groups = self.views.layers.get(layer)?.iter().flatten();
        groups.find_map(|group| {
            let index = group.parts.iter().position(|part| part.target == target)?;
            Some((group, index))
        })
    }

    /// The head that scores a sequence, `[1, D]`, if the adapter has one.
    pub fn score(&self) -> Option<&Tensor> {
        self.views.score.as_ref()
    }

    /// Room for gradients, all zero.
    pub fn gradients(&self) -> Result<Gradients> {
        let flat = Tensor::zeros(self.layout.size, DType::F32, self.flat().device())?;
        Ok(Gradients {
            views: Views::new(&self.layout, self.shape.rank, flat)?,
        })
    }

    /// The same numbers on the processor, in one transfer; those that are there are shared.
    pub fn on_processor(&self) -> Result<Self> {
        self.with_flat(self.flat().to_device(&Device::Cpu)?)
    }

    /// A copy with storage of its own.
    pub fn snapshot(&self) -> Result<Self> {
        self.with_flat(self.flat().copy()?)
    }

    fn with_flat(&self, flat: Tensor) -> Result<Self> {
        let views = Views::new(&self.layout, self.shape.rank, flat)?;
        Ok(Self {
            shape: self.shape.clone(),
            layout: self.layout.clone(),
            views,
        })
    }
}

pub(super) fn check(shape: &LoraShape) -> Result<()> {
    if shape.rank == 0 {
        let reason = "must be at least 1".into();
        return Err(TrainerError::Config {
            field: "adapter.rank",
            reason,
        });
    }
    if shape.targets.is_empty() {
        let reason = "names no layer; name at least one, such as q_proj".into();
        return Err(TrainerError::Config {
            field: "adapter.targets",
            reason,
        });
    }
    Ok(())
}

/// The gradients of an [`Adapter`], laid out like it.
#[derive(Clone, Debug)]
pub struct Gradients {
    views: Views,
}

impl Gradients {
    /// All numbers, `[P]`.
    pub fn flat(&self) -> &Tensor {
        &self.views.flat
    }

    /// The gradient of the head that scores, `[1, D]`, if the adapter has one.
    pub fn score(&self) -> Option<&Tensor> {
        self.views.score.as_ref()
    }

    /// The gradients of one group of one layer.
    pub fn group(&self, layer: usize, group: Group) -> Option<&LoraGroup> {
        self.views.layers.get(layer)?[group.index()].as_ref()
    }
}
