//! Automatic checks: what an output must look like to satisfy a clause or pass a suite's item.
//!
//! The definitions are here, because the browser edits them; the crate `checks` evaluates them.
//!
//! # Adding a check
//! 1. Add a variant to [`CheckKind`] with a sentence on what passes; add it to [`CheckKind::label`].
//! 2. Evaluate it in the crate `checks`, with a test for passing, failing and unusable parameters.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One named check, with its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Check {
    /// Unique in its list; names the check in results.
    pub name: String,
    /// What is looked at.
    #[serde(flatten)]
    pub kind: CheckKind,
    /// Turns the verdict round: passes where the plain check fails.
    #[serde(default, skip_serializing_if = "is_false")]
    pub negate: bool,
    /// How much it counts in a weighted score.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: f64,
    /// The key of the clause that it tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
}

/// The kinds of check and their parameters.
///
/// Where a kind has a `pointer` (RFC 6901), it looks at that value of the output read as JSON
/// instead of the whole text; an output that is no JSON, or lacks the value, fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CheckKind {
    /// The whole output is one JSON value.
    ValidJson {},
    /// The output satisfies a JSON Schema (draft 2020-12).
    JsonSchema {
        /// The schema.
        schema: Value,
    },
    /// The output is a JSON object with at least these keys.
    RequiredKeys {
        /// The keys.
        keys: Vec<String>,
    },
    /// The value is one of a fixed set.
    FixedSet {
        /// Where to look.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pointer: Option<String>,
        /// The allowed texts.
        values: Vec<String>,
    },
    /// A regular expression is found; negate it for a text that must not match.
    Regex {
        /// Where to look.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pointer: Option<String>,
        /// The expression, without look-around.
        pattern: String,
    },
    /// Words and phrases that must, or must not, occur; case does not matter.
    Keywords {
        /// Where to look.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pointer: Option<String>,
        /// At least one of these occurs.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        any_of: Vec<String>,
        /// All of these occur.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        all_of: Vec<String>,
        /// None of these occurs.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        none_of: Vec<String>,
    },
    /// The number of question marks is within bounds.
    QuestionCount {
        /// Where to look.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pointer: Option<String>,
        /// At least this many.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<u32>,
        /// At most this many.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<u32>,
    },
    /// The output declines the request; negate it for over-refusal suites.
    Refusal {},
    /// The trimmed output equals a text: the given one, or else the item's expected one.
    ExactMatch {
        /// The text; absent means the item's expected output.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expected: Option<String>,
        /// Whether case is ignored.
        #[serde(default, skip_serializing_if = "is_false")]
        ignore_case: bool,
    },
    /// The value at a pointer equals the one at the same pointer of the item's expected output.
    PointerEquals {
        /// Where to look, in both.
        pointer: String,
    },
    /// The list at a pointer, taken as a set, has at least this F1 against the expected one.
    ListF1 {
        /// Where to look, in both.
        pointer: String,
        /// The least F1 that passes, from 0 to 1.
        threshold: f64,
    },
    /// Every text below a pointer occurs in the item's input: nothing is invented.
    GroundedEntities {
        /// Where to look.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pointer: Option<String>,
    },
    /// The length is within bounds.
    Length {
        /// Where to look.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pointer: Option<String>,
        /// What is counted.
        unit: LengthUnit,
        /// At least this many.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min: Option<u32>,
        /// At most this many.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max: Option<u32>,
    },
}

text_enum! {
    /// What a length check counts.
    pub enum LengthUnit {
        /// Unicode scalar values.
        Characters = "characters",
        /// Runs of text between white space.
        Words = "words",
        /// Tokens of the evaluated model's tokenizer.
        Tokens = "tokens",
    }
}

impl CheckKind {
    /// The name of the kind, as in JSON.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::ValidJson {} => "valid_json",
            Self::JsonSchema { .. } => "json_schema",
            Self::RequiredKeys { .. } => "required_keys",
            Self::FixedSet { .. } => "fixed_set",
            Self::Regex { .. } => "regex",
            Self::Keywords { .. } => "keywords",
            Self::QuestionCount { .. } => "question_count",
            Self::Refusal {} => "refusal",
            Self::ExactMatch { .. } => "exact_match",
            Self::PointerEquals { .. } => "pointer_equals",
            Self::ListF1 { .. } => "list_f1",
            Self::GroundedEntities { .. } => "grounded_entities",
            Self::Length { .. } => "length",
        }
    }
}

/// How the checks of an item decide whether it passed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum PassRule {
    /// Every check passes.
    AllChecks,
    /// The weighted share of passed checks reaches a threshold.
    WeightedScore {
        /// The least share that passes, from 0 to 1.
        threshold: f64,
    },
}

/// The verdict of one check on one output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckResult {
    /// The check's name.
    pub name: String,
    /// Whether it passed, negation applied.
    pub passed: bool,
    /// From 0 to 1 where the check has degrees, such as an F1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Why it failed, or what was found, for a person.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
fn is_false(value: &bool) -> bool {
    !value
}

const fn one() -> f64 {
    1.0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    clippy::float_cmp,
    reason = "serde's signature; the default is exact"
)]
fn is_one(value: &f64) -> bool {
    *value == 1.0
}
