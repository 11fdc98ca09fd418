//! What the model sees of a row, token by token, for people to look at.

use serde::Serialize;

use super::TokenizedRow;
use crate::error::Result;
use crate::model::TextTokenizer;

/// One token of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PreviewToken {
    /// Its id.
    pub id: u32,
    /// Its text. A character that several tokens share stands at the last of them.
    pub text: String,
    /// Whether it is learned.
    pub in_loss: bool,
}

/// The tokens of a row with their texts; joined, the texts are the rendered row.
pub fn preview(tokenizer: &TextTokenizer, row: &TokenizedRow) -> Result<Vec<PreviewToken>> {
    let mut stream = tokenizer.stream(false);
    let tokens = row.tokens.iter().zip(&row.loss_mask);
    let mut pieces = tokens
        .map(|(&id, &in_loss)| {
            let text = stream.push(id)?;
            Ok(PreviewToken { id, text, in_loss })
        })
        .collect::<Result<Vec<_>>>()?;
    if let Some(last) = pieces.last_mut() {
        last.text.push_str(&stream.finish()?);
    }
    Ok(pieces)
}
