//! Debian's compiler for the web, with a standard library built once from Debian's sources.
//!
//! Debian's packages have the compiler and the sources of the standard library, but not the library
//! compiled for WebAssembly. It is built into a sysroot of our own in the user's cache, so nothing
//! in the system's folders changes.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

use super::{TARGET, Toolchain, has_library};
use crate::{
    cache,
    packages::{self, Need},
    sh::{Sh, sh},
};

// Full paths, because rustup's programs of the same names come first on the PATH.
const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
const LINKER: &str = "/usr/bin/wasm-ld-19";

/// The oldest version that compiles Temper.
const OLDEST: (u32, u32) = (1, 94);

const NEED: Need = Need {
    name: "Debian's compiler for WebAssembly",
    packages: &["rustc-web", "cargo-web", "rust-web-src", "lld-19"],
    is_met: is_installed,
};

/// Whether the packages and the standard library are there.
pub(super) fn is_ready() -> bool {
    is_installed() && sysroot().is_ok_and(|folder| has_library(&library_folder(&folder), "libstd-"))
}

/// Installs the packages and builds the standard library, unless it was done before.
pub(super) fn prepare() -> Result<Toolchain> {
    packages::ensure(&[NEED])?;
    let sysroot = sysroot()?;
    if !has_library(&library_folder(&sysroot), "libstd-") {
        build_library(&sysroot)?;
    }
    let mut flags = std::ffi::OsString::from("--sysroot=");
    flags.push(&sysroot);
    Ok(Toolchain {
        env: vec![
            ("RUSTC".to_owned(), RUSTC.into()),
            (variable("LINKER"), LINKER.into()),
            (variable("RUSTFLAGS"), flags),
        ],
        folder_suffix: "-debian",
    })
}

fn is_installed() -> bool {
    let files = [
        CARGO,
        LINKER,
        "/usr/lib/rustlib/src/rust/library/std/Cargo.toml",
    ];
    files.iter().all(|file| Path::new(file).exists())
        && debian(RUSTC)
            .arg("--version")
            .read()
            .is_ok_and(|line| version(&line).is_some_and(|version| version >= OLDEST))
}

/// A program of Debian, free of what the cargo around us put into the environment.
fn debian(program: &str) -> Sh {
    sh(program)
        .env_remove("LD_LIBRARY_PATH")
        .env_remove("RUSTUP_TOOLCHAIN")
}

/// The major and minor number in `rustc 1.96.0 (...)`.
fn version(line: &str) -> Option<(u32, u32)> {
    let mut numbers = line.split(' ').nth(1)?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// `CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_<name>`.
fn variable(name: &str) -> String {
    let target = TARGET.to_uppercase().replace('-', "_");
    format!("CARGO_TARGET_{target}_{name}")
}

/// The folder of our sysroot, named by the compiler's exact version.
fn sysroot() -> Result<PathBuf> {
    let version = debian(RUSTC).args(["--version", "--verbose"]).read()?;
    let key = cache::sha256(version.as_bytes());
    Ok(cache::folder("sysroots")?.join(&key[..16]))
}

fn library_folder(sysroot: &Path) -> PathBuf {
    sysroot.join("lib/rustlib").join(TARGET).join("lib")
}

/// Builds the standard library and moves the finished sysroot into place.
fn build_library(sysroot: &Path) -> Result<()> {
    println!(
        "Building the standard library for WebAssembly, once for this version of the compiler."
    );
    let parent = sysroot.parent().context("the cache has no folder")?;
    let work = tempfile::tempdir_in(parent)?;
    write_empty_crate(work.path())?;
    debian(CARGO)
        .args(["build", "--release", "--target", TARGET])
        .arg("-Zbuild-std=std,panic_abort,proc_macro")
        .env("RUSTC", RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", work.path().join("target"))
        .env(&variable("LINKER"), LINKER)
        .folder(work.path())
        .run()?;
    let new = work.path().join("sysroot");
    copy_libraries(
        &work.path().join("target").join(TARGET).join("release/deps"),
        &library_folder(&new),
    )?;
    link_host(&new)?;
    fs::rename(&new, sysroot).context("cannot move the standard library into place")
}

fn write_empty_crate(folder: &Path) -> Result<()> {
    fs::create_dir(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    let manifest = "[package]\nname = \"empty\"\nedition = \"2024\"\n\n[workspace]\n";
    fs::write(folder.join("Cargo.toml"), manifest)?;
    Ok(())
}

fn copy_libraries(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if text.ends_with(".rlib") && !text.starts_with("libempty-") {
            fs::copy(entry.path(), to.join(&name))?;
        }
    }
    Ok(())
}

/// Lets the new sysroot have the libraries of the host, too.
fn link_host(sysroot: &Path) -> Result<()> {
    let host = debian(RUSTC).args(["--print", "host-tuple"]).read()?;
    let original = debian(RUSTC).args(["--print", "sysroot"]).read()?;
    let original = Path::new(&original).join("lib/rustlib").join(&host);
    symlink(original, sysroot.join("lib/rustlib").join(host))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_the_compilers_line() {
        let line = "rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)";
        assert_eq!(version(line), Some((1, 96)));
        assert_eq!(version("rustc 1.63.0"), Some((1, 63)));
        assert_eq!(version("no compiler"), None);
    }

    #[test]
    fn variables_are_named_by_the_target() {
        assert_eq!(
            variable("LINKER"),
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER"
        );
    }
}
