//! What a run tells while it goes.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::check::CheckResult;

/// One thing that happened in a run. The server stores events in order; the page draws them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RunEvent {
    /// The run begins, or goes on from a checkpoint.
    Started {
        /// Optimizer steps in all.
        total_steps: usize,
        /// The step it goes on from; 0 for a fresh run.
        from_step: usize,
        /// Numbers that are trained.
        trainable_parameters: usize,
        /// Rows to learn from, after the unusable ones were left out; of a long text each piece.
        train_rows: usize,
        /// Rows that were cut to the longest length.
        truncated_rows: usize,
        /// Rows left out because nothing of them would be learned.
        dropped_rows: usize,
        /// Where it computes, such as `cpu (2 threads)`.
        device: String,
    },
    /// One optimizer step.
    Step(StepMetrics),
    /// An evaluation on the validation rows.
    Evaluation(EvaluationMetrics),
    /// The state was saved.
    Checkpoint {
        /// The step it holds.
        step: usize,
        /// Whether it is the best so far.
        best: bool,
    },
    /// Something a person should know.
    Warning {
        /// The step.
        step: usize,
        /// A stable word for programs.
        code: String,
        /// What happened and what to do.
        message: String,
    },
    /// The run ended by itself or was stopped.
    Finished {
        /// The last step.
        step: usize,
        /// Why it ended.
        reason: StopReason,
        /// The step whose weights were handed over.
        adapter_step: usize,
        /// Seconds of training, without loading.
        train_seconds: f64,
    },
}

impl RunEvent {
    /// The word that tells what it is, as on the wire.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Step(_) => "step",
            Self::Evaluation(_) => "evaluation",
            Self::Checkpoint { .. } => "checkpoint",
            Self::Warning { .. } => "warning",
            Self::Finished { .. } => "finished",
        }
    }

    /// The optimizer step it belongs to.
    #[must_use]
    pub const fn step(&self) -> usize {
        match self {
            Self::Started { from_step, .. } => *from_step,
            Self::Step(metrics) => metrics.step,
            Self::Evaluation(metrics) => metrics.step,
            Self::Checkpoint { step, .. }
            | Self::Warning { step, .. }
            | Self::Finished { step, .. } => *step,
        }
    }
}

/// The measurements of one optimizer step; one line of `metrics.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepMetrics {
    /// The step, from 1.
    pub step: usize,
    /// How much of the data was seen, in epochs.
    pub epoch: f64,
    /// The training loss of this step; absent if it was not finite.
    pub loss: Option<f64>,
    /// The learning rate that this step used.
    pub learning_rate: f64,
    /// The norm of all gradients before clipping; absent if it was not finite.
    pub grad_norm: Option<f64>,
    /// Tokens that went through the model, padding not counted.
    pub tokens: usize,
    /// Those tokens by the second.
    pub tokens_per_second: f64,
    /// The measurements of a preference method, under TRL's names.
    #[serde(
        flatten,
        deserialize_with = "some_measured",
        skip_serializing_if = "Option::is_none"
    )]
    pub preference: Option<PreferenceMetrics>,
    /// The measurements of drawn answers, under TRL's names.
    #[serde(
        flatten,
        deserialize_with = "some_drawn",
        skip_serializing_if = "Option::is_none"
    )]
    pub drawn: Option<DrawnMetrics>,
}

/// The measurements of the answers that a step of `grpo` learned from, under TRL's names. What does
/// not change with the model is told by the step that drew them only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DrawnMetrics {
    /// Their mean reward; absent if none could be judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward: Option<f64>,
    /// The standard deviation of all their rewards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward_std: Option<f64>,
    /// The share of prompts whose answers all got the same reward, so that nothing is learned from
    /// them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frac_reward_zero_std: Option<f64>,
    /// Their mean length in tokens.
    #[serde(
        rename = "completions/mean_length",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub mean_length: Option<f64>,
    /// The share of them that had not ended after as many tokens as they may have.
    #[serde(
        rename = "completions/clipped_ratio",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub clipped_ratio: Option<f64>,
    /// The mean entropy of the predictions of their tokens, in nats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entropy: Option<f64>,
    /// The share of their tokens whose ratio of probabilities, now by when they were drawn, was clipped,
    /// so that they taught nothing. Absent where one step learns from each batch, which clips none.
    #[serde(
        rename = "clip_ratio/region_mean",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub clipped_tokens: Option<f64>,
    /// Of that what had become too unlikely, in answers that are worse than others.
    #[serde(
        rename = "clip_ratio/low_mean",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub clipped_low: Option<f64>,
    /// Of that what had become too likely, in answers that are better than others.
    #[serde(
        rename = "clip_ratio/high_mean",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub clipped_high: Option<f64>,
}

/// The measurements of a preference method, under TRL's names. Absent is what the method does not
/// measure, or what a step has no example of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreferenceMetrics {
    /// The mean implicit reward of the chosen responses, or of the wanted answers; of a reward model
    /// the mean score.
    #[serde(
        rename = "rewards/chosen",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub rewards_chosen: Option<f64>,
    /// The mean implicit reward of the rejected responses, or of the unwanted answers.
    #[serde(
        rename = "rewards/rejected",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub rewards_rejected: Option<f64>,
    /// The share of pairs whose chosen response has the higher reward.
    #[serde(
        rename = "rewards/accuracies",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub rewards_accuracies: Option<f64>,
    /// The difference between the two means.
    #[serde(
        rename = "rewards/margins",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub rewards_margins: Option<f64>,
    /// The mean log-probability of the chosen responses, or of the wanted answers.
    #[serde(
        rename = "logps/chosen",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub logps_chosen: Option<f64>,
    /// The mean log-probability of the rejected responses, or of the unwanted answers.
    #[serde(
        rename = "logps/rejected",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub logps_rejected: Option<f64>,
    /// How far the model is from its reference. As KTO estimates it: the mean log-ratio of answers to
    /// other prompts than their own, and never below zero. Of GRPO: the mean over drawn tokens of
    /// `ρ - ln ρ - 1`, where ρ is the reference's probability by the model's (Schulman 2020), times the
    /// model's by the one with which they were drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kl: Option<f64>,
}

/// The measurements among the fields of a step; a step of another method has none of them.
fn some_measured<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<PreferenceMetrics>, D::Error> {
    let found = PreferenceMetrics::deserialize(deserializer)?;
    Ok((found != PreferenceMetrics::default()).then_some(found))
}

/// The same for the measurements of drawn answers.
fn some_drawn<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<DrawnMetrics>, D::Error> {
    let found = DrawnMetrics::deserialize(deserializer)?;
    Ok((found != DrawnMetrics::default()).then_some(found))
}

/// What an evaluation on the validation rows found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvaluationMetrics {
    /// The step after which it was made; 0 is before training.
    pub step: usize,
    /// The epoch, as in [`StepMetrics`].
    pub epoch: f64,
    /// The mean loss over the validation rows; absent without such rows.
    pub validation_loss: Option<f64>,
    /// The mean loss of imitating general rows that are held back, a token: what the model has
    /// forgotten if it rises. Absent without such rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub general_loss: Option<f64>,
    /// The measurements of a preference method over the validation pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preference: Option<PreferenceMetrics>,
    /// Pass rates of the checks on generated answers, by the check's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub checks: BTreeMap<String, TaskMetric>,
    /// Answers whose checks all passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_checks: Option<TaskMetric>,
    /// The mean reward of the generated answers, of `grpo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward: Option<f64>,
    /// Some of the generated answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<Sample>,
    /// Whether this is the best evaluation so far.
    pub best: bool,
}

/// How many of how many passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TaskMetric {
    /// Answers that passed.
    pub passed: usize,
    /// Answers in all.
    pub total: usize,
}

/// One generated answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sample {
    /// The last user message.
    pub prompt: String,
    /// What the model answered.
    pub output: String,
    /// What the row holds.
    pub expected: String,
    /// Its reward, of `grpo`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward: Option<f64>,
    /// The verdicts of the checks.
    pub checks: Vec<CheckResult>,
}

text_enum! {
    /// Why a run ended.
    pub enum StopReason {
        /// All steps were made.
        Completed = "completed",
        /// No improvement for as long as the configuration allows.
        EarlyStopped = "early_stopped",
        /// Somebody cancelled it, or the server is stopping.
        Interrupted = "interrupted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_tells_only_what_it_measured() {
        let plain = StepMetrics::default();
        let text = serde_json::to_string(&plain).unwrap();
        assert!(!text.contains('/'), "{text}");
        assert_eq!(serde_json::from_str::<StepMetrics>(&text).unwrap(), plain);

        let wanted_only = StepMetrics {
            preference: Some(PreferenceMetrics {
                rewards_chosen: Some(0.25),
                kl: Some(0.0),
                ..PreferenceMetrics::default()
            }),
            ..StepMetrics::default()
        };
        let value = serde_json::to_value(&wanted_only).unwrap();
        assert_eq!(
            (&value["rewards/chosen"], &value["kl"]),
            (&0.25.into(), &0.0.into())
        );
        assert!(value.get("rewards/rejected").is_none());
        let read: StepMetrics = serde_json::from_value(value).unwrap();
        assert_eq!(read, wanted_only);
    }
}
