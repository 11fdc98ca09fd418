//! May the candidate replace what is in production?

pub mod list;
pub mod new;
pub mod one;
pub mod share;

pub use list::ReportsPage;
pub use new::NewReportPage;
pub use one::ReportPage;
