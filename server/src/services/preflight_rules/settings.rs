//! What a single setting may be.

use shared::training::{Lesson, Method, TrainingConfig};

/// Whether a setting may be what it is, its path, and what it must be.
pub(super) type Rule = (bool, &'static str, &'static str);

/// Every rule that counts with the method.
pub(super) fn rules(config: &TrainingConfig) -> Vec<Rule> {
    [
        numbers(config),
        adapter(config),
        preference(config),
        drawing(config),
    ]
    .concat()
}

fn positive(number: f64) -> bool {
    number.is_finite() && number > 0.0
}

fn from_zero(number: f64) -> bool {
    number.is_finite() && number >= 0.0
}

/// Settings with the only values that they may have.
fn numbers(config: &TrainingConfig) -> Vec<Rule> {
    let TrainingConfig {
        method,
        data,
        batch,
        optimizer,
        schedule,
        ..
    } = config;
    let at_least_one = "must be at least 1";
    let above_zero = "must be a number above 0";
    vec![
        (batch.size > 0, "batch.size", at_least_one),
        (batch.accumulation > 0, "batch.accumulation", at_least_one),
        (positive(batch.epochs), "batch.epochs", above_zero),
        (batch.max_steps != Some(0), "batch.max_steps", at_least_one),
        (data.max_length > 0, "data.max_length", at_least_one),
        (
            data.packing != Some(true) || method.packs(),
            "data.packing",
            "must be off: only answers that are imitated and plain texts can be packed",
        ),
        (
            !config.preference.soft_labels || config.takes_soft_labels(),
            "preference.soft_labels",
            "must be off: only dpo with the loss sigmoid, and reward, learn from shares of votes",
        ),
        (
            (0.0..=0.9).contains(&data.general_share),
            "data.general_share",
            "must be from 0 to 0.9",
        ),
        (
            optimizer.learning_rate.is_none_or(positive),
            "optimizer.learning_rate",
            above_zero,
        ),
        (
            (0.0..1.0).contains(&optimizer.beta1),
            "optimizer.beta1",
            "must be from 0 up to 1",
        ),
        (
            (0.0..1.0).contains(&optimizer.beta2),
            "optimizer.beta2",
            "must be from 0 up to 1",
        ),
        (positive(optimizer.epsilon), "optimizer.epsilon", above_zero),
        (
            from_zero(optimizer.weight_decay),
            "optimizer.weight_decay",
            "must be a number from 0 up",
        ),
        (
            from_zero(optimizer.max_grad_norm),
            "optimizer.max_grad_norm",
            "must be a number from 0 up; 0 turns clipping off",
        ),
        (
            (0.0..=1.0).contains(&schedule.warmup_ratio),
            "schedule.warmup_ratio",
            "must be from 0 to 1",
        ),
    ]
}

/// The same of an adapter, where one is trained.
fn adapter(config: &TrainingConfig) -> Vec<Rule> {
    let Some(adapter) = config.adapter.adapter() else {
        return Vec::new();
    };
    vec![
        (
            (1..=1024).contains(&adapter.rank),
            "adapter.rank",
            "must be from 1 to 1024",
        ),
        (
            positive(adapter.alpha),
            "adapter.alpha",
            "must be a number above 0",
        ),
        (
            (0.0..1.0).contains(&adapter.dropout),
            "adapter.dropout",
            "must be from 0 up to 1",
        ),
        (
            !adapter.targets.is_empty(),
            "adapter.targets",
            "must name at least one layer",
        ),
    ]
}

/// The same of preference methods; what another method does not use is not looked at.
fn preference(config: &TrainingConfig) -> Vec<Rule> {
    if !config.method.lesson().judges() {
        return Vec::new();
    }
    let preference = &config.preference;
    let from_zero_up = "must be a number from 0 up";
    let mut rules = vec![
        (
            config.method == Method::Reward || positive(config.beta()),
            "preference.beta",
            "must be a number above 0",
        ),
        (
            (0.0..0.5).contains(&preference.label_smoothing),
            "preference.label_smoothing",
            "must be from 0 to below 0.5",
        ),
        (
            from_zero(preference.margin),
            "preference.margin",
            from_zero_up,
        ),
        (
            from_zero(preference.centering),
            "preference.centering",
            from_zero_up,
        ),
    ];
    if config.method == Method::Kto {
        rules.extend([
            (
                from_zero(preference.desirable_weight),
                "preference.desirable_weight",
                from_zero_up,
            ),
            (
                from_zero(preference.undesirable_weight),
                "preference.undesirable_weight",
                from_zero_up,
            ),
            (
                config.batch.size.saturating_mul(config.batch.accumulation) != 1,
                "batch.size",
                "must be at least 2, or accumulated: kto compares the answers of a step with each \
                 other",
            ),
        ]);
    }
    rules
}

/// The same of answers that are drawn.
fn drawing(config: &TrainingConfig) -> Vec<Rule> {
    if config.method.lesson() != Lesson::Prompts {
        return Vec::new();
    }
    let settings = &config.grpo;
    let from_zero_up = "must be a number from 0 up";
    let mut rules = vec![
        (
            settings.answers >= 2,
            "grpo.answers",
            "must be at least 2: an answer is judged against the others",
        ),
        (
            settings.max_new_tokens > 0,
            "grpo.max_new_tokens",
            "must be at least 1",
        ),
        (
            positive(settings.temperature),
            "grpo.temperature",
            "must be a number above 0",
        ),
        (
            from_zero(settings.reward_weight),
            "grpo.reward_weight",
            from_zero_up,
        ),
        (
            from_zero(settings.checks_weight),
            "grpo.checks_weight",
            from_zero_up,
        ),
        (
            from_zero(settings.kl_weight),
            "grpo.kl_weight",
            from_zero_up,
        ),
    ];
    let wrong = settings.wrong_iterations();
    rules.extend(wrong.map(|(field, must)| (false, field, must)));
    rules
}
