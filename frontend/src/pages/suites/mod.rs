//! What decides whether a model is good? Suites: held-out items, locked before training.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`list`] | the suites by key |
//! | [`suite`], [`items`] | one version with its items |
//! | [`lock`] | locking, and deleting what was never locked |
//! | [`new`], [`settings`], [`file`] | a new suite, or the next version, from a file |

pub mod file;
pub mod items;
pub mod list;
pub mod lock;
pub mod new;
pub mod settings;
pub mod suite;

pub use list::SuitesPage;
pub use new::NewSuitePage;
pub use suite::SuitePage;
