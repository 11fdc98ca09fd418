//! Compiles the CUDA kernels of `src/ops/cuda/kernels` to PTX, where the feature `cuda` is on.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const KERNELS: &str = "src/ops/cuda/kernels";

/// The oldest GPUs that the kernels run on, those of compute capability 8.0; the driver of a newer
/// one compiles the PTX for it.
const ARCHITECTURE: &str = "--gpu-architecture=compute_80";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_CUDA").is_none() {
        return Ok(());
    }
    println!("cargo:rerun-if-changed={KERNELS}");
    for variable in ["NVCC", "CUDA_HOME", "PATH"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    let nvcc = nvcc();
    let folder = PathBuf::from(env::var("OUT_DIR")?);
    for entry in fs::read_dir(KERNELS)? {
        let source = entry?.path();
        if source
            .extension()
            .is_some_and(|extension| extension == "cu")
        {
            compile(&nvcc, &source, &folder)?;
        }
    }
    Ok(())
}

/// Where candle's own build script looks, too.
fn nvcc() -> PathBuf {
    let named = env::var_os("NVCC").map(PathBuf::from);
    let home = env::var_os("CUDA_HOME").map(|home| PathBuf::from(home).join("bin/nvcc"));
    let found = named.or(home.filter(|path| path.is_file()));
    found.unwrap_or_else(|| PathBuf::from("nvcc"))
}

fn compile(nvcc: &Path, source: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let name = source.with_extension("ptx");
    let name = name.file_name().ok_or("a kernel's file has no name")?;
    let status = Command::new(nvcc)
        .args([
            "--ptx",
            ARCHITECTURE,
            "-O3",
            "-std=c++17",
            "--Werror",
            "all-warnings",
        ])
        .arg("--output-file")
        .arg(folder.join(name))
        .arg(source)
        .status()
        .map_err(|error| {
            let nvcc = nvcc.display();
            format!(
                "cannot start {nvcc}: {error}; set CUDA_HOME to a CUDA toolkit, or build by `cargo \
                 xtask cuda`, which fetches one"
            )
        })?;
    if status.success() {
        return Ok(());
    }
    Err(format!("{} cannot compile {}", nvcc.display(), source.display()).into())
}
