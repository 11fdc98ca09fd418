//! Regression reports: a candidate against a baseline, over suites whose goals and guards were set
//! before. A report is a frozen snapshot of its numbers.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    check::CheckResult,
    coverage::Coverage,
    evaluation::{Decoding, Rate},
    ids::{EvaluationId, ModelVersionId, PromptVersionId, ReportId, ShareLinkId, SuiteId, UserId},
    suite::{Gate, SuiteKind},
};

/// The most days that a share link may live.
pub const MAX_SHARE_DAYS: u32 = 365;

/// Compares two models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateReport {
    /// What to call it.
    pub name: String,
    /// The evaluations to compare, a suite each. All baselines are of one model version with one
    /// prompt, and so are all candidates.
    pub pairs: Vec<EvaluationPair>,
    /// The keys of clauses that are tested on their own, besides the suites.
    #[serde(default)]
    pub clauses: Vec<String>,
}

/// Two finished evaluations of one suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EvaluationPair {
    /// The baseline's.
    pub baseline: EvaluationId,
    /// The candidate's.
    pub candidate: EvaluationId,
}

/// A report as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportSummary {
    /// The report.
    pub id: ReportId,
    /// From 1, without gaps in a project; names it in addresses.
    pub number: i64,
    /// What people call it.
    pub name: String,
    /// Whether every gate was passed.
    pub passed: bool,
    /// The verdict in one sentence.
    pub verdict: String,
    /// The candidate, which a passed report lets into production.
    pub candidate_id: ModelVersionId,
    /// The name and number of the baseline.
    pub baseline_name: String,
    /// The name and number of the candidate.
    pub candidate_name: String,
    /// From how many answers a reward model chose the candidate's, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate_best_of: Option<u32>,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: DateTime<Utc>,
}

impl ReportSummary {
    /// Whether it lets the candidate into production as it is. What a reward model chose from several
    /// answers says nothing of a model that is asked once.
    #[must_use]
    pub const fn allows_promotion(&self) -> bool {
        self.passed && self.candidate_best_of.is_none()
    }
}

/// A report with its numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Report {
    /// What lists show.
    #[serde(flatten)]
    pub summary: ReportSummary,
    /// The numbers, as they were when it was made.
    pub snapshot: ReportSnapshot,
}

/// Everything that a report says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportSnapshot {
    /// The name of the project.
    pub project_name: String,
    /// What is in production, or would be without training.
    pub baseline: Subject,
    /// What may replace it.
    pub candidate: Subject,
    /// How answers were generated.
    pub decoding: Decoding,
    /// How the baseline's were, where that is not the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_decoding: Option<Decoding>,
    /// What got better, what got worse, and what could not be decided, a sentence each.
    pub findings: Vec<ReportFinding>,
    /// The suites, domain first.
    pub suites: Vec<SuiteComparison>,
    /// The clauses that were named.
    pub clauses: Vec<ClauseComparison>,
    /// The confidence level of all intervals, such as 0.95.
    pub confidence: f64,
    /// How many hypotheses the correction for multiplicity covers.
    pub hypotheses: i64,
}

/// One of the two that are compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Subject {
    /// The model version.
    pub model_version_id: ModelVersionId,
    /// Its name and number.
    pub model_name: String,
    /// What it is, in a few words.
    pub description: String,
    /// The SHA-256 of its weights, in hexadecimal.
    pub content_hash: String,
    /// The prompt it was asked with.
    pub prompt_version_id: Option<PromptVersionId>,
    /// The name and number of the prompt; empty for none.
    pub prompt_name: String,
    /// Where an adapter comes from, such as `run 3 on intake 2`; empty for a base.
    pub lineage: String,
    /// How its answers were chosen from several; absent for one answer to each input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<ChoiceOfAnswers>,
}

impl Subject {
    /// The model version, and how its answers were chosen, such as `intake 1 (best of 8 by judge 1)`.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.choice {
            Some(choice) => format!("{} ({choice})", self.model_name),
            None => self.model_name.clone(),
        }
    }
}

/// How answers were chosen from several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChoiceOfAnswers {
    /// How many were drawn to each input.
    pub answers: u32,
    /// The name and number of the reward model that chose.
    pub reward_model_name: String,
}

impl std::fmt::Display for ChoiceOfAnswers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "best of {} by {}",
            self.answers, self.reward_model_name
        )
    }
}

text_enum! {
    /// What a finding says.
    pub enum Direction {
        /// Better than the baseline, beyond chance.
        Better = "better",
        /// Worse than the baseline, beyond chance, or a guard that was not kept.
        Worse = "worse",
        /// The suite is too small, or the difference too slight, to tell.
        Undecided = "undecided",
        /// A guard that was kept, or a goal that was reached.
        Kept = "kept",
    }
}

/// One sentence of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportFinding {
    /// What it says.
    pub direction: Direction,
    /// The sentence, with counts and interval.
    pub sentence: String,
}

/// A difference of two rates on the same items, candidate minus baseline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PairedDifference {
    /// The difference, from -1 to 1.
    pub estimate: f64,
    /// The lower end of its interval (Tango 1998).
    pub lower: f64,
    /// The upper end of its interval.
    pub upper: f64,
    /// Items that the baseline failed and the candidate passes.
    pub fixed: i64,
    /// Items that the baseline passed and the candidate fails.
    pub broken: i64,
    /// The p-value of the exact McNemar test.
    pub p_value: f64,
    /// The same after Holm's correction; absent where nothing is decided on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected_p_value: Option<f64>,
}

/// What a gate came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GateOutcome {
    /// Whether it was passed.
    pub passed: bool,
    /// Why, with the numbers that decided it.
    pub sentence: String,
}

/// What one side spent on a suite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Spending {
    /// The mean number of tokens of the rendered prompts.
    pub mean_prompt_tokens: f64,
    /// The mean number of tokens of the answers.
    pub mean_output_tokens: f64,
    /// The median time of an answer, in milliseconds.
    pub median_latency_ms: f64,
}

/// A suite, compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SuiteComparison {
    /// The suite.
    pub suite_id: SuiteId,
    /// Its name and version.
    pub name: String,
    /// What it guards.
    pub kind: SuiteKind,
    /// The evaluations.
    pub evaluations: EvaluationPair,
    /// The goal or the guard, as it was locked.
    pub gate: Gate,
    /// What it came to.
    pub outcome: GateOutcome,
    /// The baseline's pass rate.
    pub baseline: Rate,
    /// The candidate's pass rate.
    pub candidate: Rate,
    /// The difference.
    pub difference: PairedDifference,
    /// The smallest true difference that so many items would show with a power of 0.8; absent where
    /// it cannot be computed.
    pub smallest_detectable: Option<f64>,
    /// Every check.
    pub checks: Vec<SliceComparison>,
    /// Items by coverage and by tag.
    pub slices: Vec<SliceComparison>,
    /// What the baseline spent.
    pub baseline_spending: Spending,
    /// What the candidate spent.
    pub candidate_spending: Spending,
    /// Items that the baseline passed and the candidate fails.
    pub broken: Vec<ComparedItem>,
    /// Items that the baseline failed and the candidate passes.
    pub fixed: Vec<ComparedItem>,
}

/// A part of a suite, compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SliceComparison {
    /// The name of the check, the coverage or the tag.
    pub name: String,
    /// The baseline's rate.
    pub baseline: Rate,
    /// The candidate's rate.
    pub candidate: Rate,
    /// The difference.
    pub difference: PairedDifference,
}

/// A clause, compared over the items of all suites that test it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClauseComparison {
    /// The key of the clause.
    pub key: String,
    /// Its text.
    pub text: String,
    /// The baseline's rate.
    pub baseline: Rate,
    /// The candidate's rate.
    pub candidate: Rate,
    /// The difference.
    pub difference: PairedDifference,
}

/// An item that the two answered differently well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ComparedItem {
    /// Its name in the suite.
    pub key: String,
    /// What was asked.
    pub input: String,
    /// The ideal output, as text; empty where the suite has none.
    pub expected: String,
    /// What kind of case it is.
    pub coverage: Coverage,
    /// What the baseline answered.
    pub baseline_output: String,
    /// What the candidate answered.
    pub candidate_output: String,
    /// The checks that failed on the side that failed.
    pub failed_checks: Vec<CheckResult>,
}

/// Makes a read-only link to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateShareLink {
    /// After how many days it ends, 1 to [`MAX_SHARE_DAYS`].
    pub days: u32,
}

/// A read-only link to a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShareLink {
    /// The link.
    pub id: ShareLinkId,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// A link that was just made. Its address is told only once, because only its hash is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedShareLink {
    /// The link.
    #[serde(flatten)]
    pub link: ShareLink,
    /// Its path on this server, such as `/share/…`.
    pub path: String,
}
