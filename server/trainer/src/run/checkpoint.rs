//! Saving and finding the state of a run.
//!
//! Under `checkpoints/` each has a folder named by its step, with `adapter.safetensors` (where all
//! weights are trained, `weights.safetensors`), `optimizer.safetensors` and `state.json`. The data
//! cursor, the schedule, the orders and dropout follow from seed and step, so the step is all that is kept
//! of them; drawn answers that are learned from again do not, and are kept.

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::Tensor;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use shared::training::TrainingConfig;

use crate::adapter::{self, Adapter, PeftConfig};
use crate::durable;
use crate::engine::Model;
use crate::error::{Result, TrainerError};
use crate::ops;
use crate::optim::AdamW;
use crate::whole::WholeModel;

use super::examples::Examples;
use super::health::Health;
use super::learner::Learner;
use super::progress::Progress;
use super::rollout::Rollout;

const FORMAT: u32 = 1;
const ADAPTER: &str = "adapter.safetensors";
const WEIGHTS: &str = "weights.safetensors";
const OPTIMIZER: &str = "optimizer.safetensors";
const STATE: &str = "state.json";
/// Weights that are put back at once.
const PIECE: usize = 1 << 22;

/// The part of a checkpoint that is not tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// The version of this layout.
    pub(super) format: u32,
    /// Optimizer steps made.
    pub(super) step: usize,
    /// The epoch that the next step is in, and how many of its steps were made.
    pub(super) epoch_cursor: (usize, usize),
    /// The seed that all draws follow from.
    pub(super) seed: u64,
    /// The best so far and patience.
    pub(super) progress: Progress,
    /// What foretells a bad end.
    #[serde(default)]
    pub(super) health: Health,
    /// The answers that the next step learns from, if it draws none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rollout: Option<Rollout>,
    /// Whether the evaluation after this step was interrupted and is still to be made.
    pub(super) pending_evaluation: bool,
    /// Seconds of training so far.
    pub(super) train_seconds: f64,
    /// The settings that decide the result.
    pub(super) config_hash: String,
    /// The examples.
    pub(super) data_hash: String,
}

/// What identifies a run: a checkpoint of another is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) config_hash: String,
    pub(super) data_hash: String,
}

impl Identity {
    /// Hashes the settings that decide the result, the model, and the data.
    pub(super) fn new<'a>(
        config: &TrainingConfig,
        (model, model_hash): (&Model, &str),
        data: impl IntoIterator<Item = Option<&'a Examples>>,
    ) -> Self {
        let decisive = TrainingConfig {
            checkpoint: <_>::default(),
            device: String::new(),
            threads: 0,
            model: String::new(),
            data: shared::training::DataConfig {
                train: String::new(),
                validation: None,
                general: None,
                ..config.data.clone()
            },
            ..config.clone()
        };
        let mut sha = Sha256::new();
        sha.update(changed_settings(&decisive).to_string());
        sha.update(format!("{:?}", model.config));
        sha.update(model_hash);
        let config_hash = hex(&sha.finalize());
        let mut sha = Sha256::new();
        for examples in data {
            sha.update([u8::from(examples.is_some())]);
            if let Some(examples) = examples {
                examples.digest(&mut sha);
            }
        }
        Self {
            config_hash,
            data_hash: hex(&sha.finalize()),
        }
    }
}

/// What differs from the defaults: so a setting that only a newer version knows does not keep a run of
/// an older one from going on. Who changes a default gives [`FORMAT`] another number.
fn changed_settings(config: &TrainingConfig) -> Value {
    // A plain struct always becomes JSON.
    let [mut settings, defaults] = [config, &TrainingConfig::default()]
        .map(|one| serde_json::to_value(one).unwrap_or_default());
    keep_changed(&mut settings, &defaults);
    settings
}

fn keep_changed(settings: &mut Value, defaults: &Value) {
    if let (Value::Object(settings), Value::Object(defaults)) = (settings, defaults) {
        settings.retain(|name, value| {
            let Some(default) = defaults.get(name) else {
                return true;
            };
            let is_changed = value != default;
            keep_changed(value, default);
            is_changed
        });
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// A checkpoint that was read.
pub(super) struct Checkpoint<'a> {
    pub(super) state: State,
    pub(super) learner: Learner<'a>,
    pub(super) optimizer: AdamW,
}

/// What the checkpoints of a run hold.
#[derive(Clone, Debug)]
pub(super) enum Content<'a> {
    /// Adapters of a base.
    Adapter(PeftConfig, &'a Model),
    /// The weights of a model, which are put in the place of those that it has.
    Weights(&'a WholeModel),
}

/// The checkpoints of one run.
#[derive(Clone, Debug)]
pub(super) struct Store {
    folder: PathBuf,
}

impl Store {
    pub(super) fn new(output: &Path) -> Self {
        Self {
            folder: output.join("checkpoints"),
        }
    }

    pub(super) fn path(&self, step: usize) -> PathBuf {
        self.folder.join(format!("step-{step:08}"))
    }

    /// Saves a checkpoint, whole or not at all.
    pub(super) fn save(
        &self,
        state: &State,
        learner: &Learner<'_>,
        optimizer: &AdamW,
    ) -> Result<()> {
        durable::create_folder(&self.folder)?;
        let path = self.path(state.step);
        durable::replace_folder(&path, |folder| {
            if let Some(adapter) = learner.adapter() {
                let bytes = adapter::to_safetensors(adapter)?;
                durable::write_file(&folder.join(ADAPTER), &bytes)?;
            } else {
                let path = folder.join(WEIGHTS);
                durable::write_tensor(&path, "weights", learner.numbers())?;
            }
            let moments = optimizer.moments();
            durable::write_tensor(&folder.join(OPTIMIZER), "moments", moments)?;
            let json =
                serde_json::to_vec_pretty(state).map_err(|error| TrainerError::Checkpoint {
                    path: folder.to_owned(),
                    reason: error.to_string(),
                })?;
            durable::write_file(&folder.join(STATE), &json)
        })
    }

    /// The steps that have a checkpoint, rising.
    pub(super) fn steps(&self) -> Vec<usize> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut steps: Vec<usize> = entries
            .filter_map(|entry| {
                entry
                    .file_name()
                    .to_str()?
                    .strip_prefix("step-")?
                    .parse()
                    .ok()
            })
            .collect();
        steps.sort_unstable();
        steps
    }

    /// Removes all but the last `keep` and the best.
    pub(super) fn retain(&self, keep: usize, best: Option<usize>) -> Result<()> {
        let steps = self.steps();
        let old = steps.len().saturating_sub(keep.max(1));
        for step in steps[..old].iter().filter(|step| Some(**step) != best) {
            durable::remove_folder(&self.path(*step))?;
        }
        Ok(())
    }

    /// Removes every checkpoint, for a run that begins anew.
    pub(super) fn clear(&self) -> Result<()> {
        durable::remove_folder(&self.folder)
    }

    /// The newest checkpoint that can be read, with the reasons why newer ones could not.
    pub(super) fn newest<'a>(
        &self,
        identity: &Identity,
        content: &Content<'a>,
        config: &TrainingConfig,
    ) -> Result<(Option<Checkpoint<'a>>, Vec<String>)> {
        let mut damaged = Vec::new();
        for step in self.steps().into_iter().rev() {
            let path = self.path(step);
            match read_state(&path) {
                Ok(state) => check_identity(&state, identity, &path)?,
                Err(error) => {
                    damaged.push(error.to_string());
                    continue;
                }
            }
            match self.load(step, content, config) {
                Ok(checkpoint) => return Ok((Some(checkpoint), damaged)),
                Err(error) => damaged.push(error.to_string()),
            }
        }
        Ok((None, damaged))
    }

    fn load<'a>(
        &self,
        step: usize,
        content: &Content<'a>,
        config: &TrainingConfig,
    ) -> Result<Checkpoint<'a>> {
        let path = self.path(step);
        let state = read_state(&path)?;
        if let Some(missing) = Rollout::missing(state.rollout.as_ref(), state.step, config) {
            return Err(unusable(&path.join(STATE), missing.to_owned()));
        }
        let parameters = match content {
            Content::Adapter(peft, model) => adapter::parameters(&model.config, &peft.shape),
            Content::Weights(model) => model.flat().elem_count(),
        };
        // The moments first: if they cannot be read, no weight was changed.
        let file = path.join(OPTIMIZER);
        let moments = durable::read_tensor(&file, "moments", &[2, parameters])?;
        let (learner, device) = match content {
            Content::Adapter(peft, model) => {
                let adapter = self.adapter(step, peft, model)?;
                (Learner::of_adapter(adapter)?, model.device())
            }
            Content::Weights(model) => {
                self.restore_weights(step, model)?;
                (Learner::of_weights(model)?, model.flat().device())
            }
        };
        let moments = Tensor::from_vec(moments, (2, parameters), device)?;
        let optimizer = AdamW::restore(&config.optimizer, moments, state.step as u64);
        Ok(Checkpoint {
            state,
            optimizer: learner.decaying(optimizer),
            learner,
        })
    }

    /// Puts the weights of one checkpoint in the place of those that the model has; of a checkpoint
    /// that cannot be read, none.
    pub(super) fn restore_weights(&self, step: usize, model: &WholeModel) -> Result<()> {
        let path = self.path(step).join(WEIGHTS);
        let parameters = model.flat().elem_count();
        let numbers = durable::read_tensor(&path, "weights", &[parameters])?;
        // A device may have no room for all of them twice.
        for (index, piece) in numbers.chunks(PIECE).enumerate() {
            let place = model.flat().narrow(0, index * PIECE, piece.len())?;
            let piece = Tensor::from_slice(piece, (1, piece.len()), place.device())?;
            ops::copy_rows(&place.unsqueeze(0)?, &piece)?;
        }
        Ok(())
    }

    /// The adapter of one checkpoint.
    pub(super) fn adapter(&self, step: usize, peft: &PeftConfig, model: &Model) -> Result<Adapter> {
        let path = self.path(step).join(ADAPTER);
        let bytes = durable::read_file(&path)?;
        adapter::parse(&bytes, &path, &model.config, peft, model.device())
    }
}

fn read_state(path: &Path) -> Result<State> {
    let file = path.join(STATE);
    let state: State = serde_json::from_slice(&durable::read_file(&file)?)
        .map_err(|error| unusable(&file, error.to_string()))?;
    if state.format != FORMAT {
        return Err(unusable(
            &file,
            format!("it has the format {}", state.format),
        ));
    }
    Ok(state)
}

fn unusable(path: &Path, reason: String) -> TrainerError {
    TrainerError::Checkpoint {
        path: path.to_owned(),
        reason,
    }
}

fn check_identity(state: &State, identity: &Identity, path: &Path) -> Result<()> {
    let advice = "start a new run, or resume with what it began with";
    if state.config_hash != identity.config_hash {
        return Err(unusable(
            path,
            format!("the settings or the model differ; {advice}"),
        ));
    }
    if state.data_hash != identity.data_hash {
        return Err(unusable(path, format!("the data differ; {advice}")));
    }
    Ok(())
}

impl State {
    pub(super) fn new(step: usize, steps_by_epoch: usize, seed: u64, identity: &Identity) -> Self {
        let by_epoch = steps_by_epoch.max(1);
        Self {
            format: FORMAT,
            step,
            epoch_cursor: (step / by_epoch, step % by_epoch),
            seed,
            progress: Progress::default(),
            health: Health::default(),
            rollout: None,
            pending_evaluation: false,
            train_seconds: 0.0,
            config_hash: identity.config_hash.clone(),
            data_hash: identity.data_hash.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::training::AdapterConfig;

    use super::*;

    #[test]
    fn only_changed_settings_identify_a_run() {
        let mut config = TrainingConfig::default();
        assert_eq!(changed_settings(&config), serde_json::json!({}));
        config.adapter = AdapterConfig {
            rank: 3,
            ..AdapterConfig::default()
        }
        .into();
        config.seed = 7;
        let expected = serde_json::json!({ "adapter": { "rank": 3 }, "seed": 7 });
        assert_eq!(changed_settings(&config), expected);
    }
}
