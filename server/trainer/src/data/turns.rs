//! Which tokens of a conversation the assistant says.

use std::ops::Range;

use serde_json::Value;
use shared::message::{Message, Speaker};

use super::tokens::{Encoder, TokenizedRow, common_prefix, with_system};
use crate::error::{Result, TrainerError};

impl Encoder<'_> {
    pub(super) fn conversation(
        &self,
        messages: &[Message],
        tools: Option<&Value>,
    ) -> Result<TokenizedRow> {
        self.turns(&with_system(messages, self.system_prompt), tools)
    }

    /// All tokens of a conversation as it is; those of the assistant's turns are learned.
    pub(super) fn turns(
        &self,
        messages: &[Message],
        tools: Option<&Value>,
    ) -> Result<TokenizedRow> {
        if self.template.marks_assistant() {
            self.marked_turns(messages, tools)
        } else {
            self.turns_by_prefix(messages, tools)
        }
    }

    /// Turns of the assistant where the template marks them.
    fn marked_turns(&self, messages: &[Message], tools: Option<&Value>) -> Result<TokenizedRow> {
        let rendered = self.template.render_with(messages, tools, false)?;
        let tokens = self.tokenizer.encode_with_spans(&rendered.text)?;
        let overlaps = |token: &Range<usize>| {
            let mut said = rendered.assistant.iter();
            said.any(|said| token.start < said.end && said.start < token.end)
        };
        let loss_mask = tokens.iter().map(|(_, span)| overlaps(span)).collect();
        let tokens = tokens.into_iter().map(|(id, _)| id).collect();
        Ok(TokenizedRow { tokens, loss_mask }.without_first())
    }

    /// Turns of the assistant as what each one adds to the conversation before it.
    fn turns_by_prefix(&self, messages: &[Message], tools: Option<&Value>) -> Result<TokenizedRow> {
        let tokens = self.render(messages, tools, false)?;
        let mut loss_mask = vec![false; tokens.len()];
        for (turn, message) in messages.iter().enumerate() {
            if message.role != Speaker::Assistant {
                continue;
            }
            let asked = self.render(&messages[..turn], tools, true)?;
            let start = common_prefix(&asked, &tokens);
            let end = if turn + 1 == messages.len() {
                tokens.len()
            } else {
                let answered = self.render(&messages[..=turn], tools, false)?;
                common_prefix(&answered, &tokens)
            };
            let is_said = !message.content.is_empty() || message.other.contains_key("tool_calls");
            if end <= start && is_said {
                return Err(TrainerError::Template(format!(
                    "it writes the answer of turn {} differently inside a conversation than at its \
                     end, as templates with thinking do, so that what is learned there cannot be \
                     told; make it a row with a prompt and one completion",
                    turn + 1
                )));
            }
            loss_mask[start.min(end)..end].fill(true);
        }
        Ok(TokenizedRow { tokens, loss_mask }.without_first())
    }
}
