//! What is being taught, and does it work?

pub mod compare;
pub mod curves;
pub mod decisions;
pub mod draft;
pub mod events;
pub mod list;
pub mod live;
pub mod new;
pub mod page;
pub mod preflight;
pub mod rendered;
pub mod samples;
pub mod settings;
pub mod sources;
pub mod story;
pub mod trained;
pub mod words;

pub use compare::CompareRunsPage;
pub use list::RunsPage;
pub use new::NewRunPage;
pub use page::RunPage;
