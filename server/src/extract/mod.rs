//! What a handler takes from a request. Each extractor refuses with the one error shape.
//!
//! Handlers use these instead of axum's own [`Json`](axum::Json), [`Path`](axum::extract::Path) and
//! [`Query`](axum::extract::Query), whose refusals are plain text.

mod access;
mod page;
mod wrappers;

pub use access::{CurrentUser, ProjectAccess};
pub use page::{PageQuery, next_cursor};
pub use wrappers::{Json, Path, Query};
