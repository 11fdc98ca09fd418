//! The whole loop in a browser, from signing in to a report behind a link: with a tiny model in
//! every test run, and with the real one by `cargo xtask walk`.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `tiny` | the loop with a random model that learns nothing |
//! | `real` | the loop with SmolLM2-135M, held to what the sample project promises |
//! | `groundwork` | spec and data |
//! | `judge` | pairs, by keyboard |
//! | `steps` | runs, evaluations, reports |
//! | `figures` | what was measured |

mod figures;
mod groundwork;
mod judge;
mod real;
mod steps;
mod tiny;

/// The project's path in the API.
const API: &str = "/api/projects/support-desk-intake";

/// The project's pages.
const PROJECT: &str = "/p/support-desk-intake";

/// The suite of the task.
const DOMAIN: &[&str] = &["Support desk intake, held out"];

/// What the model could do before.
const GUARDS: &[&str] = &["General ability", "Over-refusal"];
