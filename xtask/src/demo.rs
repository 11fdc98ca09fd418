//! `cargo xtask demo`: builds everything and serves it with a sample project.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::{
    frontend, model,
    sh::{cargo, sh},
    workspace,
};

/// Options of `cargo xtask demo`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
    /// The folder of the demo's data; kept between runs. [default: target/demo]
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

/// Builds, loads the sample project, and serves until interrupted.
pub(crate) fn run(options: &Options) -> Result<()> {
    frontend::build(frontend::Options::default())?;
    cargo()
        .args(["build", "--release", "--locked", "--package", "server"])
        .run()?;
    let model = model::fetch()?;
    let temper = workspace::target().join("release/temper");
    let default = || workspace::target().join("demo");
    let data = options.data_dir.clone().unwrap_or_else(default);
    sh(&temper)
        .arg("sample")
        .arg("--data-dir")
        .arg(&data)
        .arg("--model")
        .arg(model)
        .run()?;
    println!("\nStop with Ctrl-C. The data stays in {}.", data.display());
    sh(&temper)
        .args(["serve", "--listen", &options.listen, "--data-dir"])
        .arg(&data)
        .arg("--assets")
        .arg(workspace::assets())
        .exec()
}
