//! Which run is better, and what was done differently?
//!
//! - [`chosen`] is what the address says, for the list where runs are ticked and for the page.
//! - [`read`] gets the runs with their stories; everything from there on is plain data.
//! - [`settings`] finds what differs, [`results`] what came of it, [`overlay`] lays the curves over
//!   each other, [`verdict`] says it in a sentence and what forbids to compare losses.
//! - [`page`] and [`table`] draw it.
//!
//! # Adding a row
//! A setting of the configuration is there by itself. What is decided by an id is a line of
//! [`decisions`], what was measured a line of [`results`].

pub mod chosen;
pub mod decisions;
#[cfg(test)]
mod fixture;
pub mod overlay;
pub mod page;
pub mod read;
pub mod results;
pub mod row;
pub mod settings;
pub mod table;
pub mod ticks;
pub mod verdict;

pub use page::CompareRunsPage;
