//! Prompts that the model answers itself: at evaluations, and where it learns from rewards.

use rayon::prelude::*;
use serde_json::Value;
use shared::dataset::RowContent;
use shared::message::{Message, Speaker};

use super::rows::Row;
use super::tokens::{Encoder, TokenCounts, TokenizedRow};
use crate::error::Result;

/// What a row asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// What comes before the answer.
    pub prompt: &'a [Message],
    /// The row's own answer, of a pair the better one. A row with an unwanted answer says nothing of
    /// what to expect.
    pub expected: Option<String>,
}

impl<'a> Question<'a> {
    /// What a row asks, if it asks anything; of a conversation the last answer is left to the model.
    pub fn of(content: &'a RowContent) -> Option<Self> {
        let (prompt, expected) = match content {
            RowContent::Completion { prompt, completion }
            | RowContent::Preference {
                prompt,
                chosen: completion,
                ..
            }
            | RowContent::Unpaired {
                prompt,
                completion,
                desirable: true,
            } => (prompt.as_slice(), Some(completion.first()?)),
            RowContent::Unpaired { prompt, .. } => (prompt.as_slice(), None),
            RowContent::Conversation { messages } => {
                let is_answer = |message: &Message| message.role == Speaker::Assistant;
                let last = messages.iter().rposition(is_answer)?;
                (&messages[..last], Some(&messages[last]))
            }
            RowContent::Text { .. } => return None,
        };
        Some(Self {
            prompt,
            expected: expected.map(|message| message.content.clone()),
        })
    }

    /// The last thing that the user says.
    pub fn last_of_user(&self) -> String {
        let mut turns = self.prompt.iter().rev();
        turns
            .find(|message| message.role == Speaker::User)
            .map(|message| message.content.clone())
            .unwrap_or_default()
    }
}

/// A prompt as the engine takes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AskedRow {
    /// The tokens that ask for an answer. The only one that its mask marks is the last one, behind
    /// which answers are drawn.
    pub prompt: TokenizedRow,
    /// Its place in the given rows.
    pub source: usize,
    /// What checks compare an answer with; empty where the row does not say.
    pub expected: String,
}

/// Prompts for learning from rewards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenizedPrompts {
    /// The prompts that are left, in the order of the file.
    pub rows: Vec<AskedRow>,
    /// What happened to the others.
    pub counts: TokenCounts,
}

impl Encoder<'_> {
    /// All tokens of what a row asks, not cut. `None` for a row that asks nothing.
    pub fn asked(
        &self,
        content: &RowContent,
        tools: Option<&Value>,
    ) -> Result<Option<TokenizedRow>> {
        let Some(question) = Question::of(content) else {
            return Ok(None);
        };
        let tokens = self.prompt(question.prompt, tools)?;
        let last = tokens.len().saturating_sub(1);
        Ok(Some(TokenizedRow::learned_from(tokens, last)))
    }

    /// Tokenizes prompts. Rows that ask nothing, and prompts beyond the longest length, are dropped:
    /// half a question has another answer.
    pub fn prompts(&self, rows: &[Row]) -> Result<TokenizedPrompts> {
        let all = rows
            .par_iter()
            .map(|row| self.asked(&row.content, row.tools.as_ref()));
        let mut data = TokenizedPrompts::default();
        for (source, prompt) in all.collect::<Result<Vec<_>>>()?.into_iter().enumerate() {
            let fitting = prompt.filter(|prompt| {
                let length = prompt.tokens.len();
                length > 1 && length <= self.max_length()
            });
            let Some(prompt) = fitting else {
                data.counts.dropped += 1;
                continue;
            };
            let question = Question::of(&rows[source].content);
            data.rows.push(AskedRow {
                prompt,
                source,
                expected: question.and_then(|one| one.expected).unwrap_or_default(),
            });
        }
        Ok(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(line: &str) -> Option<(usize, Option<String>, String)> {
        let row = Row::parse(1, line).unwrap();
        let question = Question::of(&row.content)?;
        let last = question.last_of_user();
        Some((question.prompt.len(), question.expected, last))
    }

    #[test]
    fn every_row_but_text_asks_something() {
        let some = |text: &str| Some(text.to_owned());
        let found = question(r#"{"prompt": "a", "completion": "b"}"#).unwrap();
        assert_eq!(found, (1, some("b"), "a".to_owned()));
        let found = question(r#"{"prompt": "a", "chosen": "b", "rejected": "c"}"#).unwrap();
        assert_eq!(found.1, some("b"));
        let found = question(r#"{"prompt": "a", "completion": "b", "label": false}"#).unwrap();
        assert_eq!(found.1, None, "an unwanted answer is not expected");
        let turns = r#"{"messages": [{"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"},
            {"role": "assistant", "content": "d"}]}"#;
        let found = question(turns).unwrap();
        assert_eq!(found, (3, some("d"), "c".to_owned()));
        let text = RowContent::Text { text: "a".into() };
        assert_eq!(Question::of(&text), None);
    }
}
