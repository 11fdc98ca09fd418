//! Which instructions stand before what a user writes? Prompts, in versions.

pub mod edit;
pub mod list;
pub mod new;
pub mod prompt;

pub use list::PromptsPage;
pub use prompt::PromptPage;
