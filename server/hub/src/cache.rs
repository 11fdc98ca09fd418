//! The cache on disk, laid out as Hugging Face's own programs lay it out, so that what one of them
//! has downloaded is here for all.
//!
//! `models--owner--name/` holds `blobs/` with each content under its `ETag`, `snapshots/<commit>/`
//! with links to them under their names, and `refs/` with the commit of each branch. A link is made
//! only once its content is verified.

use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;
use shared::hub::{HubModel, is_commit};

use crate::{
    choice::{Choice, INDEX, choose},
    error::{HubError, Result},
    fetch::Fetched,
    repository::RemoteFile,
};

/// How often a lock is looked at that somebody else holds.
const LOCK_PERIOD: Duration = Duration::from_millis(200);

/// A cache of repositories.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The cache in a folder, which is made when it is needed.
    #[must_use]
    pub const fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// The model as it was downloaded before, if all of it is there.
    #[must_use]
    pub fn find(&self, model: &HubModel) -> Option<Fetched> {
        let folder = self.repository(&model.repository);
        let commit = match model.commit() {
            Some(commit) => commit.to_owned(),
            None => folder.commit_of(model.revision())?,
        };
        let snapshot = folder.snapshot(&commit);
        let path = match &model.file {
            Some(file) => Some(snapshot.join(file)).filter(|path| path.is_file()),
            None => is_whole(&snapshot).then_some(snapshot),
        };
        Some(Fetched {
            path: path?,
            model: model.at(&commit),
        })
    }

    /// The part of a repository.
    pub(crate) fn repository(&self, repository: &str) -> RepositoryFolder {
        let name = format!("models--{}", repository.replace('/', "--"));
        RepositoryFolder {
            locks: self.root.join(".locks").join(&name),
            path: self.root.join(name),
        }
    }
}

/// Whether a snapshot has every file that would be fetched.
fn is_whole(snapshot: &Path) -> bool {
    let Ok(entries) = fs::read_dir(snapshot) else {
        return false;
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    let names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let Ok(Choice::Folder { weights, .. }) = choose(&names, None) else {
        return false;
    };
    let index = fs::read(snapshot.join(INDEX)).unwrap_or_default();
    let index: Option<Value> = serde_json::from_slice(&index).ok();
    let files = weights.files(index.as_ref()).unwrap_or_default();
    let is_there = |name: &String| snapshot.join(name).is_file();
    !files.is_empty() && files.iter().all(is_there)
}

/// What the cache holds of one repository.
#[derive(Debug)]
pub(crate) struct RepositoryFolder {
    path: PathBuf,
    locks: PathBuf,
}

impl RepositoryFolder {
    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The content of a file.
    pub(crate) fn blob(&self, file: &RemoteFile) -> PathBuf {
        self.path.join("blobs").join(&file.etag)
    }

    /// The content of a file as far as it has come.
    pub(crate) fn partial(&self, file: &RemoteFile) -> PathBuf {
        let name = format!("{}.incomplete", file.etag);
        self.path.join("blobs").join(name)
    }

    /// How many bytes of a file are still to come.
    pub(crate) fn missing(&self, file: &RemoteFile) -> u64 {
        if self.blob(file).is_file() {
            return 0;
        }
        let have = fs::metadata(self.partial(file)).map_or(0, |metadata| metadata.len());
        file.size.saturating_sub(have)
    }

    /// The files of a commit.
    pub(crate) fn snapshot(&self, commit: &str) -> PathBuf {
        self.path.join("snapshots").join(commit)
    }

    /// Makes the folders that are written into.
    pub(crate) fn prepare(&self) -> Result<()> {
        for folder in [&self.path.join("blobs"), &self.locks] {
            fs::create_dir_all(folder).map_err(HubError::io("cannot make", folder))?;
        }
        Ok(())
    }

    /// Waits until nobody else downloads a file; the lock ends with what is returned.
    pub(crate) async fn lock(&self, file: &RemoteFile) -> Result<File> {
        let path = self.locks.join(format!("{}.lock", file.etag));
        let lock = File::create(&path).map_err(HubError::io("cannot write", &path))?;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(lock),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_PERIOD).await,
                Err(TryLockError::Error(error)) => {
                    return Err(HubError::io("cannot lock", &path)(error));
                }
            }
        }
    }

    /// Names a verified content in a snapshot.
    pub(crate) fn link(&self, commit: &str, file: &RemoteFile) -> Result<PathBuf> {
        let path = self.snapshot(commit).join(&file.path);
        let parent = path.parent().unwrap_or(&self.path);
        fs::create_dir_all(parent).map_err(HubError::io("cannot make", parent))?;
        let depth = file.path.split('/').count() + 1;
        let target = Path::new(&"../".repeat(depth))
            .join("blobs")
            .join(&file.etag);
        // Whatever stands there now names an older content, or one that is gone.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(HubError::io("cannot replace", &path)(error));
            }
            _ => {}
        }
        std::os::unix::fs::symlink(target, &path).map_err(HubError::io("cannot write", &path))?;
        Ok(path)
    }

    /// Notes the commit of a branch or tag.
    pub(crate) fn note(&self, revision: &str, commit: &str) -> Result<()> {
        if is_commit(revision) {
            return Ok(());
        }
        let path = self.path.join("refs").join(revision);
        let write = || -> io::Result<()> {
            fs::create_dir_all(path.parent().unwrap_or(&self.path))?;
            fs::write(&path, commit)
        };
        write().map_err(HubError::io("cannot write", &path))
    }

    /// The commit that a branch or tag was when it was last asked for.
    fn commit_of(&self, revision: &str) -> Option<String> {
        let commit = fs::read_to_string(self.path.join("refs").join(revision)).ok()?;
        let commit = commit.trim();
        is_commit(commit).then(|| commit.to_owned())
    }
}
