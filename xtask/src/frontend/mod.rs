//! Builds the browser application: compiles it to WebAssembly, generates the glue, and lays out
//! the files that the server serves.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`compile`] | cargo, wasm-split and wasm-bindgen |
//! | [`bundle`] | names with content hashes, references rewritten |
//! | [`compress`] | `.br` and `.gz` beside each file |
//!
//! The module is split where the crate `frontend` says so, at functions marked `wasm_split`: the
//! first piece comes with the page, the others when a page needs them or soon after the start.
//!
//! The result is one folder: `index.html`, and `assets/` whose names carry a hash of the content,
//! so that browsers may keep them for ever. The page has no inline script or style, because the
//! content security policy allows none.

mod bundle;
mod compile;
mod compress;

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use crate::{cache, toolchain, workspace};
use bundle::Bundle;

/// The most bytes that a first visit may fetch, compressed.
const FIRST_VISIT: u64 = 400_000;

/// Options of `cargo xtask frontend`.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// Build quickly rather than small, with names in panics. For work on the pages.
    #[arg(long)]
    pub(crate) dev: bool,
}

/// Builds the application into [`workspace::assets`], unless it is there already.
pub(crate) fn build(options: Options) -> Result<()> {
    let toolchain = toolchain::prepare()?;
    let wasm = compile::compile(&toolchain, options.dev)?;
    let assets = workspace::assets();
    let stamp = assets.with_extension("stamp");
    let key = key(&wasm, options.dev)?;
    if assets.join("index.html").is_file() && fs::read_to_string(&stamp).is_ok_and(|old| old == key)
    {
        return Ok(());
    }
    let fresh = assets.with_extension("new");
    remove(&fresh)?;
    let split = compile::split(&wasm)?;
    let bound = compile::bind(&split, options.dev)?;
    lay_out(&split, &bound, &fresh, options.dev)?;
    compress::compress_folder(&fresh, options.dev)?;
    report(&fresh, options.dev)?;
    remove(&assets)?;
    fs::rename(&fresh, &assets).context("cannot move the new frontend into place")?;
    Ok(fs::write(stamp, key)?)
}

/// What the result depends on: the compiled module, the static files, and this program.
fn key(wasm: &Path, dev: bool) -> Result<String> {
    let mut parts = vec![dev.to_string(), cache::sha256_of_file(wasm)?];
    parts.push(cache::sha256_of_file(&std::env::current_exe()?)?);
    for file in files_below(&workspace::statics())? {
        parts.push(file.display().to_string());
        parts.push(cache::sha256_of_file(&file)?);
    }
    Ok(cache::sha256(parts.join("\n").as_bytes()))
}

/// Writes the page and its assets, each after what it refers to.
fn lay_out(split: &Path, bound: &Path, folder: &Path, dev: bool) -> Result<()> {
    let statics = workspace::statics();
    let mut bundle = Bundle::new(folder)?;
    for icon in files_below(&statics.join("icons"))? {
        bundle.add(&bundle::file_name(&icon), &fs::read(&icon)?)?;
    }
    bundle.add_text("style.css", &style(&statics.join("css"))?)?;
    bundle.add("temper_bg.wasm", &fs::read(bound.join("temper_bg.wasm"))?)?;
    let mut glue = fs::read_to_string(bound.join("temper.js"))?;
    let snippets = bound.join("snippets");
    for snippet in files_below(&snippets)? {
        let path = snippet
            .strip_prefix(&snippets)?
            .to_string_lossy()
            .into_owned();
        let name = path.replace('/', "-");
        bundle.add(&name, &fs::read(&snippet)?)?;
        glue = glue.replace(&format!("./snippets/{path}"), &format!("/assets/{name}"));
    }
    let mut loader = fs::read_to_string(split.join(compile::LOADER))?;
    for piece in files_below(split)? {
        let name = bundle::file_name(&piece);
        let is_later = piece.extension() == Some(OsStr::new("wasm")) && name != compile::MAIN;
        if is_later {
            let module = fs::read(&piece)?;
            let module = if dev {
                module
            } else {
                compile::without_names(&module)?
            };
            bundle.add(&name, &module)?;
            loader = loader.replace(&format!("./{name}"), &format!("/assets/{name}"));
        }
    }
    // Only where the script is fetched from: the module calls it by its old name.
    let import = |path: &str| format!("from \"{path}\"");
    ensure!(
        glue.contains(&import(compile::LOADER)),
        "the glue of the frontend imports {} in a way that is not known",
        compile::LOADER
    );
    let glue = glue.replace(&import(compile::LOADER), &import("/assets/parts.js"));
    let loader = loader.replace("./temper.js", "/assets/temper.js");
    bundle.add_circle(&[("parts.js", &loader), ("temper.js", &glue)])?;
    bundle.add_text("boot.js", &fs::read_to_string(statics.join("boot.js"))?)?;
    bundle.finish(&fs::read_to_string(statics.join("index.html"))?)
}

/// All style sheets in one: tokens, plain elements, then components by name.
fn style(folder: &Path) -> Result<String> {
    let mut sheets = vec![folder.join("tokens.css"), folder.join("base.css")];
    sheets.extend(files_below(&folder.join("components"))?);
    let mut style = String::new();
    for sheet in sheets {
        let text = fs::read_to_string(&sheet)
            .with_context(|| format!("cannot read {}", sheet.display()))?;
        style.push_str(&text);
        style.push('\n');
    }
    Ok(style)
}

/// Every file below a folder, sorted by path; none if there is no such folder.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if !folder.is_dir() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files.extend(files_below(&entry.path())?);
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

/// Prints how much a browser fetches at its first visit and how much in all; fails if the first is
/// too much.
fn report(assets: &Path, dev: bool) -> Result<()> {
    let (mut first, mut all) = (0, 0);
    for file in files_below(assets)? {
        if file.extension() != Some(OsStr::new("br")) {
            continue;
        }
        let size = fs::metadata(&file)?.len();
        let name = bundle::file_name(&file);
        let is_later = ["split_", "chunk_"]
            .iter()
            .any(|word| name.starts_with(word));
        all += size;
        first += if is_later { 0 } else { size };
    }
    println!("Frontend, with Brotli: {first} bytes at the first visit, {all} in all");
    if !dev && first > FIRST_VISIT {
        bail!(
            "the first visit fetches {first} bytes and may fetch {FIRST_VISIT}: move what its page \
             does not need into a part (frontend/src/pages/parts.rs)"
        );
    }
    Ok(())
}
