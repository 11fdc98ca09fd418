//! The contract between the browser, the server, the trainer and the command line: ids, requests,
//! responses, enums, limits and the training configuration.
//!
//! Everything here is plain data that compiles to WebAssembly. What must not go in: database rows,
//! HTTP, tensors, anything that reads a clock, a file or a random source.
//!
//! # Adding a type to the wire
//! 1. Put it in the module of its area; derive `Serialize`, `Deserialize` and, for the OpenAPI
//!    document, `#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]`.
//! 2. Names are `snake_case`, times RFC 3339 in UTC, ids one of the newtypes of [`ids`].
//! 3. An enum of states has `as_str` and `FromStr` through [`text_enum!`], so that the database,
//!    the address bar and JSON use the same word.

#[macro_use]
mod macros;

pub mod account;
pub mod blank;
pub mod check;
pub mod coverage;
pub mod dataset;
pub mod error;
pub mod evaluation;
pub mod hub;
pub mod ids;
pub mod job;
pub mod message;
pub mod model;
pub mod model_export;
pub mod overview;
pub mod page;
pub mod project;
pub mod prompt;
pub mod queue;
pub mod report;
pub mod run;
pub mod spec;
pub mod suite;
pub mod training;
