//! AdamW, clipping and learning-rate schedules.
//!
//! Works on one flat tensor of parameters and one of gradients; what they belong to is not known
//! here.
//!
//! # Adding a schedule
//! Its word in `shared::training::LearningRateSchedule`, its formula in [`Schedule::factor`], and
//! a test against the numbers of the library it comes from.

mod adamw;
mod schedule;

pub use adamw::AdamW;
pub use schedule::Schedule;
