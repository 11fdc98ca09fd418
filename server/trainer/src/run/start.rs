//! How a run begins: what is refused, and whether it goes on from a checkpoint.

use std::path::Path;

use shared::hub::HubModel;
use shared::training::{EvaluationConfig, Lesson, Method, Precision, RunEvent, TrainingConfig};

use crate::adapter::{self, Adapter, LoraShape, PeftConfig};
use crate::data::TokenizedRow;
use crate::error::{Result, TrainerError};
use crate::optim::AdamW;

use super::checkpoint::{Checkpoint, Content, Identity, State, Store};
use super::examples;
use super::learner::Learner;
use super::order::Order;
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

fn refuse<T>(field: &'static str, reason: impl Into<String>) -> Result<T> {
    Err(TrainerError::Config {
        field,
        reason: reason.into(),
    })
}

/// Refuses settings and data that cannot work.
pub(super) fn check(request: &TrainRequest<'_>) -> Result<()> {
    let TrainRequest { config, model, .. } = request;
    let batch = &config.batch;
    if batch.size == 0 || batch.accumulation == 0 {
        return refuse("batch.size", "size and accumulation must be at least 1");
    }
    if !(batch.epochs.is_finite() && batch.epochs > 0.0) {
        return refuse("batch.epochs", "must be a positive number");
    }
    check_trained(config)?;
    if !(0.0..=0.9).contains(&config.data.general_share) {
        return refuse("data.general_share", "must be from 0 to 0.9");
    }
    if !(config.learning_rate().is_finite() && config.learning_rate() >= 0.0) {
        return refuse("optimizer.learning_rate", "must be a positive number");
    }
    if config.data.packing == Some(true) && !config.method.packs() {
        let method = config.method;
        return refuse(
            "data.packing",
            format!("{method} does not pack its rows; leave it out, or set it to false"),
        );
    }
    if config.preference.soft_labels && !config.takes_soft_labels() {
        return refuse(
            "preference.soft_labels",
            "must be off: only dpo with the loss sigmoid, and reward, learn from shares of votes",
        );
    }
    check_preference(config)?;
    check_grpo(request)?;
    check_evaluation(&config.evaluation, request)?;
    if request.train.is_empty() {
        return refuse("data.train", "has no row that anything can be learned from");
    }
    request
        .train
        .check(config.method, &model.config, "data.train")?;
    for (examples, field) in [
        (&request.validation, "data.validation"),
        (&request.general, "data.general"),
    ] {
        if let Some(examples) = examples {
            examples.check(config.method, &model.config, field)?;
        }
    }
    if request.general_validation.is_some() && !config.method.writes_answers() {
        let method = config.method;
        return refuse(
            "data.general_validation",
            format!("must be left out: what {method} trains scores answers and writes none"),
        );
    }
    let unreadable = |row: &TokenizedRow| examples::unreadable(row, &model.config);
    let mut rows = request.general_validation.iter().flatten();
    if let Some(reason) = rows.find_map(unreadable) {
        return refuse("data.general_validation", format!("a row {reason}"));
    }
    Ok(())
}

/// Refuses what cannot be trained as the configuration says, whatever the data.
pub(crate) fn check_trained(config: &TrainingConfig) -> Result<()> {
    if let Some(adapter) = config.adapter.adapter() {
        if !(0.0..1.0).contains(&adapter.dropout) {
            return refuse(
                "adapter.dropout",
                "must be from 0 up to, but not including, 1",
            );
        }
        return Ok(());
    }
    match config.precision {
        Precision::Full => {}
        Precision::Brain => {
            return refuse(
                "precision",
                "bf16 rounds weights, and most steps would be lost in that where the weights \
                 themselves are trained: set it to fp32, or train an adapter",
            );
        }
        Precision::Quantised => {
            return refuse(
                "precision",
                "quantised keeps the base in blocks, which cannot be trained: set it to fp32, or \
                 train an adapter",
            );
        }
    }
    if config.method == Method::Grpo && config.grpo.reward_model.is_some() {
        return refuse(
            "grpo.reward_model",
            "it is an adapter on the base, whose weights this run changes: reward by \
             evaluation.checks, or train an adapter",
        );
    }
    Ok(())
}

fn check_evaluation(config: &EvaluationConfig, request: &TrainRequest<'_>) -> Result<()> {
    let generates = request.task.is_some() && request.config.generate_rows() > 0;
    let method = request.config.method;
    if generates && !method.answers_rows() {
        let why = if method.writes_answers() {
            "learns from plain texts, which ask nothing"
        } else {
            "trains what scores answers and writes none"
        };
        return refuse(
            "evaluation.generate_rows",
            format!("must be 0: {method} {why}"),
        );
    }
    if config.by_task_metric && !generates {
        return refuse(
            "evaluation.by_task_metric",
            "needs validation rows, evaluation.generate_rows above 0 and at least one check",
        );
    }
    let is_measured = match method.lesson() {
        Lesson::Prompts => generates,
        _ => request.validation.is_some() || config.by_task_metric,
    };
    if config.patience > 0 && !is_measured {
        return refuse(
            "evaluation.patience",
            "needs validation rows (and for grpo evaluation.generate_rows above 0); add some or set \
             it to 0",
        );
    }
    Ok(())
}

fn check_grpo(request: &TrainRequest<'_>) -> Result<()> {
    let (config, settings) = (request.config, &request.config.grpo);
    if config.method != Method::Grpo {
        return Ok(());
    }
    if request.drawer.is_none() {
        return refuse(
            "grpo.reward_model",
            "nothing rewards an answer: name a reward model, or checks in evaluation.checks and a \
             grpo.checks_weight above 0",
        );
    }
    if settings.answers < 2 {
        return refuse(
            "grpo.answers",
            "must be at least 2: an answer is judged against the others",
        );
    }
    if settings.max_new_tokens == 0 {
        return refuse("grpo.max_new_tokens", "must be at least 1");
    }
    if !(settings.temperature.is_finite() && settings.temperature > 0.0) {
        return refuse("grpo.temperature", "must be a number above 0");
    }
    for (field, weight) in [
        ("grpo.reward_weight", settings.reward_weight),
        ("grpo.checks_weight", settings.checks_weight),
        ("grpo.kl_weight", settings.kl_weight),
    ] {
        if !weight.is_finite() || weight < 0.0 {
            return refuse(field, "must be a number from 0 up");
        }
    }
    if request.general.is_some() {
        return refuse(
            "data.general",
            "must be left out: grpo imitates no rows, so none can be mixed in",
        );
    }
    Ok(())
}

fn check_preference(config: &TrainingConfig) -> Result<()> {
    if !config.method.lesson().judges() {
        return Ok(());
    }
    let (beta, preference) = (config.beta(), &config.preference);
    let uses_beta = config.method != Method::Reward;
    if uses_beta && !(beta.is_finite() && beta > 0.0) {
        return refuse("preference.beta", "must be a positive number");
    }
    if !(0.0..0.5).contains(&preference.label_smoothing) {
        return refuse("preference.label_smoothing", "must be from 0 to below 0.5");
    }
    if !preference.margin.is_finite() || preference.margin < 0.0 {
        return refuse("preference.margin", "must be a number from 0 up");
    }
    for (field, weight) in [
        ("preference.centering", preference.centering),
        ("preference.desirable_weight", preference.desirable_weight),
        (
            "preference.undesirable_weight",
            preference.undesirable_weight,
        ),
    ] {
        if !weight.is_finite() || weight < 0.0 {
            return refuse(field, "must be a number from 0 up");
        }
    }
    if config.method == Method::Kto
        && config.batch.size.saturating_mul(config.batch.accumulation) < 2
    {
        return refuse(
            "batch.size",
            "kto compares the answers of a step with each other: size times accumulation must be \
             at least 2",
        );
    }
    Ok(())
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
        (newest, warnings) = store.newest(identity, &content, &config.optimizer)?;
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
