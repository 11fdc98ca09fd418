//! `cargo xtask test`: every check that a change must pass, with one summary at the end.
//!
//! A failed check does not keep the others from running, except those that need its result.

use std::{
    ffi::OsString,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use clap::Args;

use crate::{
    browser, frontend, model,
    postgres::Postgres,
    sh::{Sh, cargo, sh},
    workspace,
};

/// Options of `cargo xtask test`.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Leave out the tests in a browser.
    #[arg(long)]
    no_browser: bool,
}

/// The checks that were made.
#[derive(Debug, Default)]
struct Summary {
    checks: Vec<(&'static str, Duration, Result<()>)>,
}

/// Runs every check.
pub(crate) fn run(options: Options) -> Result<()> {
    let mut summary = Summary::default();
    summary.check("format", || cargo().args(["fmt", "--all", "--check"]).run());
    summary.check("lints", lints);
    summary.check("tests", tests);
    let built = summary.check("frontend", || frontend::build(frontend::Options::default()));
    if options.no_browser {
        println!("Left out: browser tests.");
    } else if built {
        summary.check("browser tests", browser_tests);
    }
    summary.close()
}

fn lints() -> Result<()> {
    cargo()
        .args(["clippy", "--workspace", "--all-targets", "--locked"])
        .args(["--", "--deny", "warnings"])
        .run()
}

/// All tests but those in a browser, on both databases.
fn tests() -> Result<()> {
    let postgres = Postgres::start()?;
    let model = model::fetch()?;
    let environment = [
        ("TEST_POSTGRES_URL".to_owned(), postgres.url().into()),
        ("TEST_REQUIRE_POSTGRES".to_owned(), "1".into()),
        ("TEMPER_TEST_MODEL".to_owned(), model.into_os_string()),
    ];
    // Browsers are for the other check: several at a time would be slow beside everything else.
    let without = ["TEST_CHROMEDRIVER", "TEST_REQUIRE_BROWSER"];
    let runner = test_runner(&environment);
    without.into_iter().fold(runner, Sh::env_remove).run()
}

fn browser_tests() -> Result<()> {
    let environment = browser_environment()?;
    test_runner(&environment).args(["--test", "e2e"]).run()
}

/// What tests in a browser look for; see `tests/e2e/main.rs`.
pub(crate) fn browser_environment() -> Result<Vec<(String, OsString)>> {
    let browser = browser::prepare()?;
    Ok(vec![
        (
            "TEST_CHROMIUM".to_owned(),
            browser.chromium.into_os_string(),
        ),
        (
            "TEST_CHROMEDRIVER".to_owned(),
            browser.chromedriver.into_os_string(),
        ),
        (
            "TEST_ASSETS".to_owned(),
            workspace::assets().into_os_string(),
        ),
        ("TEST_REQUIRE_BROWSER".to_owned(), "1".into()),
    ])
}

/// `cargo nextest run` where it is installed, else `cargo test`.
fn test_runner(environment: &[(String, OsString)]) -> Sh {
    let has_nextest = sh("cargo-nextest")
        .args(["nextest", "--version"])
        .succeeds();
    let words: &[&str] = if has_nextest {
        &["nextest", "run", "--no-fail-fast"]
    } else {
        &["test", "--no-fail-fast"]
    };
    // The whole workspace each time: a smaller choice would enable fewer features of dependencies
    // and compile them once more.
    cargo()
        .args(words)
        .args(["--workspace", "--locked"])
        .envs(environment)
}

impl Summary {
    /// Makes a check; answers whether it passed.
    fn check(&mut self, name: &'static str, check: impl FnOnce() -> Result<()>) -> bool {
        println!("\n== {name}");
        let start = Instant::now();
        let result = check();
        if let Err(error) = &result {
            println!("{error:#}");
        }
        let passed = result.is_ok();
        self.checks.push((name, start.elapsed(), result));
        passed
    }

    /// Prints what passed and what failed; fails if anything did.
    fn close(self) -> Result<()> {
        println!("\n== summary");
        let mut failed = Vec::new();
        for (name, duration, result) in &self.checks {
            let word = if result.is_ok() { "passed" } else { "FAILED" };
            println!("{word}  {name} ({} s)", duration.as_secs());
            if result.is_err() {
                failed.push(*name);
            }
        }
        if !failed.is_empty() {
            bail!("failed: {}", failed.join(", "));
        }
        Ok(())
    }
}
