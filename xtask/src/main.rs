//! `cargo xtask`: what the README's two commands run, and their parts.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`demo`] | starts the server with the sample project |
//! | [`test`] | every check that a change must pass |
//! | [`walk`] | the whole loop on the real model, measured |
//! | [`frontend`] | builds the browser application into `target/frontend` |
//! | [`toolchain`] | finds or prepares a compiler for WebAssembly |
//! | [`cuda`] | builds the program that computes on NVIDIA's GPUs, or checks that code |
//! | [`model`] | fetches the default model |
//! | [`postgres`] | a PostgreSQL server that lives as long as the tests |
//! | [`browser`] | finds Chromium and its driver |
//! | [`packages`] | installs what Debian has and the machine lacks |
//! | [`cache`], [`sh`], [`wait`], [`workspace`] | the tools of all of them |
//!
//! Each step looks first whether its result is there, so that a second run is quick. What must not
//! go in: anything that the server needs when it runs.
//!
//! # Adding a step
//! Write a module with one function that does the step and can be run twice, give it a subcommand
//! below if a person may want it alone, and call it from [`demo`] or [`test`].
#![expect(
    clippy::print_stdout,
    reason = "a build tool talks to the person at the console"
)]

mod browser;
mod cache;
mod cuda;
mod demo;
mod frontend;
mod model;
mod packages;
mod postgres;
mod sh;
mod test;
mod toolchain;
mod wait;
mod walk;
mod workspace;

use clap::{Parser, Subcommand};

/// Builds, tests and demonstrates Temper.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build everything and serve it with a sample project.
    Demo(demo::Options),
    /// Run every check: format, lints, tests on both databases, tests in a browser.
    Test(test::Options),
    /// Walk the whole loop on the real model, in a browser, and measure it; takes about an hour.
    Walk,
    /// Build the browser application into `target/frontend`.
    Frontend(frontend::Options),
    /// Build the program that computes on NVIDIA's GPUs, in `target/cuda`; takes about ten minutes.
    Cuda(cuda::Options),
    /// Fetch the default model and print its path.
    Model,
    /// Show what is there, and install what is missing; builds nothing of Temper.
    Setup(packages::Options),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Demo(options) => demo::run(&options),
        Command::Test(options) => test::run(options),
        Command::Walk => walk::run(),
        Command::Frontend(options) => frontend::build(options),
        Command::Cuda(options) => cuda::run(options),
        Command::Model => {
            println!("{}", model::fetch()?.display());
            Ok(())
        }
        Command::Setup(options) => packages::setup(&options),
    }
}
