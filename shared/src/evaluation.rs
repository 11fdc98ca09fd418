//! Evaluations: a suite answered by a model version with a prompt, each answer checked.

use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    check::CheckResult,
    ids::{EvaluationId, JobId, ModelVersionId, PromptVersionId, SuiteId, UserId},
    job::JobState,
    suite::SuiteItem,
};

/// The most tokens that one answer may be given.
pub const MAX_NEW_TOKENS: u32 = 4096;

/// How many answers the best can be chosen from.
pub const BEST_OF: RangeInclusive<u32> = 2..=16;

/// How answers are generated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Decoding {
    /// Logits are divided by it; 0 takes the most probable token, so that an evaluation can be
    /// repeated.
    pub temperature: f64,
    /// The most probable tokens that together have this probability are kept; 1 keeps all.
    pub top_p: f64,
    /// So many most probable tokens are kept; 0 keeps all.
    pub top_k: u32,
    /// Decides what is drawn.
    pub seed: u64,
    /// The most tokens of an answer, 1 to [`MAX_NEW_TOKENS`].
    pub max_new_tokens: u32,
}

impl Default for Decoding {
    fn default() -> Self {
        Self {
            temperature: 0.0,
            top_p: 1.0,
            top_k: 0,
            seed: 0,
            max_new_tokens: 256,
        }
    }
}

/// Several answers are drawn to each question, and the one that a reward model scores highest is
/// given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BestOf {
    /// How many are drawn, in [`BEST_OF`].
    pub answers: u32,
    /// The reward model that chooses, on the base of the model that answers.
    pub reward_model_id: ModelVersionId,
}

/// Asks for an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateEvaluation {
    /// The model version to ask.
    pub model_version_id: ModelVersionId,
    /// The suite to ask; it must be locked.
    pub suite_id: SuiteId,
    /// The prompt before each input; absent for none. The browser proposes the model's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_version_id: Option<PromptVersionId>,
    /// How answers are generated.
    #[serde(default)]
    pub decoding: Decoding,
    /// Gives the best of several answers to each input, which needs a temperature; absent for one
    /// answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_of: Option<BestOf>,
}

impl CreateEvaluation {
    /// Whether a difference between the two can only come from what a report compares: model, prompt
    /// and the choice among several answers. Where that choice differs, so may the way in which
    /// answers are drawn, but never their greatest length.
    #[must_use]
    pub fn is_comparable_to(&self, other: &Self) -> bool {
        let (own, others) = (&self.decoding, &other.decoding);
        if self.best_of == other.best_of {
            own == others
        } else {
            own.max_new_tokens == others.max_new_tokens
        }
    }
}

/// One evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Evaluation {
    /// The evaluation.
    pub id: EvaluationId,
    /// From 1, without gaps in a project; names it in addresses.
    pub number: i64,
    /// Its job, to cancel it by.
    pub job_id: JobId,
    /// Where it stands.
    pub state: JobState,
    /// How far it is, from 0 to 1, once that is known.
    pub progress: Option<f64>,
    /// What it is doing, or why it failed.
    pub message: String,
    /// What was asked for.
    pub request: CreateEvaluation,
    /// The name and number of the model version, such as `intake-sft 2`.
    pub model_name: String,
    /// The name of the suite and its version, such as `Held out 1`.
    pub suite_name: String,
    /// The name and number of the prompt version, such as `Short 1`; empty for none.
    pub prompt_name: String,
    /// The name and number of the reward model that chooses among answers; empty for none.
    #[serde(default)]
    pub reward_model_name: String,
    /// What it found, once it is done.
    pub summary: Option<EvaluationSummary>,
    /// Who asked for it.
    pub created_by: Option<UserId>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

text_enum! {
    /// What kind of failure it is. It decides what to do about it.
    pub enum FailureCategory {
        /// The output does not have the form that was asked for.
        Format = "format",
        /// An instruction was not followed.
        InstructionFollowing = "instruction_following",
        /// The content is wrong or invented.
        Knowledge = "knowledge",
        /// A refusal where none was due, or the lack of one.
        Safety = "safety",
    }
}

/// A share, with the interval in which the true one lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rate {
    /// How many passed.
    pub passed: i64,
    /// Of how many.
    pub total: i64,
    /// The share, from 0 to 1; 0 of nothing is 0.
    pub rate: f64,
    /// The lower end of its 95 % Wilson interval.
    pub lower: f64,
    /// The upper end of its 95 % Wilson interval.
    pub upper: f64,
}

/// A share under a name: of a check, a clause or a slice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NamedRate {
    /// The name of the check, the key of the clause or the word of the slice.
    pub name: String,
    /// What a failure of the check is; absent for slices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<FailureCategory>,
    /// The share.
    #[serde(flatten)]
    pub rate: Rate,
}

/// How many failed items have a failure of a category. An item can count in several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CategoryCount {
    /// The category.
    pub category: FailureCategory,
    /// Failed items with a failed check of the category.
    pub items: i64,
}

/// What an evaluation found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvaluationSummary {
    /// Items that passed, by the suite's rule.
    pub passed: Rate,
    /// Failed items by category, in the order of the categories.
    pub failures: Vec<CategoryCount>,
    /// Every check over the items that have it, in the order of the suite.
    pub checks: Vec<NamedRate>,
    /// Every clause: items that pass all checks that test it.
    pub clauses: Vec<NamedRate>,
    /// Items that passed, by coverage.
    pub coverage: Vec<NamedRate>,
    /// Items that passed, by tag.
    pub tags: Vec<NamedRate>,
    /// The mean number of tokens of the rendered prompts.
    pub mean_prompt_tokens: f64,
    /// The mean number of tokens of the answers.
    pub mean_output_tokens: f64,
    /// The median time of an answer, in milliseconds, in batches as they were asked.
    pub median_latency_ms: f64,
    /// The 95th percentile of the same.
    pub p95_latency_ms: f64,
    /// Answers that were cut because they had as many tokens as they may.
    pub cut_off: i64,
    /// Seconds that all answers took together.
    pub seconds: f64,
}

/// One item with its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvaluationResult {
    /// Its place in the suite, from 0.
    pub position: i64,
    /// What was asked.
    pub item: SuiteItem,
    /// What the model answered.
    pub output: String,
    /// Whether it passed, by the suite's rule.
    pub passed: bool,
    /// The weighted share of passed checks.
    pub score: f64,
    /// Every check, the suite's first.
    pub checks: Vec<CheckResult>,
    /// The categories of the failed checks; empty if it passed.
    pub categories: Vec<FailureCategory>,
    /// The keys of the clauses whose checks failed.
    pub failed_clauses: Vec<String>,
    /// Tokens of the rendered prompt.
    pub prompt_tokens: i64,
    /// Tokens of the answer.
    pub output_tokens: i64,
    /// From the start of its batch to the end of the answer, in milliseconds.
    pub latency_ms: f64,
    /// Whether the answer was cut because it had as many tokens as it may.
    pub cut_off: bool,
    /// What the reward model gave the answer, where it chose it; absent of one that it could not read
    /// whole, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reward_score: Option<f64>,
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn evaluation(temperature: f64, max_new_tokens: u32, answers: Option<u32>) -> CreateEvaluation {
        let reward_model_id = Uuid::nil().into();
        CreateEvaluation {
            model_version_id: Uuid::nil().into(),
            suite_id: Uuid::nil().into(),
            prompt_version_id: None,
            decoding: Decoding {
                temperature,
                max_new_tokens,
                ..Decoding::default()
            },
            best_of: answers.map(|answers| BestOf {
                answers,
                reward_model_id,
            }),
        }
    }

    #[test]
    fn a_choice_among_answers_may_bring_its_own_temperature_but_no_longer_answers() {
        let greedy = evaluation(0.0, 256, None);
        assert!(greedy.is_comparable_to(&evaluation(0.8, 256, Some(8))));
        assert!(!greedy.is_comparable_to(&evaluation(0.8, 128, Some(8))));
        assert!(!greedy.is_comparable_to(&evaluation(0.8, 256, None)));
        let chosen = evaluation(0.8, 256, Some(8));
        assert!(!chosen.is_comparable_to(&evaluation(1.0, 256, Some(8))));
        assert!(chosen.is_comparable_to(&evaluation(1.0, 256, Some(4))));
    }
}
