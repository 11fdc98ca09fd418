//! `cargo xtask walk`: the whole loop on the real model, in a browser, with its figures.

use anyhow::Result;

use crate::{frontend, model, sh::cargo, test};

/// The test that walks; the others are for `cargo xtask test`.
const TEST: &str = "walk::real::the_loop_on_the_real_model";

/// Builds everything and walks; takes most of an hour on two cores.
///
/// It is a release build, as a person would run it: what it says of time is meant.
pub(crate) fn run() -> Result<()> {
    frontend::build(frontend::Options::default())?;
    let mut environment = test::browser_environment()?;
    let model = model::fetch()?;
    environment.push(("TEMPER_TEST_MODEL".to_owned(), model.into_os_string()));
    cargo()
        .args(["test", "--release", "--locked", "--package", "tests"])
        .args(["--test", "e2e", "--", "--ignored", "--exact", TEST])
        .arg("--nocapture")
        .envs(&environment)
        .run()
}
