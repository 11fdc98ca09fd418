//! Base models from a hub: asked for by name, downloaded into the cache that Hugging Face's own
//! programs use, verified, and pinned to a commit.
//!
//! [`Fetch`] does one download. What it takes is decided in `choice` from the names of a repository's
//! files: safetensors or one GGUF file, and what belongs to them; never a pickle, which can run code
//! when it is read. What cannot be used is refused before the weights are downloaded. A file is
//! written beside its place, goes on from where it broke, and gets its name once its size and, where
//! the hub tells it, its SHA-256 are right.
//!
//! What must not go in: the database, and what a model's configuration means. That comes in as
//! [`Reader`].
//!
//! # Adding a file that is fetched
//! Name it in `choice::COMPANIONS`, and have the trainer read it.

mod cache;
mod choice;
mod client;
mod error;
mod fetch;
mod progress;
mod refusal;
mod repository;
#[cfg(feature = "testing")]
pub mod testing;
mod transfer;

pub use cache::Cache;
pub use client::Hub;
pub use error::{HubError, Result};
pub use fetch::{Fetch, Fetched, Reader};
pub use progress::Progress;
