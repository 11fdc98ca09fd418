//! One function for each route: it extracts, calls one service and answers.
//!
//! # Adding a route
//! 1. A function `verb_resource` in the file of its resource, with a `utoipa::path` attribute whose
//!    `operation_id` is the function's name.
//! 2. Add it in [`router`](crate::router) to the group of the role it needs.

pub mod aliases;
pub mod annotation;
pub mod blank_models;
pub mod chat;
pub mod dataset_versions;
pub mod datasets;
pub mod draft_rows;
pub mod evaluations;
pub mod imports;
pub mod jobs;
pub mod live;
pub mod members;
pub mod model_downloads;
pub mod model_exports;
pub mod models;
pub mod projects;
pub mod prompts;
pub mod queues;
pub mod reports;
pub mod runs;
pub mod session;
pub mod setup;
pub mod share_links;
pub mod specs;
pub mod suites;
pub mod system;
pub mod tokens;
pub mod uploads;
pub mod users;

use axum::{
    body::Body,
    http::{HeaderName, header},
    response::IntoResponse,
};

/// JSONL that a browser saves under a name.
fn file(name: &str, body: Body) -> impl IntoResponse + use<> {
    let headers: [(HeaderName, String); 2] = [
        (header::CONTENT_TYPE, "application/jsonl".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    (headers, body)
}
