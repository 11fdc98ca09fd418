//! Where a run begins: fresh, or from a checkpoint.

use std::path::Path;

use shared::hub::HubModel;
use shared::training::{RunEvent, TrainingConfig};

use crate::adapter::{self, Adapter, LoraShape, PeftConfig};
use crate::error::Result;
use crate::optim::AdamW;

use super::checkpoint::{Checkpoint, Content, Identity, State, Store};
use super::learner::Learner;
use super::order::Order;
use super::refusals::refuse;
use super::request::TrainRequest;

/// What a run begins with.
pub(super) struct Begin<'a> {
    pub(super) state: State,
    pub(super) learner: Learner<'a>,
    pub(super) optimizer: AdamW,
    pub(super) content: Content<'a>,
    /// The adapter that the configuration names to start from.
    pub(super) initial: Option<Adapter>,
    /// Checkpoints that could not be read.
    pub(super) warnings: Vec<String>,
}

/// The state to begin with: fresh, or from the newest checkpoint.
pub(super) fn begin<'a>(
    request: &TrainRequest<'a>,
    store: &Store,
    identity: &Identity,
    steps_by_epoch: usize,
) -> Result<Begin<'a>> {
    let TrainRequest { config, model, .. } = request;
    let content = match (peft(config), request.whole) {
        (Some(peft), None) => Content::Adapter(peft, model),
        (None, Some(whole)) => Content::Weights(whole),
        _ => return refuse("adapter", "the model was not opened for what is trained"),
    };
    let initial = match &content {
        Content::Adapter(peft, _) => initial(request, peft)?,
        Content::Weights(_) => None,
    };
    let mut warnings = Vec::new();
    let mut newest = None;
    if request.resume {
        (newest, warnings) = store.newest(identity, &content, config)?;
    } else {
        store.clear()?;
    }
    let Checkpoint {
        state,
        learner,
        optimizer,
    } = match newest {
        Some(checkpoint) => checkpoint,
        None => fresh(
            request,
            &content,
            initial.as_ref(),
            State::new(0, steps_by_epoch, config.seed, identity),
        )?,
    };
    Ok(Begin {
        state,
        learner,
        optimizer,
        content,
        initial,
        warnings,
    })
}

/// What a run that was never saved begins with.
fn fresh<'a>(
    request: &TrainRequest<'a>,
    content: &Content<'a>,
    initial: Option<&Adapter>,
    state: State,
) -> Result<Checkpoint<'a>> {
    let TrainRequest { config, model, .. } = request;
    let learner = match (content, initial) {
        (Content::Weights(whole), _) => Learner::of_weights(whole)?,
        (Content::Adapter(..), Some(initial)) => Learner::of_adapter(initial.snapshot()?)?,
        (Content::Adapter(peft, _), None) => {
            let shape = peft.shape.clone();
            let adapter = Adapter::new(&model.config, &model.weights, shape, config.seed)?;
            Learner::of_adapter(adapter)?
        }
    };
    let parameters = learner.numbers().elem_count();
    let optimizer = AdamW::new(&config.optimizer, parameters, model.device())?;
    Ok(Checkpoint {
        state,
        optimizer: learner.decaying(optimizer),
        learner,
    })
}

/// The adapter that is trained, if one is.
fn peft(config: &TrainingConfig) -> Option<PeftConfig> {
    let (base_model, revision) = base_name(&config.model);
    Some(PeftConfig {
        shape: LoraShape::of(config)?,
        dropout: config.adapter.adapter()?.dropout,
        base_model,
        revision,
    })
}

/// What an adapter says of its base: a name on a hub and the commit, where the commit is known;
/// else a path, if there is one.
fn base_name(model: &str) -> (Option<String>, Option<String>) {
    match model.parse::<HubModel>() {
        Ok(hub) if hub.commit().is_some() => {
            let revision = hub.revision.clone();
            let base = HubModel {
                revision: None,
                ..hub
            };
            (Some(base.to_string()), revision)
        }
        _ => (Some(model.to_owned()).filter(|path| !path.is_empty()), None),
    }
}

/// The adapter to start from; it must have the configured shape.
fn initial(request: &TrainRequest<'_>, peft: &PeftConfig) -> Result<Option<Adapter>> {
    let settings = request.config.adapter.adapter();
    let Some(folder) = settings.and_then(|settings| settings.initial.as_ref()) else {
        return Ok(None);
    };
    let model = request.model;
    let (adapter, found) = adapter::load(Path::new(folder), &model.config, model.device())?;
    // A reward model may begin with an adapter that was trained to answer.
    let needs_head = peft.shape.score_head && !found.shape.score_head;
    let adapter = if needs_head {
        adapter.with_score_head(&model.config, request.config.seed)?
    } else {
        adapter
    };
    if *adapter.shape() != peft.shape {
        return refuse(
            "adapter.initial",
            format!(
                "it has {:?} where the settings say {:?}",
                adapter.shape(),
                peft.shape
            ),
        );
    }
    Ok(Some(adapter))
}

/// The first event.
pub(super) fn started(
    request: &TrainRequest<'_>,
    order: &Order,
    from_step: usize,
    trainable_parameters: usize,
) -> RunEvent {
    let threads = rayon::current_num_threads();
    let device = match request.model.device() {
        candle_core::Device::Cpu => format!("cpu ({threads} threads)"),
        other => match other.location() {
            candle_core::DeviceLocation::Cuda { gpu_id } => format!("cuda:{gpu_id}"),
            other => format!("{other:?}"),
        },
    };
    RunEvent::Started {
        total_steps: order.total_steps,
        from_step,
        trainable_parameters,
        train_rows: request.train.rows(),
        truncated_rows: request.truncated_rows,
        dropped_rows: request.dropped_rows,
        device,
    }
}
