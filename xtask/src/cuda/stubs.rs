//! Libraries that a program can be linked with where CUDA's are not installed: of the same names,
//! with the same functions, none of which does anything.
//!
//! The functions are those that the crate `cudarc` declares. Each answers an error, so that a program
//! that finds these libraries when it runs says that there is no GPU.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::sh::{cargo, sh};

/// Each library with the module of `cudarc` that declares it, and its version.
const LIBRARIES: [(&str, &str, u32); 5] = [
    ("cuda", "driver", 1),
    ("cublas", "cublas", 13),
    ("cublasLt", "cublaslt", 13),
    ("curand", "curand", 10),
    ("nvrtc", "nvrtc", 13),
];

/// The driver's error for a machine without a GPU.
const NO_DEVICE: u32 = 100;

/// Makes the libraries in a folder; the runtime's is the toolkit's own.
pub(super) fn make(folder: &Path, toolkit: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let sources = cudarc()?;
    for (library, module, version) in LIBRARIES {
        let source = sources.join(module).join("sys/mod.rs");
        let text = fs::read_to_string(&source);
        let text = text.with_context(|| format!("cannot read {}", source.display()))?;
        let file = folder.join(format!("lib{library}.so.{version}"));
        compile(&functions(&text), &file)?;
        link(&file, &folder.join(format!("lib{library}.so")))?;
    }
    let runtime = toolkit.join("lib/libcudart.so.13");
    link(&runtime, &folder.join("libcudart.so"))
}

fn link(file: &Path, name: &Path) -> Result<()> {
    symlink(file, name).with_context(|| format!("cannot make {}", name.display()))
}

/// The folder of the sources of `cudarc`, in the version of the lock file.
fn cudarc() -> Result<PathBuf> {
    let metadata = cargo()
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--all-features",
        ])
        .read()?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let mut packages = metadata["packages"].as_array().into_iter().flatten();
    let cudarc = packages.find(|package| package["name"] == "cudarc");
    let manifest = cudarc.and_then(|package| package["manifest_path"].as_str());
    let manifest = manifest.context("the crate cudarc is not among the dependencies")?;
    Ok(Path::new(manifest).with_file_name("src"))
}

/// The functions that a module of declarations calls.
fn functions(text: &str) -> BTreeSet<&str> {
    let declared = text.split("pub unsafe fn ").skip(1);
    let names = declared.filter_map(|rest| rest.split_once('(').map(|(name, _)| name));
    names.collect()
}

fn compile(functions: &BTreeSet<&str>, file: &Path) -> Result<()> {
    let mut text = String::new();
    for function in functions {
        writeln!(text, "int {function}(void) {{ return {NO_DEVICE}; }}")?;
    }
    let source = file.with_extension("c");
    fs::write(&source, text)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    sh("cc")
        .args(["-shared", "-fPIC", "-w"])
        .arg(format!("-Wl,-soname,{name}"))
        .arg("-o")
        .arg(file)
        .arg(&source)
        .hint("This needs a C compiler, as Rust does (Debian: gcc).")
        .run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_those_that_are_declared() {
        let text = "pub unsafe fn cuInit(Flags: u32) -> CUresult {\n    fn cuInit(Flags: u32);\n}\n\
                    pub unsafe fn cuCtxGetCurrent(pctx: *mut CUcontext) -> CUresult {\n}";
        let expected = BTreeSet::from(["cuCtxGetCurrent", "cuInit"]);
        assert_eq!(functions(text), expected);
    }
}
