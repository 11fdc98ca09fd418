//! Rows, chat template, and tokens with their loss mask.
//!
//! A row goes `rows` (a line of JSONL) -> `template` (the model's own chat template) -> `tokens`
//! (ids, and which of them are learned). What a row means is decided here and nowhere else:
//! training, evaluation and the token preview of the web must agree. Nothing here computes with a
//! model, and nothing here knows batches or epochs.
//!
//! A prompt or completion given as plain text is one message of the user or the assistant, and goes
//! through the chat template like any other. The model is trained as it will be asked later. Only a
//! row that is nothing but a text (`text`) is read as it is, without the template.
//!
//! # Adding a row format
//! 1. Add what it becomes to [`RowContent`](shared::dataset::RowContent), or convert it to one that
//!    exists in `rows`.
//! 2. Say in `rows::content` by which keys it is recognised; those keys must be its own.
//! 3. Say in `tokens` which tokens are learned; add rows to `tests/reference/generate.py`.

mod json;
mod judged;
mod labelled;
mod pack;
mod preview;
mod questions;
mod rows;
mod shapes;
mod template;
mod tokens;
mod tools;
mod turns;

pub use labelled::{LabelledRow, TokenizedLabels};
pub use pack::best_fit;
pub use preview::{PreviewToken, preview};
pub use questions::{AskedRow, Question, TokenizedPrompts};
pub use rows::{Row, read_rows};
pub use shapes::{RowShape, SequenceShape, TokenTotals, count_tokens};
pub use template::{ChatTemplate, Rendered};
pub use tokens::{
    Encoder, TokenCounts, TokenizedData, TokenizedPair, TokenizedPairs, TokenizedRow,
    common_prefix, with_system,
};
