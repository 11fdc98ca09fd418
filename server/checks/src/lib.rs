//! Evaluates automatic checks: does an output satisfy what a clause or a suite's item asks for?
//!
//! The definitions are [`shared::check::Check`]; each file of `kinds/` says what its kind means.
//! A [`Checker`] is made once from a list of checks, which is where unusable parameters are found,
//! and run on every output.
//!
//! Pure functions of text. What must not go in: models, tokenizers (the number of tokens comes in),
//! files, the network, a clock.
//!
//! # What holds for every kind
//! - **Pointer.** Without one the whole output is looked at. With one (RFC 6901; the empty pointer
//!   is the whole document) the output is read as one JSON value, and the value there is looked at:
//!   a string as it is, anything else as its JSON text.
//! - **Unreadable.** An output that is no JSON where JSON is needed, lacks the value at the pointer
//!   or has one of a type that the check cannot judge, fails. So does an item without the expected
//!   output that the check compares with.
//! - **Negation** turns the verdict of a check that could be evaluated. What is unreadable fails
//!   both ways: "the next step must not promise anything" is no praise for an answer without a next
//!   step.
//! - **Score** is that of the plain check, negated or not.
//! - **Detail** of a failed check says what was found in a sentence, with long texts cut. A passed
//!   check has none.
//!
//! # Adding a check
//! 1. Add the variant in `shared::check`.
//! 2. One file in `kinds/`: a struct that holds the prepared parameters, `new` that refuses
//!    unusable ones, and `Evaluate`. Test passing, failing, negated, unreadable and unusable
//!    parameters.
//! 3. Name it in `kinds::prepare`.

mod checker;
mod error;
mod finding;
mod kinds;
mod pointer;
mod reading;
#[cfg(test)]
mod testing;
mod text;
mod verdict;

pub use checker::{Checker, Subject};
pub use error::CheckError;
pub use reading::value_text;
pub use verdict::{check_rule, verdict, weighted_score};
