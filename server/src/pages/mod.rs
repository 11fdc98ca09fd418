//! Pages that the server renders itself: for readers without an account, and without script.
//!
//! Texts of models and people go through maud, which escapes them; nothing here may mark a text of
//! theirs as ready-made HTML. The application shows the same report in its own frame.

mod report;
mod report_chart;
mod report_items;
mod report_suite;
mod shared_report;

pub use report::render as render_report;
pub use shared_report::{CONTENT_SECURITY_POLICY, render as render_shared_report, render_ended};
