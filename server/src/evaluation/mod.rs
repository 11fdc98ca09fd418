//! What an answer to a suite's item is worth, and what all answers come to.
//!
//! The job of the server and `temper evaluate` share this. Pure functions of texts and results.
//! What must not go in: models, the database, files.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `criteria` | the suite's checks and rule, and which failure is of which category |
//! | `scoring` | one answer: its checks, whether it passed, what failed |
//! | `guard` | a check that panics or takes too long fails, and nothing else does |
//! | `summary` | all answers: rates, categories, percentiles |

mod criteria;
mod guard;
mod scoring;
mod summary;

pub use criteria::Criteria;
pub use scoring::Scorer;
pub use summary::Summarizer;
