//! Which model versions are there, where do they come from, and which one is in production?

pub mod chat;
pub mod list;
pub mod promote;
pub mod register;

pub use chat::ChatPage;
pub use list::ModelsPage;
