//! What is there to judge, and what came of it?

pub mod dataset;
pub mod file;
pub mod judgements;
pub mod list;
pub mod new;
pub mod page;
pub mod pairs;
pub mod results;
pub mod sample;
pub mod upload;
pub mod words;

pub use list::QueuesPage;
pub use page::QueuePage;
