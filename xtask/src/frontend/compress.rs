//! Compresses once what would otherwise be compressed at each request.

use std::{
    ffi::OsStr,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context as _, Result};
use flate2::{Compression, write::GzEncoder};

/// File types that get smaller.
const COMPRESSIBLE: [&str; 6] = ["css", "html", "js", "json", "svg", "wasm"];

/// Writes `.br` and `.gz` beside each file below a folder.
pub(super) fn compress_folder(folder: &Path, dev: bool) -> Result<()> {
    let files = super::files_below(folder)?;
    let files = files.iter().filter(|file| {
        let extension = file.extension().and_then(OsStr::to_str);
        extension.is_some_and(|extension| COMPRESSIBLE.contains(&extension))
    });
    thread::scope(|scope| {
        let threads: Vec<_> = files
            .map(|file| scope.spawn(move || compress_file(file, dev)))
            .collect();
        threads.into_iter().try_for_each(|thread| {
            thread
                .join()
                .map_err(|_| anyhow::anyhow!("compressing a file panicked"))?
        })
    })
}

fn compress_file(path: &Path, dev: bool) -> Result<()> {
    let bytes = fs::read(path)?;
    write_if_smaller(
        path,
        "br",
        &bytes,
        &brotli(&bytes, if dev { 4 } else { 11 })?,
    )?;
    write_if_smaller(path, "gz", &bytes, &gzip(&bytes)?)
}

fn write_if_smaller(path: &Path, suffix: &str, plain: &[u8], compressed: &[u8]) -> Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    let path = PathBuf::from(name);
    if compressed.len() < plain.len() {
        fs::write(&path, compressed).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn brotli(bytes: &[u8], quality: i32) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let params = brotli::enc::BrotliEncoderParams {
        quality,
        size_hint: bytes.len(),
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &bytes[..], &mut out, &params)?;
    Ok(out)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn both_forms_unpack_to_the_original() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.css");
        let text = "body { margin: 0; }\n".repeat(100);
        fs::write(&path, &text).unwrap();
        compress_folder(folder.path(), true).unwrap();

        let mut unpacked = Vec::new();
        let packed = fs::read(folder.path().join("a.css.br")).unwrap();
        brotli::BrotliDecompress(&mut packed.as_slice(), &mut unpacked).unwrap();
        assert_eq!(unpacked, text.as_bytes());

        let packed = fs::read(folder.path().join("a.css.gz")).unwrap();
        let mut unpacked = String::new();
        let mut decoder = flate2::read::GzDecoder::new(packed.as_slice());
        decoder.read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, text);
    }

    #[test]
    fn nothing_is_written_that_saves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.js"), "1").unwrap();
        compress_folder(folder.path(), true).unwrap();
        assert!(!folder.path().join("a.js.br").exists());
    }
}
