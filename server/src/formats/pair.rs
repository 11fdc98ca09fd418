//! Two answers to one prompt, in all the forms that files have them: answers alone, or both with
//! the prompt repeated in front, with or without a column of the prompt.

use serde_json::Value;
use shared::{
    dataset::RowContent,
    message::{Message, Speaker},
};

use super::turns;

/// Makes a preference of a prompt, which may be empty, and the values of the two answers.
pub fn read(prompt: Vec<Message>, chosen: &Value, rejected: &Value) -> Result<RowContent, String> {
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
    Ok(RowContent::Preference {
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
