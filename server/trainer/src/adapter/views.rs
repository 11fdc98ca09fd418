//! The adapter and its gradients: a flat tensor and the views that layers use.

use candle_core::{DType, Device, Tensor};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::training::TargetModule;

use super::layout::{Group, GroupPlace, Layout, LoraShape};
use crate::error::{Result, TrainerError};
use crate::model::ModelConfig;

/// The low-rank matrices of the layers that read one input.
#[derive(Clone, Debug)]
pub struct LoraGroup {
    /// The A matrices one below the other, `[parts·r, in]`.
    pub a: Tensor,
    /// The layers in the order of their A matrices.
    pub parts: Vec<LoraPart>,
}

/// The second matrix of one layer.
#[derive(Clone, Debug)]
pub struct LoraPart {
    /// The layer.
    pub target: TargetModule,
    /// B, `[out, r]`.
    pub b: Tensor,
}

#[derive(Clone, Debug)]
struct Views {
    flat: Tensor,
    layers: Vec<[Option<LoraGroup>; 4]>,
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
        .map(|(target, output, span)| {
            Ok(LoraPart {
                target: *target,
                b: view(span.start, *output, rank)?,
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
    layout: Layout,
    views: Views,
}

impl Adapter {
    /// An adapter that changes nothing yet, as PEFT makes it: A from U(-1/√in, 1/√in), which is
    /// `kaiming_uniform(a = √5)`, and B zero. A head that scores is drawn from N(0, 0.02²),
    /// transformers' default.
    pub fn new(config: &ModelConfig, shape: LoraShape, seed: u64, device: &Device) -> Result<Self> {
        check(&shape)?;
        let layout = Layout::new(config, &shape);
        let mut values = vec![0f32; layout.size];
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        for place in layout.layers.iter().flatten() {
            let bound = 1.0 / (place.input as f32).sqrt();
            for value in &mut values[place.a.clone()] {
                *value = random.random_range(-bound..bound);
            }
        }
        if let Some(place) = &layout.score {
            for value in &mut values[place.clone()] {
                *value = (normal(&mut random) * SCORE_DEVIATION) as f32;
            }
        }
        Self::from_values(config, shape, values, device)
    }

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

    /// An adapter whose matrices are read one by one: `read` is told layer, target, `A` or `B` and
    /// the matrix's shape, and answers its numbers, row-major.
    ///
    /// # Errors
    /// What `read` answers, or if it answers another count of numbers.
    pub fn from_matrices(
        config: &ModelConfig,
        shape: LoraShape,
        device: &Device,
        mut read: impl FnMut(usize, TargetModule, char, &[usize]) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        let adapter = Self::new(config, shape.clone(), 0, &Device::Cpu)?;
        for layer in 0..config.layers {
            for &target in &shape.targets {
                let Some((a, b)) = adapter.matrices(layer, target)? else {
                    continue;
                };
                for (part, matrix) in [('A', a), ('B', b)] {
                    let numbers = read(layer, target, part, matrix.dims())?;
                    let numbers = Tensor::from_vec(numbers, matrix.dims(), &Device::Cpu)?;
                    crate::ops::copy_rows(&matrix, &numbers)?;
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

    /// The same adapter with a fresh head that scores.
    pub fn with_score_head(&self, config: &ModelConfig, seed: u64) -> Result<Self> {
        let shape = LoraShape {
            score_head: true,
            ..self.shape.clone()
        };
        let fresh = Self::new(config, shape, seed, self.flat().device())?;
        // The head comes last, so all else lies where it lay.
        let (parameters, own) = (self.parameters(), self.flat().reshape((1, ()))?);
        let place = fresh.flat().reshape((1, ()))?.narrow(1, 0, parameters)?;
        crate::ops::copy_rows(&place, &own)?;
        Ok(fresh)
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
        let groups = self.views.layers.get(layer).into_iter().flatten().flatten();
        for group in groups {
            if let Some(index) = group.parts.iter().position(|part| part.target == target) {
                let rank = self.shape.rank;
                let a = group.a.narrow(0, index * rank, rank)?;
                return Ok(Some((a, group.parts[index].b.clone())));
            }
        }
        Ok(None)
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

    /// A copy with storage of its own.
    pub fn snapshot(&self) -> Result<Self> {
        let flat = self.flat().copy()?;
        let views = Views::new(&self.layout, self.shape.rank, flat)?;
        Ok(Self {
            shape: self.shape.clone(),
            layout: self.layout.clone(),
            views,
        })
    }
}

/// The standard deviation of a fresh head that scores.
const SCORE_DEVIATION: f64 = 0.02;

/// A number from the standard normal distribution (Box and Muller 1958).
fn normal(random: &mut impl Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.random::<f64>()).cos()
}

fn check(shape: &LoraShape) -> Result<()> {
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
