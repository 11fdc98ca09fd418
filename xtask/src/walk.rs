//! `cargo xtask walk`: the whole loop on the real model, in a browser, with its figures.

use anyhow::Result;

use crate::{frontend, model, sh::cargo, test, workspace};

/// The test that walks; the others are for `cargo xtask test`.
const TEST: &str = "real::the_loop_on_the_real_model";

/// Builds everything and walks; takes about an hour on two cores.
pub(crate) fn run() -> Result<()> {
    frontend::build(frontend::Options::default())?;
    let model = model::fetch()?;
    cargo()
        .args(["test", "--release", "--locked", "--package", "tests"])
        .args(["--test", "e2e", "--", "--ignored", "--exact", TEST])
        .arg("--nocapture")
        .env("TEMPER_TEST_MODEL", model)
        .envs(&test::browser_environment()?)
        .run()?;
    let figures = workspace::target().join("walk.md");
    println!("The figures are in {}.", figures.display());
    Ok(())
}
