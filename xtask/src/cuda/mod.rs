//! `cargo xtask cuda`: the program that computes on NVIDIA's GPUs, as well as on the processor.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`toolkit`] | finds an installed CUDA toolkit, or fetches a compiler |
//! | [`stubs`] | what a program is linked with where CUDA's libraries are not installed |
//!
//! It needs no GPU to build. To run, the program needs NVIDIA's driver and CUDA's libraries (cudart,
//! cublas, cublasLt, curand, nvrtc) of the toolkit's major version, and does not start without them:
//! the usual build is for machines that have none.

mod stubs;
mod toolkit;

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value;

use self::toolkit::Toolkit;
use crate::{
    sh::{Sh, cargo, find},
    workspace,
};

/// The oldest GPUs that are built for: of compute capability 8.0, from A100 on. Newer ones run it.
const CAPABILITY: &str = "80";

/// Options of `cargo xtask cuda`.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Only lint the code that the feature `cuda` adds.
    #[arg(long, conflicts_with = "checks")]
    lint: bool,
    /// Build the tests and the benchmark instead, as programs for a machine with a GPU, with a script
    /// that runs them, into `target/cuda/checks`.
    #[arg(long)]
    checks: bool,
}

/// Builds or lints with the feature `cuda`, in a folder of its own, so that the usual build stays.
pub(crate) fn run(options: Options) -> Result<()> {
    let environment = environment(&toolkit::prepare()?)?;
    let words: &[&str] = if options.lint {
        &[
            "clippy",
            "--release",
            "--package",
            "trainer",
            "--all-targets",
        ]
    } else {
        &["build", "--release", "--package", "server"]
    };
    if options.checks {
        return checks(&environment);
    }
    let command = with_cuda(words, &environment);
    if options.lint {
        return command.args(["--", "--deny", "warnings"]).run();
    }
    command.run()?;
    println!("{}", target().join("release/temper").display());
    Ok(())
}

/// The folder of everything that is built with CUDA.
fn target() -> PathBuf {
    workspace::target().join("cuda")
}

fn with_cuda(words: &[&str], environment: &[(String, OsString)]) -> Sh {
    cargo()
        .args(words)
        .args(["--locked", "--features", "cuda", "--target-dir"])
        .arg(target())
        .envs(environment)
}

/// What build scripts and the linker look for.
fn environment(toolkit: &Toolkit) -> Result<Vec<(String, OsString)>> {
    let mut environment = vec![("CUDA_HOME".to_owned(), toolkit.home.clone().into())];
    if std::env::var_os("CUDA_COMPUTE_CAP").is_none() && find("nvidia-smi").is_none() {
        environment.push(("CUDA_COMPUTE_CAP".to_owned(), CAPABILITY.into()));
    }
    // First where compilers are looked for, so that all parts are compiled by one.
    let before = std::env::var_os("PATH").unwrap_or_default();
    let programs = [toolkit.home.join("bin")].into_iter();
    let path = std::env::join_paths(programs.chain(std::env::split_paths(&before)))?;
    environment.push(("PATH".to_owned(), path));
    if !toolkit.has_libraries {
        let folder = target().join("stubs");
        stubs::make(&folder, &toolkit.home)?;
        environment.push(("LIBRARY_PATH".to_owned(), folder.into()));
    }
    Ok(environment)
}

/// What runs the checks on a machine with a GPU; the folder may be copied there.
const SCRIPT: &str = r#"#!/bin/sh
# Runs the checks of the CUDA build; needs a GPU, CUDA's libraries, and the repository.
#     run.sh REPOSITORY [STEPS OF THE BENCHMARK]
here=$(cd "$(dirname "$0")" && pwd)
export CARGO_MANIFEST_DIR="$1/server/trainer" TEST_REQUIRE_CUDA=1
"$here/cuda" --nocapture --test-threads 1
result=$?
"$here/train_step" --device cuda:0 "${2:-6}" || result=1
exit $result
"#;

/// Builds what checks a GPU and puts it into one folder.
fn checks(environment: &[(String, OsString)]) -> Result<()> {
    let folder = target().join("checks");
    fs::create_dir_all(&folder)?;
    for (package, kind, name) in [
        ("trainer", "--test", "cuda"),
        ("benches", "--bench", "train_step"),
    ] {
        let words = ["bench", "--no-run", "--package", package, kind, name];
        let messages = with_cuda(&words, environment)
            .args(["--message-format", "json-render-diagnostics"])
            .read()?;
        let program = executable(&messages, name)
            .with_context(|| format!("cargo built no program for {package}'s {name}"))?;
        copy(&program, &folder.join(name))?;
    }
    let script = folder.join("run.sh");
    fs::write(&script, SCRIPT)?;
    toolkit::make_executable(&script)?;
    println!("{}", script.display());
    Ok(())
}

/// The program of a target among cargo's messages, one a line.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    let messages = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs = messages
        .filter(|message| message["target"]["name"] == name)
        .filter_map(|message| Some(PathBuf::from(message["executable"].as_str()?)));
    programs.next()
}

/// Copies a program without what a debugger needs, which is most of it.
fn copy(program: &Path, to: &Path) -> Result<()> {
    if find("strip").is_none() {
        bail!("`strip` is not there: install binutils");
    }
    crate::sh::sh("strip").arg("-o").arg(to).arg(program).run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_a_target_is_found_among_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"cuda"},"executable":null}
            a line that is none
            {"reason":"compiler-artifact","target":{"name":"cuda"},"executable":"/target/cuda-1"}"#;
        assert_eq!(executable(messages, "cuda"), Some("/target/cuda-1".into()));
        assert_eq!(executable(messages, "train_step"), None);
    }
}
