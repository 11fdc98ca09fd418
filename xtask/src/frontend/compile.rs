//! From Rust to a module that a browser can load.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow};
use wasm_bindgen_cli_support::Bindgen;

use crate::{
    sh,
    toolchain::{TARGET, Toolchain},
    workspace,
};

/// What the files that the browser loads are called.
const NAME: &str = "temper";

/// The first piece, before it has its glue.
pub(super) const MAIN: &str = "main.wasm";

/// The script that fetches the other pieces.
pub(super) const LOADER: &str = "./parts.js";

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
        // The relocations are what the module is split by.
        .env(
            "RUSTFLAGS",
            "--cfg erase_components -C link-args=--emit-relocs",
        )
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("LD_LIBRARY_PATH")
        .run()?;
    Ok(folder.join(TARGET).join(profile).join("frontend.wasm"))
}

/// Splits the module into what is fetched at the start and what is fetched when it is needed;
/// answers the folder of all pieces and of the script that loads them.
pub(super) fn split(wasm: &Path) -> Result<PathBuf> {
    let folder = wasm.with_file_name("split");
    super::remove(&folder)?;
    let module = fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    let main = folder.join(MAIN);
    let glue = format!("./{NAME}.js");
    let mut options = wasm_split_cli_support::Options::new(&module);
    options.output_dir = &folder;
    options.main_out_path = &main;
    options.link_name = LOADER;
    options.main_module = &glue;
    wasm_split_cli_support::transform(options)
        .map_err(|error| anyhow!("cannot split {}: {error:#}", wasm.display()))?;
    Ok(folder)
}

/// A module without its custom sections: names of functions and the like, which a browser does not
/// need.
pub(super) fn without_names(module: &[u8]) -> Result<Vec<u8>> {
    let mut stripped = wasm_encoder::Module::new();
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        let payload = payload.context("a piece of the frontend is no WebAssembly")?;
        if matches!(payload, wasmparser::Payload::CustomSection(_)) {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            let data = &module[usize::try_from(range.start)?..usize::try_from(range.end)?];
            stripped.section(&wasm_encoder::RawSection { id, data });
        }
    }
    Ok(stripped.finish())
}

/// Makes the glue of the first piece; answers the folder of both.
pub(super) fn bind(split: &Path, dev: bool) -> Result<PathBuf> {
    let folder = split.with_file_name("bound");
    super::remove(&folder)?;
    Bindgen::new()
        .input_path(split.join(MAIN))
        .out_name(NAME)
        .web(true)
        .and_then(|bindgen| {
            bindgen
                // The other pieces import what the linker and the splitter named.
                .keep_lld_exports(true)
                .demangle(false)
                .typescript(false)
                .omit_default_module_path(true)
                .remove_name_section(!dev)
                .remove_producers_section(true)
                .generate(&folder)
        })
        .with_context(|| format!("cannot make the glue of {}", split.display()))?;
    Ok(folder)
}
