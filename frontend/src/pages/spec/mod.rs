//! What should the model do? The spec: clauses that can be observed, in versions.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`page`], [`versions`] | a version to be read, and the list of all |
//! | [`clause`] | a clause to be read |
//! | [`edit`], [`editor`], [`clause_form`], [`examples`] | editing into the next version |
//! | [`draft`] | what is being written, kept in the browser until it is saved |
//! | [`merge`] | two edits of the same version brought together |
//! | [`compare`] | two versions side by side |

pub mod clause;
pub mod clause_form;
pub mod compare;
pub mod draft;
pub mod edit;
pub mod editor;
pub mod examples;
pub mod merge;
pub mod page;
pub mod versions;

pub use compare::CompareSpecPage;
pub use edit::EditSpecPage;
pub use page::SpecPage;
