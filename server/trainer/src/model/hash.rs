//! The identity of weights: a SHA-256 over the files that hold them.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::reason::unreadable;
use crate::error::Result;

const CHUNK_BYTES: usize = 1 << 20;

/// The SHA-256 of the files' bytes, one after the other, in lower-case hexadecimal.
///
/// For a single file this is what `sha256sum` prints. The files are streamed.
pub(super) fn content_hash(files: &[PathBuf]) -> Result<String> {
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    for path in files {
        let mut file = File::open(path).map_err(|source| unreadable(path, source))?;
        loop {
            let length = file
                .read(&mut chunk)
                .map_err(|source| unreadable(path, source))?;
            if length == 0 {
                break;
            }
            hasher.update(&chunk[..length]);
        }
    }
    Ok(hexadecimal(&hasher.finalize()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_hashes_as_sha256sum_does_and_two_as_their_concatenation() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&first, "ab").unwrap();
        std::fs::write(&second, "c").unwrap();
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(content_hash(&[first, second]).unwrap(), of_abc);
    }
}
