//! One file for each kind of check.
//!
//! What must not go in: negation, names and weights, which are the same for all kinds.

use std::fmt::Debug;

use shared::check::CheckKind;

use crate::error::Unusable;
use crate::finding::{Evaluation, Unreadable};
use crate::reading::Reading;

mod bounds;
mod exact_match;
mod fixed_set;
mod grounded_entities;
mod json_schema;
mod keywords;
mod length;
mod list_f1;
mod pointer_equals;
mod question_count;
mod refusal;
mod regex;
mod required_keys;
mod same;
mod valid_json;

/// A check with its parameters prepared.
pub(crate) trait Evaluate: Debug + Send + Sync {
    /// What the plain check finds.
    fn evaluate(&self, reading: &Reading<'_>) -> Evaluation;

    /// Whether the item's expected output has what is compared with.
    fn check_expected(&self, _reading: &Reading<'_>) -> Result<(), Unreadable> {
        Ok(())
    }
}

/// Prepares a check of any kind.
pub(crate) fn prepare(kind: &CheckKind) -> Result<Box<dyn Evaluate>, Unusable> {
    Ok(match kind {
        CheckKind::ValidJson {} => Box::new(valid_json::ValidJson),
        CheckKind::JsonSchema { schema } => Box::new(json_schema::JsonSchema::new(schema)?),
        CheckKind::RequiredKeys { keys } => Box::new(required_keys::RequiredKeys::new(keys)?),
        CheckKind::FixedSet { pointer, values } => {
            Box::new(fixed_set::FixedSet::new(pointer.as_ref(), values)?)
        }
        CheckKind::Regex { pointer, pattern } => {
            Box::new(regex::Expression::new(pointer.as_ref(), pattern)?)
        }
        CheckKind::Keywords {
            pointer,
            any_of,
            all_of,
            none_of,
        } => Box::new(keywords::Keywords::new(
            pointer.as_ref(),
            any_of,
            all_of,
            none_of,
        )?),
        CheckKind::QuestionCount { pointer, min, max } => Box::new(
            question_count::QuestionCount::new(pointer.as_ref(), *min, *max)?,
        ),
        CheckKind::Refusal {} => Box::new(refusal::Refusal),
        CheckKind::ExactMatch {
            expected,
            ignore_case,
        } => Box::new(exact_match::ExactMatch::new(
            expected.as_deref(),
            *ignore_case,
        )),
        CheckKind::PointerEquals { pointer } => {
            Box::new(pointer_equals::PointerEquals::new(pointer)?)
        }
        CheckKind::ListF1 { pointer, threshold } => {
            Box::new(list_f1::ListF1::new(pointer, *threshold)?)
        }
        CheckKind::GroundedEntities { pointer } => {
            Box::new(grounded_entities::GroundedEntities::new(pointer.as_ref())?)
        }
        CheckKind::Length {
            pointer,
            unit,
            min,
            max,
        } => Box::new(length::Length::new(pointer.as_ref(), *unit, *min, *max)?),
    })
}
