//! Two answers to one prompt, in all the forms that files have them: answers alone, or both with
//! the prompt repeated in front, with or without a column of the prompt. Beside them may stand what
//! was said of the two.

use serde_json::Value;
use shared::{
    dataset::RowField,
    message::{Message, Speaker},
};

use super::turns;

/// Columns that may stand beside the answers of a pair: those of a group all or none.
pub const BESIDE: &[&[(RowField, &str)]] = &[
    &[
        (RowField::VotesChosen, "votes_chosen"),
        (RowField::VotesRejected, "votes_rejected"),
    ],
    &[(RowField::Margin, "margin")],
];

/// What both answers are to, and the two of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// What comes before the answers.
    pub prompt: Vec<Message>,
    /// The better one.
    pub chosen: Vec<Message>,
    /// The worse one.
    pub rejected: Vec<Message>,
}

/// Makes a pair of a prompt, which may be empty, and the values of the two answers.
pub fn read(prompt: Vec<Message>, chosen: &Value, rejected: &Value) -> Result<Pair, String> {
    let implicit = prompt.is_empty();
    let mut chosen = read_side("chosen", chosen, implicit)?;
    let mut rejected = read_side("rejected", rejected, implicit)?;
    let mut shared = shared_length(&chosen, &rejected);
    let repeated = chosen.starts_with(&prompt) && rejected.starts_with(&prompt);
    if repeated {
        shared = shared.max(prompt.len());
    }
    let beginning: Vec<Message> = chosen.drain(..shared.min(chosen.len())).collect();
    rejected.drain(..shared.min(rejected.len()));
    let prompt = if repeated || beginning.ends_with(&prompt) {
        beginning
    } else {
        prompt.into_iter().chain(beginning).collect()
    };
    Ok(Pair {
        prompt,
        chosen,
        rejected,
    })
}

fn read_side(name: &str, value: &Value, implicit: bool) -> Result<Vec<Message>, String> {
    let named = |why: String| format!("`{name}` {why}");
    match value {
        Value::String(text) if implicit => turns::read_transcript(text).ok_or_else(|| {
            format!(
                "`{name}` is a text without turns (`Human:`, `Assistant:`): choose the column of \
                 the prompt"
            )
        }),
        _ => turns::read(value, Speaker::Assistant).map_err(named),
    }
}

/// How many turns both sides begin with, leaving an answer of the assistant on each.
fn shared_length(chosen: &[Message], rejected: &[Message]) -> usize {
    let alike = chosen
        .iter()
        .zip(rejected)
        .take_while(|(a, b)| a == b)
        .count();
    let longest = alike
        .min(chosen.len().saturating_sub(1))
        .min(rejected.len().saturating_sub(1));
    // The answers begin with the assistant's turn.
    (0..=longest)
        .rev()
        .find(|at| {
            chosen
                .get(*at)
                .is_some_and(|turn| turn.role == Speaker::Assistant)
        })
        .unwrap_or(longest)
}

/// A number, or the text of one.
pub fn read_number(value: &Value) -> Result<f64, String> {
    let text = turns::read_text(value)?;
    let number = text.trim().parse::<f64>().ok();
    number
        .filter(|number| number.is_finite())
        .ok_or_else(|| format!("is `{text}`: it must be a number"))
}

/// A whole number from zero up, or the text of one; tables may write it with a point.
pub fn read_count(value: &Value) -> Result<u32, String> {
    let number = read_number(value)?;
    let digits = (number.fract() == 0.0).then(|| format!("{number:.0}"));
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| format!("is {number}: it must be a whole number from 0 up"))
}
