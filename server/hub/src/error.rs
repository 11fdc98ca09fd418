//! Why a model cannot be had from the hub, and what to do.

use std::{
    io,
    path::{Path, PathBuf},
};

/// The result of everything here.
pub type Result<T> = std::result::Result<T, HubError>;

/// What went wrong, where, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// Nobody answers at the hub's address.
    #[error(
        "cannot reach the hub at {endpoint}: {cause}; check the network of this machine, name a \
         proxy with HTTPS_PROXY, or a mirror with HF_ENDPOINT"
    )]
    Unreachable {
        /// The hub's address.
        endpoint: String,
        /// What the connection failed of.
        cause: String,
    },
    /// The hub has no such repository, revision or file.
    #[error("the hub at {endpoint} has no {what}: check its spelling{hint}")]
    NotFound {
        /// The hub's address.
        endpoint: String,
        /// What was asked for.
        what: String,
        /// What else may be the reason, or nothing.
        hint: &'static str,
    },
    /// The repository is for those only who accepted its terms.
    #[error(
        "{repository} is gated: accept its terms on its page at {endpoint}/{repository}, then put a \
         token of that account into HF_TOKEN where Temper runs{found}"
    )]
    Gated {
        /// The hub's address.
        endpoint: String,
        /// The repository.
        repository: String,
        /// Whether a token was sent.
        found: &'static str,
    },
    /// The hub takes no such token.
    #[error("the hub at {endpoint} does not take the token in HF_TOKEN: make a new one there")]
    BadToken {
        /// The hub's address.
        endpoint: String,
    },
    /// The hub answered something that is of no use.
    #[error("the hub at {endpoint} answered {answer}; try again later")]
    Answer {
        /// The hub's address.
        endpoint: String,
        /// The answer.
        answer: String,
    },
    /// The repository holds nothing that can be used.
    #[error("{repository} cannot be used: {reason}")]
    Unsupported {
        /// The repository.
        repository: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The disk has too little room for the files that are missing.
    #[error(
        "{needed} are to be downloaded, and the disk of {folder} has room for {free}: make room and \
         try again", folder = folder.display()
    )]
    NoRoom {
        /// How much is to be downloaded.
        needed: String,
        /// How much is free.
        free: String,
        /// The cache.
        folder: PathBuf,
    },
    /// A download broke again and again.
    #[error(
        "the download of {file} broke after {have} of {size}: {cause}; try again, it goes on from \
         there"
    )]
    Broken {
        /// The file.
        file: String,
        /// How much of it is there.
        have: String,
        /// How much of it there is.
        size: String,
        /// What broke it.
        cause: String,
    },
    /// A file that arrived is another one than the hub says.
    #[error(
        "{file} arrived with {found} and the hub says {expected}; what arrived was removed: try \
         again, and if it happens again, something between this machine and the hub changes files"
    )]
    Damaged {
        /// The file.
        file: String,
        /// What arrived.
        found: String,
        /// What should have.
        expected: String,
    },
    /// A file could not be read or written.
    #[error("{action} {path}: {source}", path = path.display())]
    Io {
        /// What was attempted, such as `cannot write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// This machine cannot make connections at all.
    #[error("cannot prepare a connection to the hub at {endpoint}: {cause}")]
    Setup {
        /// The hub's address.
        endpoint: String,
        /// Why.
        cause: String,
    },
}

impl HubError {
    /// Makes an error of a failed reading or writing.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// Whether what is in the cache may stand in: nobody could be asked.
    pub(crate) const fn is_offline(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

/// The innermost reason of an error, which says most.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
