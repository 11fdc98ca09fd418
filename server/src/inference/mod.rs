//! Models that answer: loaded once, shared by evaluations, chats and sampling, dropped when idle.
//!
//! Everything that computes blocks, and runs on a thread of its own that gives way to the server's
//! ([`on_thread`]). What must not go in: the database, HTTP, what an answer is worth.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `bases` | the few bases in memory, with their adapters |
//! | `best_of` | several answers to a question, and the choice among them by a reward model |
//! | `model` | one model version that answers questions in batches |
//! | `together` | two model versions that answer side by side |
//! | `thread` | where it computes, and how it is stopped |

mod bases;
mod best_of;
mod model;
mod thread;
mod together;

pub use bases::{Inference, ModelFiles, sweep};
pub use best_of::{BestOfFiles, BestOfInUse, Candidate, Choice, Drawing, Respondent};
pub use model::{Answer, Asking, ModelInUse, Question};
pub use thread::{Leash, on_thread};
pub use together::answer_together;

/// Why a model gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum InferenceError {
    /// The model cannot be used, or cannot be asked this; the text is for a person.
    #[error("{0}")]
    Refused(String),
    /// Somebody asked it to stop.
    #[error("stopped before the answers were complete")]
    Interrupted,
    /// A slip in the program; the log has it.
    #[error("an error in the program ended the computation")]
    Lost,
}

impl From<trainer::TrainerError> for InferenceError {
    fn from(error: trainer::TrainerError) -> Self {
        Self::Refused(error.to_string())
    }
}
