//! One function for each route: it extracts, calls one service and answers.
//!
//! # Adding a route
//! 1. A function `verb_resource` in the file of its resource, with a `utoipa::path` attribute whose
//!    `operation_id` is the function's name.
//! 2. Add it in [`router`](crate::router) to the group of the role it needs.

pub mod jobs;
pub mod members;
pub mod projects;
pub mod session;
pub mod setup;
pub mod system;
pub mod tokens;
pub mod users;
