//! The behaviour spec: a versioned list of observable clauses.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    check::Check,
    error::FieldError,
    ids::{SpecVersionId, UserId},
};

/// The most clauses of one version.
pub const MAX_CLAUSES: usize = 200;

text_enum! {
    /// What a clause is about; failures are counted by it.
    pub enum ClauseKind {
        /// The form of the output.
        Format = "format",
        /// What the output must do with the request.
        Instruction = "instruction",
        /// What is true.
        Knowledge = "knowledge",
        /// What must never happen.
        Safety = "safety",
        /// How it reads.
        Style = "style",
    }
}

text_enum! {
    /// How much a clause matters.
    pub enum Priority {
        /// A model that breaks it is not shipped.
        Must = "must",
        /// Wanted, weighed against others.
        Should = "should",
        /// Nice to have.
        Could = "could",
    }
}

/// One observable rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Clause {
    /// Its name across versions, such as `grounded-entities`: lower-case words joined by hyphens.
    pub key: String,
    /// The rule, for people.
    pub text: String,
    /// What it is about.
    pub kind: ClauseKind,
    /// How much it matters.
    pub priority: Priority,
    /// Outputs that keep it.
    #[serde(default)]
    pub good_examples: Vec<Example>,
    /// Outputs that break it.
    #[serde(default)]
    pub bad_examples: Vec<Example>,
    /// What can be decided without a person.
    #[serde(default)]
    pub checks: Vec<Check>,
}

/// An output that keeps or breaks a clause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Example {
    /// What was asked.
    #[serde(default)]
    pub input: String,
    /// What was answered.
    pub output: String,
    /// Why it keeps or breaks the clause.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

/// One immutable version of a spec.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpecVersion {
    /// What it is, without its clauses.
    #[serde(flatten)]
    pub summary: SpecVersionSummary,
    /// The clauses, in their order.
    pub clauses: Vec<Clause>,
}

/// A version in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpecVersionSummary {
    /// The version.
    pub id: SpecVersionId,
    /// From 1, without gaps in a project.
    pub number: i64,
    /// Why it was made.
    pub note: String,
    /// How many clauses it has.
    pub clause_count: i64,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// Makes the next version of a spec.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateSpecVersion {
    /// The version that was edited; absent for the first one. If another has been made since, the
    /// request is refused, so that nobody's edit is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub based_on: Option<i64>,
    /// Why it is made.
    #[serde(default)]
    pub note: String,
    /// All clauses, in their order.
    pub clauses: Vec<Clause>,
}

/// What differs between two versions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpecComparison {
    /// Clauses that only the later version has.
    pub added: Vec<Clause>,
    /// Clauses that only the earlier version has.
    pub removed: Vec<Clause>,
    /// Clauses that both have, with differences.
    pub changed: Vec<ClauseChange>,
    /// How many clauses are the same.
    pub unchanged: usize,
}

/// One clause in two versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClauseChange {
    /// The names of the fields that differ.
    pub fields: Vec<String>,
    /// The clause in the earlier version.
    pub before: Clause,
    /// The clause in the later version.
    pub after: Clause,
}

/// Compares two versions by the keys of their clauses.
#[must_use]
pub fn compare(before: &[Clause], after: &[Clause]) -> SpecComparison {
    let old: BTreeMap<&str, &Clause> = before.iter().map(|c| (c.key.as_str(), c)).collect();
    let kept: BTreeMap<&str, &Clause> = after.iter().map(|c| (c.key.as_str(), c)).collect();
    let mut comparison = SpecComparison::default();
    for clause in after {
        match old.get(clause.key.as_str()) {
            None => comparison.added.push(clause.clone()),
            Some(&earlier) if earlier == clause => comparison.unchanged += 1,
            Some(&earlier) => comparison.changed.push(ClauseChange {
                fields: changed_fields(earlier, clause),
                before: earlier.clone(),
                after: clause.clone(),
            }),
        }
    }
    let removed = before
        .iter()
        .filter(|clause| !kept.contains_key(clause.key.as_str()));
    comparison.removed = removed.cloned().collect();
    comparison
}

fn changed_fields(before: &Clause, after: &Clause) -> Vec<String> {
    let differences = [
        ("text", before.text != after.text),
        ("kind", before.kind != after.kind),
        ("priority", before.priority != after.priority),
        ("good_examples", before.good_examples != after.good_examples),
        ("bad_examples", before.bad_examples != after.bad_examples),
        ("checks", before.checks != after.checks),
    ];
    differences
        .iter()
        .filter(|(_, differs)| *differs)
        .map(|(name, _)| (*name).to_owned())
        .collect()
}

/// What is wrong with the clauses of a version, apart from the parameters of their checks.
#[must_use]
pub fn validate(clauses: &[Clause]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if clauses.is_empty() || clauses.len() > MAX_CLAUSES {
        errors.push(FieldError::new(
            "clauses",
            format!("must be 1 to {MAX_CLAUSES}"),
        ));
    }
    for (index, clause) in clauses.iter().enumerate() {
        if !is_key(&clause.key) {
            let message = "must be lower-case words joined by hyphens, such as `one-question`";
            errors.push(FieldError::new(format!("clauses.{index}.key"), message));
        } else if clauses[..index]
            .iter()
            .any(|earlier| earlier.key == clause.key)
        {
            let message = format!("`{}` names an earlier clause already", clause.key);
            errors.push(FieldError::new(format!("clauses.{index}.key"), message));
        }
        if clause.text.trim().is_empty() {
            let message = "must say what can be observed";
            errors.push(FieldError::new(format!("clauses.{index}.text"), message));
        }
    }
    errors
}

/// Whether a text can be a clause's key: at most 60 characters of lower-case words and hyphens.
#[must_use]
pub fn is_key(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    text.len() <= 60 && text.split('-').all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clause(key: &str, text: &str) -> Clause {
        Clause {
            key: key.to_owned(),
            text: text.to_owned(),
            kind: ClauseKind::Format,
            priority: Priority::Must,
            good_examples: Vec::new(),
            bad_examples: Vec::new(),
            checks: Vec::new(),
        }
    }

    #[test]
    fn versions_are_compared_by_the_keys_of_their_clauses() {
        let before = [clause("a", "one"), clause("b", "two"), clause("c", "three")];
        let after = [clause("c", "three"), clause("b", "2"), clause("d", "four")];
        let comparison = compare(&before, &after);
        assert_eq!(comparison.added, [clause("d", "four")]);
        assert_eq!(comparison.removed, [clause("a", "one")]);
        assert_eq!(comparison.changed[0].fields, ["text"]);
        assert_eq!(comparison.unchanged, 1);
    }

    #[test]
    fn a_refused_clause_is_named_by_its_place() {
        let errors = validate(&[
            clause("ok-1", "x"),
            clause("Not ok", " "),
            clause("ok-1", "y"),
        ]);
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["clauses.1.key", "clauses.1.text", "clauses.2.key"]);
        assert_eq!(validate(&[])[0].field, "clauses");
    }
}
