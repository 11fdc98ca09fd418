//! One download, from a name to files that can be loaded.

use std::{
    fs,
    path::{Path, PathBuf},
};

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use shared::hub::HubModel;
use tokio::sync::watch;

use crate::{
    cache::{Cache, RepositoryFolder},
    choice::{CONFIG, Choice, INDEX, choose},
    client::Hub,
    error::{HubError, Result},
    progress::{Progress, bytes},
    repository::{RemoteFile, Repository},
    transfer::Transfer,
};

/// How many files are asked about at once.
const ASKED_AT_ONCE: usize = 8;

/// How much room is left on the disk beside what is downloaded.
const SPARE: u64 = 64 << 20;

/// Knows which models can be used, before their weights are there. The texts say why not.
pub trait Reader: std::fmt::Debug + Send + Sync {
    /// Whether a `config.json` is of a model that can be used.
    fn check_config(&self, path: &Path) -> std::result::Result<(), String>;

    /// Whether GGUF files of an architecture can be used.
    fn check_gguf(&self, architecture: &str) -> std::result::Result<(), String>;
}

/// A model that is on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// A folder with safetensors, or a GGUF file.
    pub path: PathBuf,
    /// What it is, at its commit.
    pub model: HubModel,
}

/// What a download needs. Dropping one that runs interrupts it; the next goes on from there.
#[derive(Clone, Copy, Debug)]
pub struct Fetch<'a> {
    /// Where models come from.
    pub hub: &'a Hub,
    /// Where they go.
    pub cache: &'a Cache,
    /// Knows which can be used.
    pub reader: &'a dyn Reader,
    /// Hears how far it is.
    pub progress: &'a watch::Sender<Progress>,
}

impl Fetch<'_> {
    /// Brings a model into the cache. One that is there at the commit it names is taken as it is;
    /// for a branch or a tag the hub is asked, and what is there serves where nobody answers.
    ///
    /// # Errors
    /// Each says what, where and what to do; see [`HubError`].
    pub async fn model(self, model: &HubModel) -> Result<Fetched> {
        if model.commit().is_some()
            && let Some(found) = self.cache.find(model)
        {
            return Ok(found);
        }
        match self.hub.repository(model).await {
            Ok(repository) => self.download(model, &repository).await,
            Err(error) if error.is_offline() => {
                let found = self.cache.find(model);
                if let Some(found) = &found {
                    tracing::warn!(%error, model = %found.model, "the cache serves instead");
                }
                found.ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn download(self, model: &HubModel, repository: &Repository) -> Result<Fetched> {
        let unusable = |reason| HubError::Unsupported {
            repository: model.repository.clone(),
            reason,
        };
        let folder = self.cache.repository(&model.repository);
        folder.prepare()?;
        let work = Work {
            fetch: self,
            folder: &folder,
            model,
            commit: &repository.sha,
        };
        let choice = choose(&repository.files(), model.file.as_deref()).map_err(unusable)?;
        let path = match &choice {
            Choice::Gguf(file) => {
                if let Some(architecture) = repository.gguf_architecture() {
                    self.reader.check_gguf(architecture).map_err(unusable)?;
                }
                work.bring(std::slice::from_ref(file)).await?;
                work.snapshot().join(file)
            }
            Choice::Folder { small, weights } => {
                work.bring(small).await?;
                let config = work.snapshot().join(CONFIG);
                self.reader.check_config(&config).map_err(unusable)?;
                let index = work.index()?;
                let files = weights.files(index.as_ref()).map_err(unusable)?;
                work.bring(&files).await?;
                work.snapshot()
            }
        };
        folder.note(model.revision(), &repository.sha)?;
        Ok(Fetched {
            path,
            model: model.at(&repository.sha),
        })
    }
}

/// A download under way.
#[derive(Clone, Copy)]
struct Work<'a> {
    fetch: Fetch<'a>,
    folder: &'a RepositoryFolder,
    model: &'a HubModel,
    commit: &'a str,
}

impl Work<'_> {
    fn snapshot(&self) -> PathBuf {
        self.folder.snapshot(self.commit)
    }

    /// What the index of shards says, if it was fetched.
    fn index(&self) -> Result<Option<Value>> {
        let path = self.snapshot().join(INDEX);
        if !path.is_file() {
            return Ok(None);
        }
        let text = fs::read(&path).map_err(HubError::io("cannot read", &path))?;
        let parsed = serde_json::from_slice(&text);
        parsed.map(Some).map_err(|_| HubError::Unsupported {
            repository: self.model.repository.clone(),
            reason: format!("its {INDEX} is no JSON"),
        })
    }

    /// Brings files into the snapshot.
    async fn bring(&self, paths: &[String]) -> Result<()> {
        let Fetch { hub, progress, .. } = self.fetch;
        let mut questions = Vec::new();
        for path in paths {
            questions.push(hub.file(self.model, self.commit, path));
        }
        let questions = futures::stream::iter(questions).buffered(ASKED_AT_ONCE);
        let files: Vec<RemoteFile> = questions.try_collect().await?;
        self.expect_room(&files)?;
        let total = files.iter().map(|file| file.size).sum();
        let mut before = 0;
        for file in &files {
            let told = |done| {
                progress.send_replace(Progress {
                    file: file.path.clone(),
                    done: before + done,
                    total,
                });
            };
            let transfer = Transfer {
                hub,
                folder: self.folder,
                model: self.model,
                commit: self.commit,
                file,
            };
            transfer.run(&told).await?;
            before += file.size;
        }
        Ok(())
    }

    /// Refuses to begin what the disk has no room for.
    fn expect_room(&self, files: &[RemoteFile]) -> Result<()> {
        let missing = files.iter().map(|file| self.folder.missing(file));
        let needed: u64 = missing.sum();
        let folder = self.folder.path();
        let stat = rustix::fs::statvfs(folder).map_err(|error| {
            HubError::io("cannot ask for the room on the disk of", folder)(error.into())
        })?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        if needed > 0 && needed.saturating_add(SPARE) > free {
            return Err(HubError::NoRoom {
                needed: bytes(needed),
                free: bytes(free),
                folder: folder.to_owned(),
            });
        }
        Ok(())
    }
}
