//! Gradients of all weights: operation by operation, and of the tiny models as a whole.

use candle_core::{DType, Device, Tensor};
use shared::training::{OptimizerConfig, Precision};
use trainer::data::TokenizedRow;
use trainer::engine::{Batch, Model, Pass};
use trainer::error::Result;
use trainer::loss::{NegativeLogLikelihood, Objective, Scored};
use trainer::ops::{self, HeadTile};
use trainer::optim::AdamW;
use trainer::whole::{WholeGradients, WholeModel};

use crate::models::{OTHERS, load, rows};
use crate::support::{BRAIN, FULL, close, compare, gpu, numbers, read};

/// The limit of single operations.
const LIMIT: f64 = 1e-5;

#[test]
fn gradients_of_norms_and_biases_are_the_processors() {
    // Fewer rows than a block takes, and more; columns of one block, and of several.
    for rows in [1, 37, 128, 700] {
        for width in [16, 100, 576] {
            compare("gradients of norms and biases", LIMIT, |device| {
                // Parts of larger tensors, so that what lies beside them is seen to stay.
                let part = |seed| numbers((rows, width + 50), seed, device).narrow(1, 7, width);
                let (x, g) = (part(1)?, part(2)?);
                let [norm, bias, heads] = [3, 4, 5].map(|seed| numbers(width + 9, seed, device));
                ops::rms_norm_weight_backward_add(&norm.narrow(0, 5, width)?, &g, &x, 1e-5)?;
                ops::add_column_sums(&bias.narrow(0, 5, width)?, &g)?;
                // The same rows as vectors side by side.
                let one = heads.narrow(0, 5, width / 4)?;
                ops::rms_norm_weight_backward_add(&one, &g, &x, 1e-5)?;
                Ok(vec![("norm", norm), ("bias", bias), ("heads", heads)])
            });
        }
    }
}

#[test]
fn gradients_of_embeddings_are_the_processors() {
    compare("gradients of embeddings", LIMIT, |device| {
        // Some tokens many times, others never.
        let tokens: Vec<u32> = (0..900).map(|at| at * at % 97).collect();
        let src = numbers((tokens.len(), 300), 1, device);
        let once = numbers((120, 300), 2, device);
        let scaled = numbers((120, 300), 3, device);
        ops::add_scattered_rows(&once, &src, &tokens, 1.0)?;
        ops::add_scattered_rows(&scaled, &src, &tokens, 0.3)?;
        Ok(vec![("plain", once), ("scaled", scaled)])
    });
}

#[test]
fn gradients_of_logits_are_the_processors() {
    compare("gradients of logits", LIMIT, |device| {
        let (rows, vocabulary, tile) = (21, 1200, 512);
        let labels: Vec<u32> = (0..rows).map(|row| row * 57 % vocabulary).collect();
        let log_sums: Vec<f32> = (0..rows).map(|row| row as f32 * 0.1 + 5.0).collect();
        let factors: Vec<f32> = (0..rows).map(|row| row as f32 * 0.2 - 1.0).collect();
        let (rows, vocabulary) = (rows as usize, vocabulary as usize);
        let mut tiles = Vec::new();
        for first in (0..vocabulary).step_by(tile) {
            let width = tile.min(vocabulary - first);
            let work = (numbers((rows, tile), 1 + first, device) * 5.0)?;
            let tile = HeadTile {
                first,
                width,
                labels: &labels,
            };
            ops::head_tile_backward(&work.narrow(1, 0, width)?, tile, &log_sums, &factors)?;
            tiles.push(("tile", work));
        }
        Ok(tiles)
    });
}

#[test]
fn a_row_of_all_weights_is_copied() {
    compare("a long row", 0.0, |device| {
        // More than a grid has columns for.
        let count = (1 << 24) + 300;
        let src = numbers((1, count), 1, device);
        let dst = Tensor::zeros((1, count + 20), DType::F32, device)?;
        ops::copy_rows(&dst.narrow(1, 9, count)?, &src)?;
        Ok(vec![("copy", dst)])
    });
}

/// A tiny model whose own weights are trained.
struct Scene {
    whole: WholeModel,
    model: Model,
}

impl Scene {
    /// On a GPU in a precision; the processor has all bits.
    fn new(name: &str, precision: Precision, device: &Device) -> Self {
        let whole = WholeModel::new(load(name, Precision::Full, device)).unwrap();
        let loaded = whole.loaded().clone();
        let mut model = Model::new(loaded.config, loaded.weights);
        if precision == Precision::Brain {
            model = model.rounded();
        }
        Self { whole, model }
    }

    /// The loss of completions; its gradients are added.
    fn learn(&self, rows: &[TokenizedRow], gradients: &WholeGradients) -> Result<f64> {
        let batch = Batch::new(rows);
        let pass = Pass::new(&self.model, None)?;
        let saved = self.model.forward_saving(&pass, &batch)?;
        let scores = self.model.score(saved.hidden(), &batch, true)?;
        let scored = Scored {
            logps: &scores.logps(),
            spans: &batch.spans,
            ..Scored::default()
        };
        let output = NegativeLogLikelihood.evaluate(&scored, batch.labels.len());
        let by_logp = &output.by_logp;
        let gradients = gradients.weights();
        self.model
            .backward(&pass, &batch, saved, &scores, by_logp, gradients)?;
        Ok(output.loss)
    }

    /// Losses and gradient norms of ten steps of AdamW, and the weights afterwards.
    fn ten_steps(&self, rows: &[TokenizedRow]) -> Result<(Vec<f32>, Vec<f32>)> {
        let config = OptimizerConfig {
            weight_decay: 0.1,
            ..OptimizerConfig::default()
        };
        let flat = self.whole.flat();
        let optimizer = AdamW::new(&config, flat.elem_count(), self.model.device())?;
        let mut optimizer = optimizer.with_decaying(self.whole.decaying());
        let mut told = Vec::new();
        for _ in 0..10 {
            let gradients = self.whole.gradients()?;
            told.push(self.learn(rows, &gradients)? as f32);
            told.push(optimizer.step(flat, gradients.flat(), 1e-3)? as f32);
        }
        Ok((told, read(flat)))
    }
}

/// Calls `each` with every tiny model on the GPU, in either precision, and on the processor.
fn pairs(test: &str, each: impl Fn(&str, f64, [Scene; 2])) {
    let Some(gpu) = gpu(test) else {
        return;
    };
    for (precision, limit) in [(Precision::Full, FULL), (Precision::Brain, BRAIN)] {
        for name in ["tiny-llama"].iter().chain(&OTHERS) {
            let scenes = [&gpu, &Device::Cpu].map(|device| Scene::new(name, precision, device));
            each(&format!("{test}, {name}, {precision:?}"), limit, scenes);
        }
    }
}

#[test]
fn gradients_of_all_weights_are_the_processors() {
    pairs("gradients of all weights", |what, limit, scenes| {
        let [ours, theirs, again] = [0, 1, 0].map(|number| {
            let scene: &Scene = &scenes[number];
            let gradients = scene.whole.gradients().unwrap();
            let loss = scene.learn(&rows(), &gradients).unwrap();
            (vec![loss as f32], read(gradients.flat()))
        });
        close(&format!("loss of {what}"), &ours.0, &theirs.0, limit);
        close(what, &ours.1, &theirs.1, limit);
        let bits = |numbers: &[f32]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert!(bits(&ours.1) == bits(&again.1), "{what} differ again");
    });
}

#[test]
fn ten_steps_of_all_weights_are_the_processors() {
    pairs("ten steps of all weights", |what, limit, scenes| {
        let [ours, theirs] = scenes.map(|scene| scene.ten_steps(&rows()).unwrap());
        close(&format!("losses of {what}"), &ours.0, &theirs.0, limit);
        // AdamW moves numbers whose gradients are nearly zero by their sign.
        close(what, &ours.1, &theirs.1, 10.0 * limit);
    });
}
