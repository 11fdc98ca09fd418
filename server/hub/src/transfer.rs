//! One file, from the hub to the cache: goes on where it broke, and is verified before it gets its
//! name.

use std::{
    fs::{self, File},
    io,
    path::Path,
    time::Duration,
};

use futures::StreamExt as _;
use reqwest::{Response, StatusCode, header::CONTENT_RANGE};
use sha2::{Digest as _, Sha256};
use shared::hub::HubModel;
use tokio::{fs::OpenOptions, io::AsyncWriteExt as _};

use crate::{
    cache::RepositoryFolder,
    client::Hub,
    error::{HubError, Result, root_cause},
    progress::bytes,
    repository::RemoteFile,
};

/// How often in a row a download may break without a byte more.
const ATTEMPTS: u32 = 4;

/// The wait after the first break; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// Where a file comes from and where it goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transfer<'a> {
    pub(crate) hub: &'a Hub,
    pub(crate) folder: &'a RepositoryFolder,
    pub(crate) model: &'a HubModel,
    pub(crate) commit: &'a str,
    pub(crate) file: &'a RemoteFile,
}

/// Why a part of a file ended before its end.
enum Break {
    /// The connection is gone; another may do.
    Connection(String),
    /// Another one will not do.
    Final(HubError),
}

impl Transfer<'_> {
    /// Brings the file into the cache unless it is there; `told` hears how many of its bytes are.
    pub(crate) async fn run(self, told: &(dyn Fn(u64) + Sync)) -> Result<()> {
        let _lock = self.folder.lock(self.file).await?;
        let blob = self.folder.blob(self.file);
        if !blob.is_file() {
            let partial = self.folder.partial(self.file);
            self.fill(&partial, told).await?;
            self.verify(&partial).await?;
            fs::rename(&partial, &blob).map_err(HubError::io("cannot name", &blob))?;
        }
        told(self.file.size);
        self.folder.link(self.commit, self.file)?;
        Ok(())
    }

    /// Reads until all of it is there.
    async fn fill(self, partial: &Path, told: &(dyn Fn(u64) + Sync)) -> Result<()> {
        let mut failures = 0;
        loop {
            let before = length(partial);
            if before >= self.file.size && partial.is_file() {
                return Ok(());
            }
            told(before);
            let cause = match self.read_on(partial, before, told).await {
                Ok(()) => continue,
                Err(Break::Final(error)) => return Err(error),
                Err(Break::Connection(cause)) => cause,
            };
            let have = length(partial);
            failures = if have > before { 1 } else { failures + 1 };
            if failures == ATTEMPTS {
                return Err(HubError::Broken {
                    file: self.file.path.clone(),
                    have: bytes(have),
                    size: bytes(self.file.size),
                    cause,
                });
            }
            tracing::warn!(
                file = self.file.path,
                have,
                cause,
                "a download broke; going on"
            );
            tokio::time::sleep(FIRST_WAIT * 2_u32.pow(failures - 1)).await;
        }
    }

    /// Reads from where the partial file ends to the end of the file or of the connection.
    async fn read_on(
        self,
        partial: &Path,
        from: u64,
        told: &(dyn Fn(u64) + Sync),
    ) -> std::result::Result<(), Break> {
        let path = &self.file.path;
        let sent = self.hub.read(self.model, self.commit, path, from).await;
        let response = sent.map_err(|error| match error {
            HubError::Unreachable { cause, .. } => Break::Connection(cause),
            HubError::Answer { answer, .. } => Break::Connection(answer),
            other => Break::Final(other),
        })?;
        let written = |error| Break::Final(HubError::io("cannot write", partial)(error));
        if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
            fs::remove_file(partial).map_err(written)?;
            return Err(Break::Connection(
                "it has fewer bytes than it had".to_owned(),
            ));
        }
        // A server that knows no ranges begins anew.
        let mut have = if goes_on(&response, from) { from } else { 0 };
        let mut options = OpenOptions::new();
        options
            .create(true)
            .append(have > 0)
            .write(true)
            .truncate(have == 0);
        let mut out = options.open(partial).await.map_err(written)?;
        let mut parts = response.bytes_stream();
        let mut ended = Ok(());
        while let Some(part) = parts.next().await {
            match part {
                Ok(part) => {
                    have += part.len() as u64;
                    out.write_all(&part).await.map_err(written)?;
                    told(have.min(self.file.size));
                }
                Err(error) => {
                    ended = Err(Break::Connection(root_cause(&error)));
                    break;
                }
            }
        }
        out.flush().await.map_err(written)?;
        out.sync_all().await.map_err(written)?;
        if ended.is_ok() && have < self.file.size {
            return Err(Break::Connection(
                "the hub sent less than it said".to_owned(),
            ));
        }
        ended
    }

    /// Compares what arrived with what the hub says; what differs is removed.
    async fn verify(self, partial: &Path) -> Result<()> {
        let have = length(partial);
        let (found, expected) = if have != self.file.size {
            (format!("{have} bytes"), format!("{} bytes", self.file.size))
        } else if let Some(expected) = self.file.sha256() {
            let path = partial.to_owned();
            let hashing = tokio::task::spawn_blocking(move || hash(&path)).await;
            let found = hashing.map_err(io::Error::other).flatten();
            let found = found.map_err(HubError::io("cannot read", partial))?;
            if found == expected {
                return Ok(());
            }
            (format!("the SHA-256 {found}"), expected.to_owned())
        } else {
            return Ok(());
        };
        fs::remove_file(partial).map_err(HubError::io("cannot remove", partial))?;
        Err(HubError::Damaged {
            file: self.file.path.clone(),
            found,
            expected,
        })
    }
}

/// Whether an answer continues at a byte.
fn goes_on(response: &Response, from: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE);
    let range = range.and_then(|range| range.to_str().ok());
    let start = range
        .and_then(|range| range.strip_prefix("bytes "))
        .and_then(|range| range.split('-').next())
        .and_then(|start| start.parse().ok());
    response.status() == StatusCode::PARTIAL_CONTENT && start == Some(from)
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

fn hash(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hex::encode(hasher.finalize()))
}
