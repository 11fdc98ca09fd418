//! What is refused before a run begins: settings and data that cannot work, each by its name.

use shared::training::{EvaluationConfig, Lesson, Method, Precision, TrainingConfig};

use crate::data::TokenizedRow;
use crate::device::Device;
use crate::error::{Result, TrainerError};

use super::examples;
use super::request::TrainRequest;

pub(super) fn refuse<T>(field: &'static str, reason: impl Into<String>) -> Result<T> {
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
    check_trained(config, model.device())?;
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

/// Refuses what cannot be trained on a device as the configuration says, whatever the data.
pub(crate) fn check_trained(config: &TrainingConfig, device: &Device) -> Result<()> {
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
        // There they keep 32 bits, and are rounded where they are multiplied.
        Precision::Brain if !device.is_cpu() => {}
        Precision::Brain => {
            return refuse(
                "precision",
                "bf16 rounds weights on a processor, and most steps would be lost in that where the \
                 weights themselves are trained: set it to fp32, or train an adapter, or on a GPU",
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
    if let Some((field, must)) = settings.wrong_iterations() {
        return refuse(field, must);
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
