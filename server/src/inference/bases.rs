//! The few bases in memory, with the adapters that were used on them.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{Semaphore, SemaphorePermit};
use trainer::{
    adapter::{self, Adapter},
    device,
    engine::Model,
    model::{LoadedModel, load},
};

use super::{BestOfFiles, BestOfInUse, InferenceError, ModelInUse};
use crate::app::App;

/// Bases that are kept in memory at most, but for those in use.
const MAX_BASES: usize = 2;

/// Adapters that are kept for one base at most.
const MAX_ADAPTERS: usize = 4;

/// Conversations that are answered at the same time at most.
const MAX_CHATS: usize = 2;

/// How long a base is kept after its last use.
const KEEP: Duration = Duration::from_mins(5);

/// How often it is looked for idle bases.
const SWEEP_INTERVAL: Duration = Duration::from_secs(30);

/// Where the files of a model version are, and the hashes under which they were registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFiles {
    /// What people call it.
    pub name: String,
    /// The base's folder or GGUF file.
    pub base: PathBuf,
    /// The hash of the base's weights; absent where nobody registered them.
    pub base_hash: Option<String>,
    /// The adapter's folder, for an adapter.
    pub adapter: Option<PathBuf>,
}

/// A base in memory.
#[derive(Debug)]
pub(super) struct Base {
    pub(super) loaded: LoadedModel,
    pub(super) model: Model,
}

#[derive(Debug)]
struct Held {
    path: PathBuf,
    base: Arc<Base>,
    adapters: Vec<(PathBuf, Arc<Adapter>)>,
    used: Instant,
}

/// The models in memory.
#[derive(Debug)]
pub struct Inference {
    held: Mutex<Vec<Held>>,
    /// Held while a base is loaded, so that nobody loads the same one beside it.
    loading: Mutex<()>,
    turns: Semaphore,
}

impl Default for Inference {
    fn default() -> Self {
        Self {
            held: Mutex::default(),
            loading: Mutex::default(),
            turns: Semaphore::new(MAX_CHATS),
        }
    }
}

impl Inference {
    /// Waits for a turn to answer somebody, and holds it until the answer is dropped: many at once
    /// would only slow each other down.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }

    /// A model version ready to answer, loaded if it is not in memory. Blocks.
    ///
    /// # Errors
    /// [`InferenceError::Refused`] where a file is missing, damaged, or not the one that was
    /// registered.
    pub fn open(&self, files: &ModelFiles) -> Result<ModelInUse, InferenceError> {
        let (base, adapter) = self.open_files(files)?;
        if let Some(adapter) = &adapter {
            adapter.expect_answers("adapter")?;
        }
        Ok(ModelInUse::new(base, adapter))
    }

    /// A reward model ready to choose among answers, loaded as [`open`](Self::open) does. Blocks.
    ///
    /// # Errors
    /// [`InferenceError::Refused`] as there, and for an adapter that does not score.
    pub fn open_best_of(&self, files: &BestOfFiles) -> Result<BestOfInUse, InferenceError> {
        let (base, adapter) = self.open_files(&files.reward_model)?;
        let adapter = adapter.filter(|adapter| adapter.score().is_some());
        let adapter = adapter.ok_or_else(|| {
            InferenceError::Refused(format!(
                "{} has no head that scores: give the adapter of a `reward` run",
                files.reward_model.name
            ))
        })?;
        Ok(BestOfInUse {
            answers: files.answers,
            base,
            adapter,
            system: files.system.clone(),
        })
    }

    fn open_files(
        &self,
        files: &ModelFiles,
    ) -> Result<(Arc<Base>, Option<Arc<Adapter>>), InferenceError> {
        let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let base = match self.find(files) {
            Some(base) => base,
            None => self.load(files)?,
        };
        if let Some(expected) = &files.base_hash
            && base.loaded.content_hash != *expected
        {
            let path = files.base.display();
            return Err(InferenceError::Refused(format!(
                "the files at {path} are not those that were registered: put the old ones back, \
                 or register the new ones as a version of their own"
            )));
        }
        let adapter = files
            .adapter
            .as_ref()
            .map(|path| self.adapter(files, &base, path));
        let adapter = adapter.transpose()?;
        Ok((base, adapter))
    }

    /// Frees the bases that nobody has used for a while; answers how many are left.
    pub fn drop_idle(&self, now: Instant) -> usize {
        let mut held = self.held();
        for base in held.iter_mut() {
            if Arc::strong_count(&base.base) > 1 {
                base.used = now;
            }
        }
        held.retain(|base| now.saturating_duration_since(base.used) < KEEP);
        held.len()
    }

    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, files: &ModelFiles) -> Option<Arc<Base>> {
        let mut held = self.held();
        let fits = |base: &Held| {
            let hash = &base.base.loaded.content_hash;
            base.path == files.base && files.base_hash.as_ref().is_none_or(|wanted| wanted == hash)
        };
        let found = held.iter_mut().find(|base| fits(base))?;
        found.used = Instant::now();
        Some(found.base.clone())
    }

    /// Loads a base, after room was made for it.
    fn load(&self, files: &ModelFiles) -> Result<Arc<Base>, InferenceError> {
        let mut held = self.held();
        held.retain(|base| base.path != files.base);
        held.sort_by_key(|base| std::cmp::Reverse(base.used));
        // One that is in use stays in memory anyway: forgotten, it would be loaded a second time.
        let mut others = 0;
        held.retain(|base| {
            others += 1;
            others < MAX_BASES || Arc::strong_count(&base.base) > 1
        });
        drop(held);
        let loaded = load(&files.base, &device::open("auto")?)?;
        let model = Model::new(loaded.config.clone(), loaded.weights.clone());
        let base = Arc::new(Base { loaded, model });
        self.held().push(Held {
            path: files.base.clone(),
            base: base.clone(),
            adapters: Vec::new(),
            used: Instant::now(),
        });
        Ok(base)
    }

    fn adapter(
        &self,
        files: &ModelFiles,
        base: &Base,
        path: &PathBuf,
    ) -> Result<Arc<Adapter>, InferenceError> {
        let mut held = self.held();
        let known = held.iter_mut().find(|held| held.path == files.base);
        let kept = known.and_then(|held| held.adapters.iter().find(|(kept, _)| kept == path));
        if let Some((_, adapter)) = kept {
            return Ok(adapter.clone());
        }
        drop(held);
        let (adapter, _) = adapter::load(path, &base.loaded.config, base.model.device())?;
        let adapter = Arc::new(adapter);
        let mut held = self.held();
        if let Some(held) = held.iter_mut().find(|held| held.path == files.base) {
            held.adapters.truncate(MAX_ADAPTERS - 1);
            held.adapters.insert(0, (path.clone(), adapter.clone()));
        }
        Ok(adapter)
    }
}

/// Frees idle bases from time to time, until the server stops.
pub async fn sweep(app: App) {
    let stop = app.lifecycle.soft();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SWEEP_INTERVAL) => {
                app.inference.drop_idle(Instant::now());
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::inference) fn tiny() -> ModelFiles {
        let fixtures = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/trainer/tests/reference/fixtures"
        );
        ModelFiles {
            name: "Tiny 1".to_owned(),
            base: PathBuf::from(fixtures).join("tiny-llama"),
            base_hash: None,
            adapter: Some(PathBuf::from(fixtures).join("adapter-random")),
        }
    }

    #[test]
    fn a_base_is_loaded_once_and_freed_when_idle() {
        let inference = Inference::default();
        let with_adapter = inference.open(&tiny()).unwrap();
        let plain = ModelFiles {
            adapter: None,
            ..tiny()
        };
        let without = inference.open(&plain).unwrap();
        assert!(with_adapter.shares_base_with(&without));
        let later = Instant::now() + 2 * KEEP;
        assert_eq!(inference.drop_idle(later), 1, "it is in use");
        drop((with_adapter, without));
        assert_eq!(inference.drop_idle(later + 2 * KEEP), 0);
    }

    #[test]
    fn adapters_on_one_base_share_it_and_a_reward_model_does_too() {
        let inference = Inference::default();
        let random = inference.open(&tiny()).unwrap();
        let folder = tiny().base.with_file_name("adapter-fresh");
        let fresh = ModelFiles {
            adapter: Some(folder),
            ..tiny()
        };
        let fresh = inference.open(&fresh).unwrap();
        assert!(random.shares_base_with(&fresh));
        let reward_model = ModelFiles {
            adapter: Some(tiny().base.with_file_name("adapter-reward")),
            ..tiny()
        };
        let refused = inference.open(&reward_model).unwrap_err().to_string();
        assert!(refused.contains("reward model"), "{refused}");
        let best_of = |reward_model| BestOfFiles {
            answers: 2,
            reward_model,
            system: None,
        };
        let chooser = inference.open_best_of(&best_of(reward_model)).unwrap();
        assert!(Arc::ptr_eq(&random.base, &chooser.base));
        assert_eq!(inference.held().len(), 1);
        let refused = inference.open_best_of(&best_of(tiny())).unwrap_err();
        assert!(refused.to_string().contains("no head that scores"));
    }

    #[test]
    fn a_base_in_use_is_not_loaded_a_second_time_after_others_were() {
        let inference = Inference::default();
        let folder = tempfile::tempdir().unwrap();
        let plain = |name: &str| {
            let base = folder.path().join(name);
            std::fs::create_dir_all(&base).unwrap();
            for file in std::fs::read_dir(tiny().base).unwrap() {
                let file = file.unwrap();
                std::fs::copy(file.path(), base.join(file.file_name())).unwrap();
            }
            ModelFiles {
                base,
                adapter: None,
                ..tiny()
            }
        };
        let first = inference.open(&plain("one")).unwrap();
        for other in ["two", "three", "four"] {
            inference.open(&plain(other)).unwrap();
        }
        let again = inference.open(&plain("one")).unwrap();
        assert!(first.shares_base_with(&again));
        assert_eq!(inference.held().len(), MAX_BASES + 1);
    }

    #[test]
    fn files_that_were_changed_after_they_were_registered_are_refused() {
        let files = ModelFiles {
            base_hash: Some("0".repeat(64)),
            ..tiny()
        };
        let error = Inference::default().open(&files).unwrap_err().to_string();
        assert!(error.contains("not those that were registered"), "{error}");
    }
}
