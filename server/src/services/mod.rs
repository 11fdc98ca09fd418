//! The rules of the application: a service validates, does its work in one transaction, and leaves
//! an audit entry in it. What must not go in: HTTP, SQL.
//!
//! # Adding an action
//! 1. A function `verb_resource(app, access, request) -> ApiResult<...>` in the file of its area.
//! 2. Validate first, naming the field in each refusal.
//! 3. Open a [`change::Change`], work through its transaction, and end it with `commit`, which
//!    cannot be called without saying what was done: that is the audit entry.

pub mod accounts;
pub mod adapter_exports;
pub mod aliases;
pub mod annotation;
pub mod asking;
pub mod backup;
pub mod best_of;
pub mod blank_models;
pub mod change;
pub mod chat;
pub mod dataset_builds;
pub mod dataset_exports;
pub mod dataset_rows;
pub mod dataset_versions;
pub mod datasets;
pub mod draft_rows;
pub mod evaluation_results;
pub mod evaluations;
pub mod imports;
pub mod jobs;
pub mod judged_rows;
pub mod kept;
pub mod live;
pub mod memory;
pub mod model_downloads;
pub mod model_exports;
pub mod models;
pub mod overview;
pub mod pair_sampling;
pub mod password;
pub mod preference_datasets;
pub mod preflight;
mod preflight_report;
mod preflight_rules;
pub mod projects;
pub mod prompts;
pub mod queue_pairs;
pub mod queues;
pub mod rate_limit;
pub mod renders;
pub mod reports;
pub mod row_batches;
pub mod row_files;
pub mod run_cache;
pub mod run_setup;
pub mod runs;
pub mod sample;
pub mod secret;
pub mod specs;
pub mod split;
pub mod suites;
pub mod survey;
pub mod uploads;
