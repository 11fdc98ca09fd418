//! The pages: each answers one question, in its first line.
//!
//! A page reads with [`Remote`](crate::remote::Remote), sends with
//! [`Submit`](crate::submit::Submit), and is otherwise made of components. A part that reads or
//! sends on its own has its own file.

#[expect(
    clippy::large_types_passed_by_value,
    reason = "a desk is a handful of handles, half as large in the browser"
)]
pub mod annotate;
pub mod checks;
pub mod data;
pub mod entrance;
pub mod evaluations;
pub mod home;
pub mod models;
pub mod not_found;
#[expect(
    clippy::unnecessary_wraps,
    reason = "fetching a part can fail, and the macro puts that into its result"
)]
mod parts;
pub mod people;
pub mod project_page;
pub mod projects;
pub mod prompts;
pub mod queues;
pub mod reports;
pub mod runs;
pub mod settings;
pub mod setup;
pub mod sign_in;
pub mod spec;
pub mod suites;
pub mod tokens;
