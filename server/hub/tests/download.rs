//! Downloads from a hub on this machine, with the small random models of the trainer's fixtures.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use hub::{
    Cache, Fetch, Fetched, Hub, HubError, Progress, Reader,
    testing::{FakeHub, FakeRepository},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;

const TINY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../trainer/tests/reference/fixtures/tiny-llama"
);

/// Takes Llama only.
#[derive(Debug)]
struct OnlyLlama;

impl Reader for OnlyLlama {
    fn check_config(&self, path: &Path) -> Result<(), String> {
        let config: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        self.check_gguf(config["model_type"].as_str().unwrap())
    }

    fn check_gguf(&self, architecture: &str) -> Result<(), String> {
        match architecture {
            "llama" => Ok(()),
            other => Err(format!("{other} is not supported")),
        }
    }
}

/// A hub with one repository, and a cache.
struct Scene {
    hub: FakeHub,
    commit: String,
    folder: TempDir,
    progress: watch::Sender<Progress>,
}

impl Scene {
    async fn with(repository: FakeRepository) -> Self {
        let hub = FakeHub::start().await;
        Self {
            commit: hub.put("o/tiny", repository),
            hub,
            folder: TempDir::new().unwrap(),
            progress: watch::Sender::default(),
        }
    }

    async fn tiny() -> Self {
        Self::with(FakeRepository::of_folder(Path::new(TINY))).await
    }

    async fn fetch_as(&self, model: &str, token: Option<&str>) -> hub::Result<Fetched> {
        let fetch = Fetch {
            hub: &Hub::new(&self.hub.endpoint(), token).unwrap(),
            cache: &Cache::at(self.folder.path().to_owned()),
            reader: &OnlyLlama,
            progress: &self.progress,
        };
        fetch.model(&model.parse().unwrap()).await
    }

    async fn fetch(&self, model: &str) -> hub::Result<Fetched> {
        self.fetch_as(model, None).await
    }

    async fn refused(&self, model: &str) -> String {
        self.fetch(model).await.unwrap_err().to_string()
    }

    fn blobs(&self) -> Vec<PathBuf> {
        let folder = self.folder.path().join("models--o--tiny/blobs");
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

fn weights() -> Vec<u8> {
    fs::read(Path::new(TINY).join("model.safetensors")).unwrap()
}

/// Whether the fetched folder has the weights byte by byte.
fn assert_whole(found: &Fetched) {
    assert!(fs::read(found.path.join("model.safetensors")).unwrap() == weights());
}

#[tokio::test]
async fn a_model_comes_pinned_to_its_commit_and_only_with_what_is_read() {
    let mut repository = FakeRepository::of_folder(Path::new(TINY));
    for name in ["pytorch_model.bin", "README.md", "modeling_own.py"] {
        repository.files.insert(name.to_owned(), b"code".to_vec());
    }
    let scene = Scene::with(repository).await;
    let found = scene.fetch("o/tiny").await.unwrap();
    assert_eq!(found.model.to_string(), format!("o/tiny@{}", scene.commit));
    assert_whole(&found);
    let root = scene.folder.path().join("models--o--tiny");
    assert_eq!(found.path, root.join("snapshots").join(&scene.commit));
    assert_eq!(
        fs::read_to_string(root.join("refs/main")).unwrap(),
        scene.commit
    );
    let link = fs::read_link(found.path.join("model.safetensors")).unwrap();
    assert!(link.starts_with("../../blobs"), "{link:?}");
    for name in ["pytorch_model.bin", "README.md", "modeling_own.py"] {
        assert!(!found.path.join(name).exists(), "{name}");
    }
    let asked = scene.hub.take_requests().join("\n");
    assert!(!asked.contains(".bin") && !asked.contains(".py"), "{asked}");
    let last = scene.progress.borrow().clone();
    assert_eq!(
        (last.done, last.total),
        (last.total, weights().len() as u64)
    );
}

#[tokio::test]
async fn what_is_there_is_not_fetched_again() {
    let scene = Scene::tiny().await;
    let first = scene.fetch("o/tiny").await.unwrap();
    let _ = scene.hub.take_requests();
    // A commit never changes, so nobody is asked.
    assert_eq!(scene.fetch(&first.model.to_string()).await.unwrap(), first);
    assert!(scene.hub.take_requests().is_empty());
    // A branch may move, so the hub is asked, but nothing is read.
    assert_eq!(scene.fetch("o/tiny").await.unwrap(), first);
    let asked = scene.hub.take_requests();
    assert!(
        asked.iter().all(|one| !one.contains("GET /o/")),
        "{asked:?}"
    );
    // Another branch at the same commit.
    assert_eq!(scene.fetch("o/tiny@refs/pr/1").await.unwrap(), first);
}

#[tokio::test]
async fn a_broken_download_goes_on_where_it_broke() {
    let scene = Scene::tiny().await;
    scene.hub.script().breaks = Some((20_000, 2));
    assert_whole(&scene.fetch("o/tiny").await.unwrap());
    let asked = scene.hub.take_requests();
    let reads = asked.iter().filter(|one| one.starts_with("GET /kept/"));
    let ranges: Vec<&str> = reads
        .map(|one| one.split(' ').nth(2).unwrap_or(""))
        .collect();
    assert_eq!(ranges, ["", "bytes=20000-", "bytes=40000-"]);
}

#[tokio::test]
async fn a_download_that_was_given_up_goes_on_at_the_next_try() {
    let scene = Scene::tiny().await;
    scene.hub.script().breaks = Some((20_000, 1));
    scene.hub.script().pace = Duration::from_millis(5);
    let cut = tokio::time::timeout(Duration::from_millis(300), scene.fetch("o/tiny")).await;
    assert!(cut.is_err());
    scene.hub.script().pace = Duration::ZERO;
    let _ = scene.hub.take_requests();
    assert_whole(&scene.fetch("o/tiny").await.unwrap());
    let asked = scene.hub.take_requests().join("\n");
    assert!(asked.contains("bytes="), "{asked}");
}

#[tokio::test]
async fn a_download_that_breaks_without_a_byte_more_gives_up() {
    let scene = Scene::tiny().await;
    scene.hub.script().breaks = Some((0, 100));
    let message = scene.refused("o/tiny").await;
    assert!(
        message.contains("model.safetensors broke after 0 bytes"),
        "{message}"
    );
    assert!(message.contains("goes on from there"), "{message}");
}

#[tokio::test]
async fn a_wrong_checksum_is_refused_and_nothing_of_it_stays() {
    let scene = Scene::tiny().await;
    scene.hub.script().damages = true;
    let message = scene.refused("o/tiny").await;
    assert!(
        message.contains("model.safetensors arrived with the SHA-256"),
        "{message}"
    );
    let large = scene.blobs().into_iter();
    let large = large.filter(|path| fs::metadata(path).unwrap().len() == weights().len() as u64);
    assert_eq!(large.count(), 0);
    scene.hub.script().damages = false;
    assert_whole(&scene.fetch("o/tiny").await.unwrap());
}

#[tokio::test]
async fn shards_come_with_their_index() {
    let mut repository = FakeRepository::of_folder(Path::new(TINY));
    let weights = repository.files.remove("model.safetensors").unwrap();
    let index = json!({ "weight_map": { "a": "model-1.safetensors", "b": "model-2.safetensors" } });
    let mut put = |name: &str, content: Vec<u8>| repository.files.insert(name.to_owned(), content);
    put("model-1.safetensors", weights[..9].to_vec());
    put("model-2.safetensors", weights[9..].to_vec());
    put("model-3.safetensors", b"of nobody".to_vec());
    put(
        "model.safetensors.index.json",
        index.to_string().into_bytes(),
    );
    let scene = Scene::with(repository).await;
    let found = scene.fetch("o/tiny").await.unwrap();
    assert!(found.path.join("model-2.safetensors").is_file());
    assert!(!found.path.join("model-3.safetensors").exists());
    assert_eq!(scene.fetch(&found.model.to_string()).await.unwrap(), found);
    // A snapshot with a shard missing is not whole.
    fs::remove_file(found.path.join("model-1.safetensors")).unwrap();
    let cache = Cache::at(scene.folder.path().to_owned());
    assert_eq!(cache.find(&found.model), None);
}

#[tokio::test]
async fn a_gguf_file_is_fetched_by_its_name() {
    let mut repository = FakeRepository::default();
    let mut put = |name: &str| repository.files.insert(name.to_owned(), name.into());
    put("sub/tiny.Q4_K_M.gguf");
    put("sub/tiny.Q8_0.gguf");
    repository.gguf_architecture = Some("llama".to_owned());
    let scene = Scene::with(repository.clone()).await;
    let found = scene.fetch("o/tiny:sub/tiny.Q8_0.gguf").await.unwrap();
    assert_eq!(
        fs::read_to_string(&found.path).unwrap(),
        "sub/tiny.Q8_0.gguf"
    );
    assert_eq!(scene.blobs().len(), 1);
    let message = scene.refused("o/tiny").await;
    assert!(
        message.contains("sub/tiny.Q4_K_M.gguf, sub/tiny.Q8_0.gguf"),
        "{message}"
    );
    repository.gguf_architecture = Some("mamba".to_owned());
    let _ = scene.hub.put("o/other", repository);
    let _ = scene.hub.take_requests();
    let message = scene.refused("o/other:sub/tiny.Q8_0.gguf").await;
    assert!(message.contains("mamba is not supported"), "{message}");
    assert_eq!(scene.hub.take_requests().len(), 1);
}

#[tokio::test]
async fn an_architecture_is_refused_before_its_weights_are_fetched() {
    let mut repository = FakeRepository::of_folder(Path::new(TINY));
    let config = json!({ "model_type": "mamba" }).to_string();
    repository
        .files
        .insert("config.json".to_owned(), config.into_bytes());
    let scene = Scene::with(repository).await;
    let message = scene.refused("o/tiny").await;
    assert!(
        message.contains("o/tiny cannot be used: mamba"),
        "{message}"
    );
    let asked = scene.hub.take_requests().join("\n");
    assert!(!asked.contains("safetensors"), "{asked}");
}

#[tokio::test]
async fn only_pickles_are_refused_before_anything_is_fetched() {
    let mut repository = FakeRepository::of_folder(Path::new(TINY));
    let weights = repository.files.remove("model.safetensors").unwrap();
    repository
        .files
        .insert("pytorch_model.bin".to_owned(), weights);
    let scene = Scene::with(repository).await;
    let message = scene.refused("o/tiny").await;
    assert!(message.contains("pytorch_model.bin"), "{message}");
    assert_eq!(scene.hub.take_requests().len(), 1);
}

#[tokio::test]
async fn refusals_of_the_hub_say_what_to_do() {
    let mut repository = FakeRepository::of_folder(Path::new(TINY));
    repository.gated = true;
    let scene = Scene::with(repository).await;
    let message = scene.refused("o/tiny").await;
    assert!(
        message.contains("gated") && message.contains("HF_TOKEN"),
        "{message}"
    );
    let other = scene
        .fetch_as("o/tiny", Some("hf_other"))
        .await
        .unwrap_err();
    assert!(
        other.to_string().contains("account that may not"),
        "{other}"
    );
    assert_whole(
        &scene
            .fetch_as("o/tiny", Some(FakeHub::TOKEN))
            .await
            .unwrap(),
    );
    // The token is for the hub, and not for where it keeps its files.
    assert_eq!(scene.hub.script().leaks, 0);
    let message = scene.refused("o/none").await;
    assert!(message.contains("no repository o/none"), "{message}");
    let message = scene.refused("o/tiny@v9").await;
    assert!(message.contains("revision v9 of o/tiny"), "{message}");
}

#[tokio::test]
async fn where_nobody_answers_the_cache_serves_or_the_error_says_so() {
    let scene = Scene::tiny().await;
    let found = scene.fetch("o/tiny").await.unwrap();
    let gone = Fetch {
        // Nothing listens at port 9 of this machine.
        hub: &Hub::new("http://127.0.0.1:9", None).unwrap(),
        cache: &Cache::at(scene.folder.path().to_owned()),
        reader: &OnlyLlama,
        progress: &scene.progress,
    };
    assert_eq!(gone.model(&"o/tiny".parse().unwrap()).await.unwrap(), found);
    let error = gone.model(&"o/other".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, HubError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("HF_ENDPOINT"), "{error}");
}

#[tokio::test]
async fn two_at_once_fetch_it_once() {
    let scene = Scene::tiny().await;
    scene.hub.script().pace = Duration::from_millis(1);
    let (one, other) = tokio::join!(scene.fetch("o/tiny"), scene.fetch("o/tiny"));
    assert_eq!(one.unwrap(), other.unwrap());
    let asked = scene.hub.take_requests();
    let reads = asked.iter().filter(|one| one.starts_with("GET /kept/"));
    assert_eq!(reads.count(), 1);
}

#[test]
fn an_address_that_is_none_is_refused() {
    for endpoint in ["huggingface.co", "ftp://x", ""] {
        assert!(matches!(
            Hub::new(endpoint, None),
            Err(HubError::Setup { .. })
        ));
    }
    let hub = Hub::new("https://hub.example/hf/", Some("hf_secret")).unwrap();
    assert_eq!(hub.endpoint(), "https://hub.example/hf");
    assert!(!format!("{hub:?}").contains("secret"));
}
