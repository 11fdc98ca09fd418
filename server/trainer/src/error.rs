//! The one error of the trainer. Nothing here panics on user input.

use std::path::PathBuf;

/// What went wrong, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum TrainerError {
    /// A file could not be read or written.
    #[error("{action} {path}: {source}", path = path.display())]
    Io {
        /// What was attempted, such as `cannot read`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A model folder, GGUF file or adapter is damaged or not supported.
    #[error("cannot use the model at {path}: {reason}", path = path.display())]
    Model {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A row of data cannot be used.
    #[error("row {row} of {path}: {reason}", path = path.display())]
    Row {
        /// The line, from 1.
        row: usize,
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The configuration asks for something impossible.
    #[error("{field}: {reason}")]
    Config {
        /// The path of the setting, such as `adapter.rank`.
        field: &'static str,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// The chat template failed on some messages.
    #[error("the chat template failed: {0}")]
    Template(String),
    /// The model has no chat template.
    #[error(
        "the model at {path} has no chat template: put a chat_template.jinja into its folder, such \
             as that of its instruction-tuned sibling", path = path.display()
    )]
    NoTemplate {
        /// Its folder or file.
        path: PathBuf,
    },
    /// The tokenizer failed.
    #[error("the tokenizer failed: {0}")]
    Tokenizer(String),
    /// A checkpoint does not fit the run.
    #[error("cannot resume from {path}: {reason}", path = path.display())]
    Checkpoint {
        /// The checkpoint's folder.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
    /// The loss or the gradients stopped being finite.
    #[error(
        "the {what} of step {step} is not finite; lower optimizer.learning_rate, or check the \
             rows of that step for damage"
    )]
    Diverged {
        /// The optimizer step, from 1.
        step: usize,
        /// What is not finite.
        what: &'static str,
    },
    /// A tensor operation failed.
    #[error("computation failed: {0}")]
    Compute(#[from] candle_core::Error),
}

/// The result of everything in this crate.
pub type Result<T, E = TrainerError> = std::result::Result<T, E>;
