//! The server's interface as typed functions, one module for each area: the only user of HTTP.
//!
//! What must not go in: signals, views, words for people beyond [`error`].
//!
//! # Adding a call
//! 1. A function in the module of its area, named like the operation (`list_members`). It builds
//!    the path and answers with a type of `shared`.
//! 2. Reads return `client::get(path)` and are no `async fn`: the abort on leaving the page is tied
//!    to the owner that is current at the call.
//! 3. Text from outside goes into a path through [`segment`].

pub mod accounts;
pub mod annotation;
pub mod client;
pub mod datasets;
pub mod error;
pub mod evaluations;
pub mod imports;
pub mod jobs;
pub mod members;
pub mod models;
pub mod projects;
pub mod prompts;
pub mod queues;
pub mod reports;
pub mod rows;
pub mod runs;
pub mod specs;
pub mod stream;
pub mod suites;
pub mod tokens;
pub mod users;

pub use client::Stop;
pub use error::{ApiError, ApiResult};

use crate::address::encode as segment;
