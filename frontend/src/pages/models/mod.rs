//! Which model versions are there, where do they come from, and which one is in production?

pub mod arrivals;
pub mod best_of;
pub mod blank;
pub mod chat;
pub mod conversation;
pub mod download;
pub mod exports;
pub mod list;
pub mod model;
pub mod promote;
pub mod register;

pub use chat::ChatPage;
pub use list::ModelsPage;
pub use model::ModelPage;
