//! Where a project stands in its loop, and what to do next.

use serde::{Deserialize, Serialize};

text_enum! {
    /// A step of the loop, in its order.
    pub enum Step {
        /// The behaviour is described.
        Spec = "spec",
        /// Rows to learn from.
        Data = "data",
        /// Held-out suites.
        Suites = "suites",
        /// The prompts.
        Prompts = "prompts",
        /// Pairs to judge.
        Queues = "queues",
        /// Training runs.
        Runs = "runs",
        /// Evaluations.
        Evaluations = "evaluations",
        /// Regression reports.
        Reports = "reports",
        /// Model versions and production.
        Models = "models",
    }
}

text_enum! {
    /// How a step stands.
    pub enum StepState {
        /// There is nothing yet.
        Empty = "empty",
        /// Something is under way or waits for people.
        Open = "open",
        /// It holds what later steps need.
        Done = "done",
    }
}

/// A step with what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepSummary {
    /// The step.
    pub step: Step,
    /// How it stands.
    pub state: StepState,
    /// What it holds, such as `v3, 14 clauses`.
    pub summary: String,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NextStep {
    /// Where.
    pub step: Step,
    /// What, in a sentence, and why.
    pub sentence: String,
}

/// A project's loop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Overview {
    /// Every step, in the order of the loop.
    pub steps: Vec<StepSummary>,
    /// What to do next; absent when nothing is open.
    pub next: Option<NextStep>,
    /// The name and number of the model version in production.
    pub production: Option<String>,
    /// The verdict of the newest report.
    pub verdict: Option<String>,
}
