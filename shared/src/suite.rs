//! Held-out suites: items with checks, locked before anything is trained.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    check::{Check, PassRule},
    coverage::Coverage,
    ids::{SuiteId, SuiteItemId},
};

/// The most items of one suite.
pub const MAX_SUITE_ITEMS: usize = 20_000;

text_enum! {
    /// What a suite guards.
    pub enum SuiteKind {
        /// The behaviour that is taught.
        Domain = "domain",
        /// What the model could do before and should not forget.
        GeneralAbility = "general_ability",
        /// Harmless requests that must not be refused.
        OverRefusal = "over_refusal",
        /// Noisy and broken inputs.
        Robustness = "robustness",
    }
}

/// What must be true of a candidate on a suite before it may replace the baseline. It is set with
/// the suite, and locked with it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Gate {
    /// The candidate must be good.
    Goal {
        /// The least share of passed items, from 0 to 1; absent for any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min_rate: Option<f64>,
        /// Whether the interval of the paired difference must lie above zero.
        must_improve: bool,
    },
    /// The candidate must not be worse: the lower end of the interval of the paired difference
    /// lies above minus the margin.
    Guard {
        /// The loss that would be tolerated, from 0 to 1.
        margin: f64,
    },
}

impl Gate {
    /// What a suite of a kind is usually held to: better in its domain, and at most five points
    /// worse elsewhere.
    #[must_use]
    pub const fn usual(kind: SuiteKind) -> Self {
        match kind {
            SuiteKind::Domain => Self::Goal {
                min_rate: None,
                must_improve: true,
            },
            _ => Self::Guard { margin: 0.05 },
        }
    }
}

/// A version of a suite. It can be changed until it is locked, and then never again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Suite {
    /// The version.
    pub id: SuiteId,
    /// The suite's name across versions: lower-case words joined by hyphens or underscores.
    pub key: String,
    /// From 1, without gaps.
    pub version: i64,
    /// What people call it.
    pub name: String,
    /// What it guards.
    pub kind: SuiteKind,
    /// When an item counts as passed.
    pub pass_rule: PassRule,
    /// What a candidate is held to.
    pub gate: Gate,
    /// Checks that every item has, besides its own.
    pub checks: Vec<Check>,
    /// How many items it has.
    pub item_count: i64,
    /// Since when it cannot be changed.
    pub locked_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// One case of a suite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SuiteItem {
    /// The item.
    pub id: SuiteItemId,
    /// What it asks and expects.
    #[serde(flatten)]
    pub content: SuiteItemContent,
}

/// What an item asks and expects. In files and requests it has this form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SuiteItemContent {
    /// Its name in the suite, such as `d001`; unique.
    #[serde(alias = "id")]
    pub key: String,
    /// What the user writes.
    pub input: String,
    /// The ideal output: a text, or JSON that the output should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    /// What kind of case it is.
    pub coverage: Coverage,
    /// The keys of the clauses that it tests.
    #[serde(default)]
    pub clauses: Vec<String>,
    /// Words to group it by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Checks that only this item has.
    #[serde(default)]
    pub checks: Vec<Check>,
}

/// Makes a suite, or the next version of one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateSuite {
    /// The suite's name across versions. One that exists gets its next version.
    pub key: String,
    /// What people call it.
    pub name: String,
    /// What it guards.
    pub kind: SuiteKind,
    /// When an item counts as passed.
    pub pass_rule: PassRule,
    /// What a candidate is held to; absent takes [`Gate::usual`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// Checks that every item has, besides its own.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// The items, in their order.
    pub items: Vec<SuiteItemContent>,
}
