//! Automatic checks, as the pages of the spec and of the suites show and edit them.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`fields`] | the kinds of check and their fields: the one table that all else is made from |
//! | [`draft`] | a check that is being written |
//! | [`form`] | its form |
//! | [`view`] | a check to be read |

pub mod draft;
pub mod fields;
pub mod form;
pub mod view;

pub use draft::{CheckDraft, ChecksDraft};
pub use form::checks_form;
pub use view::check_list;
