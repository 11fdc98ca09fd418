//! From Rust to a module that a browser can load.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::{
    sh,
    toolchain::{TARGET, Toolchain},
    workspace,
};

/// Compiles the crate `frontend`; answers the module's path.
///
/// The folder is not the one of the native builds: their flags differ, and sharing it would make
/// each build throw away what the other made.
pub(super) fn compile(toolchain: &Toolchain, dev: bool) -> Result<PathBuf> {
    let profile = if dev { "wasm-dev" } else { "wasm" };
    let folder = workspace::target().join(format!("wasm{}", toolchain.folder_suffix));
    sh::cargo()
        .args([
            "build",
            "--package",
            "frontend",
            "--lib",
            "--target",
            TARGET,
        ])
        .args(["--profile", profile, "--target-dir"])
        .arg(&folder)
        .envs(&toolchain.env)
        // Flags and libraries of the native build are not for this one.
        .env("RUSTFLAGS", "--cfg erase_components")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("LD_LIBRARY_PATH")
        .run()?;
    Ok(folder.join(TARGET).join(profile).join("frontend.wasm"))
}

/// Makes the module's glue; answers the folder of both.
pub(super) fn bind(wasm: &Path, dev: bool) -> Result<PathBuf> {
    let folder = wasm.with_file_name("bound");
    super::remove(&folder)?;
    Bindgen::new()
        .input_path(wasm)
        .out_name("temper")
        .web(true)
        .and_then(|bindgen| {
            bindgen
                .typescript(false)
                .omit_default_module_path(true)
                .remove_name_section(!dev)
                .remove_producers_section(true)
                .generate(&folder)
        })
        .with_context(|| format!("cannot make the glue of {}", wasm.display()))?;
    Ok(folder)
}
