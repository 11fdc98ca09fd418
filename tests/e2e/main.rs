//! The application as a person meets it: the real server and the built frontend, in a headless
//! Chromium. Few paths, because each takes seconds; rules and numbers are tested below the page.
//!
//! `cargo xtask test` builds the frontend, finds the browser and names both in the environment:
//!
//! | variable | meaning |
//! | --- | --- |
//! | `TEST_CHROMEDRIVER`, `TEST_CHROMIUM` | the two programs; without them the tests are skipped |
//! | `TEST_ASSETS` | the folder of the built frontend |
//! | `TEST_REQUIRE_BROWSER` | fail instead of skipping |
//! | `TEMPER_TEST_MODEL` | the real model, for the test that `cargo xtask walk` runs |
//!
//! # Adding a test
//! One `#[tokio::test]` that calls [`harness::in_browser`] with a name of its own. Wait for what a
//! person would wait for ([`harness::Page::find`] waits); never sleep. What the browser's console
//! calls an error fails the test, and so does a violation of the content security policy; a
//! failed test leaves its picture in `target/screenshots`.

mod harness;

mod annotate;
mod data;
mod lab;
mod runs;
mod spec;
mod start;
mod suites;
mod walk;
