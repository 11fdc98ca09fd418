//! Reads the folder of the built frontend.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
};

use axum::body::Bytes;

use super::{Parts, file::File};

/// Reads the page and all assets of a folder.
pub(super) fn read(folder: &Path) -> io::Result<Parts> {
    let page = read_file(&folder.join("index.html"))?;
    let mut files = HashMap::new();
    for path in originals(&folder.join("assets"))? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        files.insert(format!("/assets/{name}"), read_file(&path)?);
    }
    Ok(Parts {
        page: Some(page),
        files,
    })
}

/// The files of a folder, without the compressed forms of others.
fn originals(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let is_compressed = path
            .extension()
            .is_some_and(|extension| extension == "br" || extension == "gz");
        if entry.file_type()?.is_file() && !is_compressed {
            files.push(path);
        }
    }
    Ok(files)
}

fn read_file(path: &Path) -> io::Result<File> {
    let content = fs::read(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    Ok(File::new(
        content_type(path),
        content.into(),
        read_beside(path, "br")?,
        read_beside(path, "gz")?,
    ))
}

/// A compressed form of a file, if there is one.
fn read_beside(path: &Path, extension: &str) -> io::Result<Option<Bytes>> {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    match fs::read(PathBuf::from(name)) {
        Ok(content) => Ok(Some(content.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(std::ffi::OsStr::to_str) {
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("webmanifest") => "application/manifest+json",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
