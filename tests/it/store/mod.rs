//! The store's contract: the same on both databases.

mod jobs;
mod schema;
