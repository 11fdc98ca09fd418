//! Findings that follow from the settings, the shape of the base and the adapter to go on from.
//!
//! What a single setting may be is a line of `settings`.

mod settings;

use std::path::Path;

use shared::{
    model::ModelKind,
    run::{Finding, Severity},
    training::{Lesson, Method, Precision, Trained, TrainingConfig},
};
use trainer::{
    adapter::PeftConfig,
    device::{self, Device},
    model::{ModelConfig, Outline},
};

use self::settings::rules;
use super::{preflight_report::finding, run_setup::RunSetup};

fn error(code: &str, field: &str, message: impl Into<String>) -> Finding {
    finding(Severity::Error, code, field, message)
}

fn warning(code: &str, field: &str, message: impl Into<String>) -> Finding {
    finding(Severity::Warning, code, field, message)
}

/// What is wrong or unusual with the settings.
pub(super) fn check(setup: &RunSetup) -> Vec<Finding> {
    let config = &setup.request.config;
    let broken = rules(config).into_iter().filter(|(fits, _, _)| !fits);
    let mut findings: Vec<Finding> = broken
        .map(|(_, field, message)| error("bad_setting", &format!("config.{field}"), message))
        .collect();
    findings.extend(learning_rate(setup));
    findings.extend(blank(setup));
    let device = device::open(&config.device);
    let on_processor = device.as_ref().is_ok_and(Device::is_cpu);
    match device {
        Ok(_) => findings.extend(precision(config, on_processor)),
        Err(problem) => findings.push(error("no_device", "config.device", problem.to_string())),
    }
    findings.extend(evaluation(setup));
    findings.extend(rewards(setup));
    findings.extend(whole(setup, on_processor));
    findings
}

/// What does not go with training all weights.
fn whole(setup: &RunSetup, on_processor: bool) -> Vec<Finding> {
    let config = &setup.request.config;
    if !config.adapter.is_whole() {
        return Vec::new();
    }
    let draws = config.method.lesson() == Lesson::Prompts;
    let refused = [
        (
            config.precision == Precision::Brain && on_processor,
            "bad_setting",
            "config.precision",
            "must be fp32 where a processor trains all weights: bf16 rounds them there, and most \
             steps would be lost in that",
        ),
        (
            config.precision == Precision::Quantised,
            "bad_setting",
            "config.precision",
            "must be fp32 where all weights are trained: quantised keeps the base in blocks, which \
             cannot be",
        ),
        (
            config.method == Method::Reward,
            "whole_reward_model",
            "config.adapter",
            "a reward model is trained as an adapter: what it shall reward is on the same base",
        ),
        (
            setup.initial.is_some(),
            "no_adapter",
            "initial_adapter_id",
            "must be left empty where all weights are trained: there is no adapter to go on from",
        ),
        (
            draws && setup.reward_model.is_some(),
            "reward_model_of_other_base",
            "reward_model_id",
            "the reward model is an adapter on the base, whose weights this run changes: reward by \
             a spec with checks",
        ),
    ];
    let refused = refused.into_iter().filter(|(is_refused, ..)| *is_refused);
    refused
        .map(|(_, code, field, message)| error(code, field, message))
        .collect()
}

/// What does not go with a base that has learned nothing yet.
fn blank(setup: &RunSetup) -> Option<Finding> {
    let config = &setup.request.config;
    if setup.base.kind != ModelKind::Blank {
        return None;
    }
    if !config.adapter.is_whole() {
        let message = "the base is blank: an adapter would leave its random weights as they are, so \
                       train all weights";
        return Some(error("blank_base", "config.adapter", message));
    }
    (config.method != Method::Pretrain).then(|| {
        let message = "the base is blank: it cannot read yet, so pretrain it on texts first";
        warning("blank_base", "config.method", message)
    })
}

/// What rewards the answers of a run that draws them.
fn rewards(setup: &RunSetup) -> Vec<Finding> {
    let config = &setup.request.config;
    let mut findings = Vec::new();
    let draws = config.method.lesson() == Lesson::Prompts;
    let field = "reward_model_id";
    if let (Some(reward_model), true) = (&setup.reward_model, draws) {
        if reward_model.base_id != Some(setup.base.id) {
            let message = "the reward model belongs to another base: choose one that was made on the \
                           base of this run";
            findings.push(error("reward_model_of_other_base", field, message));
        }
    } else if draws && (setup.checks.is_empty() || config.grpo.checks_weight <= 0.0) {
        let message = "nothing rewards an answer: choose a reward model, or a spec with checks";
        findings.push(error("no_reward", field, message));
    } else if setup.reward_model.is_some() {
        let message = format!(
            "the reward model is not used: {} draws no answers",
            config.method
        );
        findings.push(warning("reward_model_unused", field, message));
    }
    findings
}

/// Rates that what is trained is rarely trained with are more often a slip than a wish.
fn learning_rate(setup: &RunSetup) -> Option<Finding> {
    let config = &setup.request.config;
    let is_blank = setup.base.kind == ModelKind::Blank;
    let (low, high) = match config.method {
        Method::Sft | Method::Pretrain => (1e-5, 2e-3),
        Method::Orpo | Method::Reward => (1e-6, 1e-3),
        Method::Grpo => (1e-7, 5e-4),
        Method::Dpo | Method::Simpo | Method::Kto => (1e-7, 2e-4),
    };
    // All weights together are moved as far by a tenth of the rate.
    let (what, low, high) = match config.adapter {
        _ if is_blank => ("blank models are", 1e-4, 5e-3),
        Trained::Adapter(_) => ("adapters are", low, high),
        Trained::AllWeights => ("all weights are", low / 10.0, high / 10.0),
    };
    let rate = config.learning_rate();
    let unusual = rate > 0.0 && !(low..=high).contains(&rate);
    unusual.then(|| {
        let method = config.method;
        let message =
            format!("{rate:e} is unusual: {what} trained with {low:e} to {high:e} by {method}");
        warning(
            "unusual_learning_rate",
            "config.optimizer.learning_rate",
            message,
        )
    })
}

/// Numbers that the processor does not know gain nothing but memory, and blocks are for it alone.
fn precision(config: &TrainingConfig, on_processor: bool) -> Option<Finding> {
    if config.precision == Precision::Quantised && !on_processor {
        let message = "quantised weights are computed with on the processor only: set the device to \
                       cpu, or choose fp32 or bf16";
        return Some(error("quantised_on_gpu", "config.precision", message));
    }
    let is_brain = config.precision == Precision::Brain;
    let slow = is_brain && on_processor && !device::multiplies_bfloat16();
    slow.then(|| {
        let message = "this server's processor does not multiply bf16: the base needs half the \
                       memory, but steps take longer than with fp32";
        warning("slow_precision", "config.precision", message)
    })
}

/// What cannot be measured.
fn evaluation(setup: &RunSetup) -> Vec<Finding> {
    let config = &setup.request.config.evaluation;
    let generate_rows = setup.request.config.generate_rows();
    let validated = setup.measured().is_some();
    let generates = validated && generate_rows > 0 && !setup.checks.is_empty();
    let mut findings = Vec::new();
    let method = setup.request.config.method;
    if !method.answers_rows() && (generate_rows > 0 || config.by_task_metric) {
        let message = if method.writes_answers() {
            "must be off: the rows are plain texts, which ask nothing"
        } else {
            "must be off: a reward model scores answers and writes none"
        };
        for (is_on, field) in [
            (generate_rows > 0, "generate_rows"),
            (config.by_task_metric, "by_task_metric"),
        ] {
            if is_on {
                let field = format!("config.evaluation.{field}");
                findings.push(error("no_answers", &field, message));
            }
        }
        return findings;
    }
    if config.by_task_metric && !generates {
        let message = "needs rows that are held back, answers to generate, and checks: from a spec \
                       or from the settings";
        findings.push(error(
            "no_task_metric",
            "config.evaluation.by_task_metric",
            message,
        ));
    }
    let draws = method.lesson() == Lesson::Prompts;
    let is_measured = if draws {
        validated && generate_rows > 0
    } else {
        validated || config.by_task_metric
    };
    if config.patience > 0 && !is_measured {
        let message = "needs rows that are held back (and for grpo answers to generate): without them \
                       nothing tells when to stop";
        findings.push(error(
            "no_early_stopping",
            "config.evaluation.patience",
            message,
        ));
    }
    let is_rewarded = draws && setup.reward_model.is_some();
    if generate_rows > 0 && !generates && !config.by_task_metric && !is_rewarded {
        let message = "no answer is generated: that needs rows that are held back, and checks";
        findings.push(warning(
            "no_task_metric",
            "config.evaluation.generate_rows",
            message,
        ));
    }
    if generate_rows > 0 && config.max_new_tokens == 0 {
        let message = "must be at least 1";
        findings.push(error(
            "bad_setting",
            "config.evaluation.max_new_tokens",
            message,
        ));
    }
    findings
}

/// Rows that the base cannot read; `longest` is their longest after it was cut.
pub(super) fn check_length(longest: usize, model: &ModelConfig) -> Option<Finding> {
    let most = model.context();
    (longest > most).then(|| {
        let message =
            format!("the longest row has {longest} tokens and the base reads {most}: lower the longest length to that");
        error("too_long_for_base", "config.data.max_length", message)
    })
}

/// A base that cannot render what is asked and answered.
pub(super) fn check_template(setup: &RunSetup, outline: &Outline) -> Option<Finding> {
    let renders = setup.request.config.method.lesson() != Lesson::Texts;
    (renders && outline.template.source().is_none()).then(|| {
        let message = "the base has no chat template, so that no row can be put into the form that it \
                       reads: put a chat_template.jinja into its folder, such as that of its \
                       instruction-tuned sibling, and register it again";
        error("no_template", "base_id", message)
    })
}

/// Whether the base has blocks to keep, where the settings ask for it.
pub(super) fn check_blocks(setup: &RunSetup, outline: &Outline) -> Option<Finding> {
    let wants_blocks = setup.request.config.precision == Precision::Quantised;
    (wants_blocks && outline.block_bytes.is_none()).then(|| {
        let message = "the base's weights are not quantised: choose fp32 or bf16, or a base from a \
                       quantised GGUF file";
        error("not_quantised", "config.precision", message)
    })
}

/// What does not fit the adapter to go on from.
pub(super) fn check_initial(setup: &RunSetup, folder: Option<&Path>) -> Option<Finding> {
    let (initial, folder) = (setup.initial.as_ref()?, folder?);
    let wanted = setup.request.config.adapter.adapter()?;
    let field = "initial_adapter_id";
    if initial.base_id != Some(setup.base.id) {
        let message = "the adapter belongs to another base: choose the base that it was trained on";
        return Some(error("adapter_of_other_base", field, message));
    }
    let found = match read_peft(folder) {
        Ok(found) => found.shape,
        Err(reason) => return Some(error("adapter_unusable", field, reason)),
    };
    if found.score_head && setup.request.config.method.writes_answers() {
        let message = "the adapter is a reward model's: only a reward model can go on from it";
        return Some(error("adapter_scores", field, message));
    }
    let same_targets = found.targets.len() == wanted.targets.len()
        && found
            .targets
            .iter()
            .all(|target| wanted.targets.contains(target));
    let same_alpha = (found.alpha - wanted.alpha).abs() < f64::EPSILON
        && found.rank_stabilised == wanted.rank_stabilised;
    let same_kind = found.weight_decomposed == wanted.weight_decomposed;
    if found.rank == wanted.rank && same_alpha && same_kind && same_targets {
        return None;
    }
    let targets: Vec<_> = found.targets.iter().map(ToString::to_string).collect();
    let message = format!(
        "the adapter to go on from {}has rank {}, alpha {}{} and the layers {}: set the same",
        if found.weight_decomposed {
            "is weight-decomposed, "
        } else {
            ""
        },
        found.rank,
        found.alpha,
        if found.rank_stabilised {
            " (rank-stabilised)"
        } else {
            ""
        },
        targets.join(", ")
    );
    Some(error("adapter_shape", "config.adapter", message))
}

fn read_peft(folder: &Path) -> Result<PeftConfig, String> {
    let path = folder.join("adapter_config.json");
    let bytes = std::fs::read(&path)
        .map_err(|error| format!("its files cannot be read on the server: {error}"))?;
    let json = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    PeftConfig::from_json(&json, &path).map_err(|error| error.to_string())
}
