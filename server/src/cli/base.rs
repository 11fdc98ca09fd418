//! The base model of a command: a file or a folder, or one of the hub by its name.

use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};
use clap::{Args, builder::FalseyValueParser};
use hub::{Cache, Fetch, Fetched, Hub, Progress};
use shared::hub::HubModel;
use tokio::sync::watch;

use crate::{
    config::{HubConfig, Secret},
    services::model_downloads::TrainerReader,
};

/// How often a download tells how far it is.
const PERIOD: Duration = Duration::from_secs(2);

/// Where base models of the hub come from, and where they are kept.
#[derive(Args, Clone, Debug)]
pub(super) struct HubArgs {
    #[command(flatten)]
    hub: HubConfig,
    /// The folder in which Hugging Face's programs keep what they download; by default
    /// `~/.cache/huggingface`. Its folder `hub` holds the models.
    #[arg(long, env = "HF_HOME")]
    hf_home: Option<PathBuf>,
    /// The folder of downloaded models itself, wherever that is.
    #[arg(long, env = "HF_HUB_CACHE")]
    hf_hub_cache: Option<PathBuf>,
    /// Download nothing: a model of the hub must have been downloaded before.
    #[arg(long, env = "HF_HUB_OFFLINE", value_parser = FalseyValueParser::new())]
    offline: bool,
}

/// A base model that is on the disk.
#[derive(Clone, Debug)]
pub(super) struct Base {
    /// A folder with safetensors, or a GGUF file.
    pub(super) path: PathBuf,
    /// What it is called in records: a name on the hub with the commit, or a path.
    pub(super) name: String,
}

impl HubArgs {
    /// The base model that a text names: a file or folder if there is one, else one of the hub, which
    /// is downloaded unless it is there.
    pub(super) async fn base(&self, text: &str) -> anyhow::Result<Base> {
        if Path::new(text).exists() {
            return Ok(Base {
                path: PathBuf::from(text),
                name: text.to_owned(),
            });
        }
        let model: HubModel = match text.parse() {
            Ok(model) => model,
            Err(reason) => {
                bail!("there is no file or folder {text}, and as a model of the hub {reason}")
            }
        };
        let fetched = self.fetch(&model).await.with_context(|| {
            format!("{text} is no file or folder here, and cannot be had from the hub")
        })?;
        tracing::info!(model = %fetched.model, path = %fetched.path.display(), "base model");
        Ok(Base {
            path: fetched.path,
            name: fetched.model.to_string(),
        })
    }

    async fn fetch(&self, model: &HubModel) -> anyhow::Result<Fetched> {
        let cache = Cache::at(self.cache()?);
        if self.offline {
            return cache
                .find(model)
                .context("it is not in the cache, and nothing may be downloaded (HF_HUB_OFFLINE)");
        }
        let token = self.hub.hf_token.as_ref().map(Secret::reveal);
        let progress = watch::Sender::default();
        let telling = tokio::spawn(tell(progress.subscribe()));
        let fetch = Fetch {
            hub: &Hub::new(&self.hub.hf_endpoint, token)?,
            cache: &cache,
            reader: &TrainerReader,
            progress: &progress,
        };
        let fetched = fetch.model(model).await;
        telling.abort();
        Ok(fetched?)
    }

    /// The folder of downloaded models.
    fn cache(&self) -> anyhow::Result<PathBuf> {
        if let Some(cache) = &self.hf_hub_cache {
            return Ok(cache.clone());
        }
        let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
        let home = self.hf_home.clone().or_else(|| {
            let caches = variable("XDG_CACHE_HOME").map(PathBuf::from);
            let caches = caches.or_else(|| Some(Path::new(&variable("HOME")?).join(".cache")));
            Some(caches?.join("huggingface"))
        });
        let home = home.context("there is no home folder to keep models in: give --hf-home")?;
        Ok(home.join("hub"))
    }
}

/// Tells on the console how far a download is, as long as it goes on.
#[expect(clippy::print_stderr, reason = "for the person at the console")]
async fn tell(mut progress: watch::Receiver<Progress>) {
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        match progress.has_changed() {
            Ok(true) => eprintln!("{}", *progress.borrow_and_update()),
            Ok(false) => {}
            Err(_) => return,
        }
    }
}
