//! Which projects are there?

pub mod list;
pub mod new;

pub use list::{ProjectsPage, StartPage};
pub use new::NewProjectPage;
