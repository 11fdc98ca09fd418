//! What the hub says of a repository and of its files.

use serde::Deserialize;

/// A repository at a revision.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Repository {
    /// The commit that the revision is.
    pub(crate) sha: String,
    /// Its files.
    #[serde(default)]
    siblings: Vec<Sibling>,
    /// What the hub read in its GGUF files.
    #[serde(default)]
    gguf: Option<GgufFacts>,
}

#[derive(Clone, Debug, Deserialize)]
struct Sibling {
    rfilename: String,
}

#[derive(Clone, Debug, Deserialize)]
struct GgufFacts {
    #[serde(default)]
    architecture: Option<String>,
}

impl Repository {
    /// The paths of its files.
    pub(crate) fn files(&self) -> Vec<&str> {
        let files = self.siblings.iter();
        files.map(|file| file.rfilename.as_str()).collect()
    }

    /// `general.architecture` of its GGUF files, where the hub tells it.
    pub(crate) fn gguf_architecture(&self) -> Option<&str> {
        self.gguf.as_ref()?.architecture.as_deref()
    }
}

/// A file of a repository at a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RemoteFile {
    /// Its path in the repository.
    pub(crate) path: String,
    /// Its bytes.
    pub(crate) size: u64,
    /// What names its content: its SHA-256 for a large file, git's own hash for a small one.
    pub(crate) etag: String,
}

impl RemoteFile {
    /// The SHA-256 of its content in hexadecimal, where the hub tells it.
    pub(crate) fn sha256(&self) -> Option<&str> {
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let etag = Some(self.etag.as_str());
        etag.filter(|etag| etag.len() == 64 && etag.bytes().all(is_hex))
    }
}
