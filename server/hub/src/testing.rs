//! A hub on this machine that serves what a test gives it, with the headers and redirects of the
//! real one, and breaks where the test says.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures::stream;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;

/// The bytes that are sent at once.
const PART: usize = 1 << 12;

/// A repository as the hub has it.
#[derive(Clone, Debug, Default)]
pub struct FakeRepository {
    /// The content of each file.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Whether only those may read it who come with [`FakeHub::TOKEN`].
    pub gated: bool,
    /// What the hub tells of its GGUF files.
    pub gguf_architecture: Option<String>,
}

impl FakeRepository {
    /// A repository with the files of a folder.
    ///
    /// # Panics
    /// Where the folder cannot be read.
    #[must_use]
    pub fn of_folder(folder: &Path) -> Self {
        let entries = std::fs::read_dir(folder).expect("a folder");
        let files = entries.map(|entry| {
            let entry = entry.expect("an entry");
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, std::fs::read(entry.path()).expect("a file"))
        });
        Self {
            files: files.collect(),
            ..Self::default()
        }
    }

    /// The commit, which its content decides.
    #[must_use]
    pub fn commit(&self) -> String {
        let mut sha = Sha256::new();
        for (name, content) in &self.files {
            sha.update(name);
            sha.update(content);
        }
        hex::encode(sha.finalize())[..40].to_owned()
    }
}

/// What goes wrong, and what was asked for.
#[derive(Debug, Default)]
pub struct Script {
    /// The repositories by `owner/name`.
    pub repositories: BTreeMap<String, FakeRepository>,
    /// Contents break off after so many bytes, as often as is said.
    pub breaks: Option<(usize, u32)>,
    /// Whether the first byte of each large file is another one than it should be.
    pub damages: bool,
    /// How long each part of a content takes.
    pub pace: Duration,
    /// How often a token came to where files are kept, which is another host.
    pub leaks: u32,
    /// What was asked for: the method, the path, and the range if there was one.
    pub requests: Vec<String>,
}

/// A hub on this machine. It ends with the test's runtime.
#[derive(Clone, Debug)]
pub struct FakeHub {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
}

impl FakeHub {
    /// The token that gated repositories take.
    pub const TOKEN: &'static str = "hf_right";

    /// Begins to serve.
    ///
    /// # Panics
    /// Where no port is free.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let hub = Self {
            address: listener.local_addr().expect("an address"),
            script: Arc::default(),
        };
        let router = Router::new().fallback(answer).with_state(hub.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        hub
    }

    /// Its address.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds or replaces a repository; answers its commit.
    #[must_use]
    pub fn put(&self, name: &str, repository: FakeRepository) -> String {
        let commit = repository.commit();
        self.script()
            .repositories
            .insert(name.to_owned(), repository);
        commit
    }

    /// What goes wrong, to be changed.
    pub fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was asked for since the last look.
    #[must_use]
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.script().requests)
    }
}

async fn answer(State(hub): State<FakeHub>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let range = request.headers().get(header::RANGE);
    let range = range.and_then(|range| range.to_str().ok());
    let asked = format!("{} {path} {}", request.method(), range.unwrap_or(""));
    hub.script().requests.push(asked.trim_end().to_owned());
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["api", "models", owner, name, "revision", revision] => {
            hub.info(&format!("{owner}/{name}"), revision)
        }
        [owner, name, "resolve", revision, file @ ..] => hub.resolve(
            (&format!("{owner}/{name}"), &file.join("/")),
            revision,
            &request,
        ),
        ["kept", owner, name, file @ ..] => {
            let is_leak = request.headers().contains_key(header::AUTHORIZATION);
            hub.script().leaks += u32::from(is_leak);
            hub.content((&format!("{owner}/{name}"), &file.join("/")), range)
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A status, and the hub's word for it.
type Refusal = (StatusCode, &'static str);

fn refusal(status: StatusCode, code: &str) -> Response {
    (status, [("x-error-code", code)]).into_response()
}

fn is_large(file: &str) -> bool {
    [".safetensors", ".gguf", ".bin"]
        .iter()
        .any(|ending| file.ends_with(ending))
}

impl FakeHub {
    /// The repository at a revision, which is a branch or its own commit.
    fn find(&self, name: &str, revision: &str) -> Result<FakeRepository, Refusal> {
        let found = self.script().repositories.get(name).cloned();
        let found = found.ok_or((StatusCode::UNAUTHORIZED, "RepoNotFound"))?;
        if revision == "main" || revision == "refs%2Fpr%2F1" || revision == found.commit() {
            Ok(found)
        } else {
            Err((StatusCode::NOT_FOUND, "RevisionNotFound"))
        }
    }

    fn info(&self, name: &str, revision: &str) -> Response {
        let found = match self.find(name, revision) {
            Ok(found) => found,
            Err((status, code)) => return refusal(status, code),
        };
        let files = found.files.keys();
        let siblings: Vec<_> = files.map(|file| json!({ "rfilename": file })).collect();
        let mut body = json!({ "id": name, "sha": found.commit(), "siblings": siblings });
        if let Some(architecture) = &found.gguf_architecture {
            body["gguf"] = json!({ "architecture": architecture });
        }
        axum::Json(body).into_response()
    }

    fn resolve(&self, (name, file): (&str, &str), revision: &str, request: &Request) -> Response {
        let found = match self.find(name, revision) {
            Ok(found) => found,
            Err((status, code)) => return refusal(status, code),
        };
        let right = format!("Bearer {}", Self::TOKEN);
        let token = request.headers().get(header::AUTHORIZATION);
        if found.gated && token.is_none_or(|token| token.as_bytes() != right.as_bytes()) {
            let status = if token.is_some() {
                StatusCode::FORBIDDEN
            } else {
                StatusCode::UNAUTHORIZED
            };
            return refusal(status, "GatedRepo");
        }
        let Some(content) = found.files.get(file) else {
            return refusal(StatusCode::NOT_FOUND, "EntryNotFound");
        };
        let sha256 = hex::encode(Sha256::digest(content));
        let mut headers = HeaderMap::new();
        let mut set = |name: &'static str, value: String| {
            headers.insert(name, value.parse().expect("a header"));
        };
        set("x-repo-commit", found.commit());
        if is_large(file) {
            set("x-linked-size", content.len().to_string());
            set("x-linked-etag", format!("\"{sha256}\""));
            let port = self.address.port();
            let kept = format!("http://localhost:{port}/kept/{name}/{file}");
            set("location", kept);
            return (StatusCode::FOUND, headers).into_response();
        }
        set("etag", format!("\"{}\"", &sha256[..40]));
        if request.method() == Method::HEAD {
            set("content-length", content.len().to_string());
            return headers.into_response();
        }
        (headers, content.clone()).into_response()
    }

    /// A large file from where such files are kept.
    fn content(&self, (name, file): (&str, &str), range: Option<&str>) -> Response {
        let mut script = self.script();
        let found = script.repositories.get(name);
        let Some(mut content) = found.and_then(|found| found.files.get(file)).cloned() else {
            return StatusCode::NOT_FOUND.into_response();
        };
        if let (true, Some(first)) = (script.damages, content.first_mut()) {
            *first ^= 1;
        }
        let length = content.len();
        let from = range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
        let from: usize = from.and_then(|from| from.parse().ok()).unwrap_or(0);
        if from >= length && length > 0 {
            return StatusCode::RANGE_NOT_SATISFIABLE.into_response();
        }
        let rest = content.split_off(from);
        let breaks_at = match &mut script.breaks {
            Some((at, times)) if *times > 0 && *at < rest.len() => {
                *times -= 1;
                Some(*at)
            }
            _ => None,
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_LENGTH, rest.len().into());
        let status = if from > 0 {
            let said = format!("bytes {from}-{}/{length}", length - 1);
            headers.insert(header::CONTENT_RANGE, said.parse().expect("a header"));
            StatusCode::PARTIAL_CONTENT
        } else {
            StatusCode::OK
        };
        (status, headers, body(rest, breaks_at, script.pace)).into_response()
    }
}

/// A content in parts, which ends with an error at some byte.
fn body(mut content: Vec<u8>, breaks_at: Option<usize>, pace: Duration) -> Body {
    if let Some(at) = breaks_at {
        content.truncate(at);
    }
    let parts = content.chunks(PART).map(|part| Ok(part.to_vec()));
    let mut parts: Vec<Result<Vec<u8>, io::Error>> = parts.collect();
    if breaks_at.is_some() {
        parts.push(Err(io::Error::other("the cable was pulled")));
    }
    let parts = stream::unfold(parts.into_iter(), move |mut parts| async move {
        let part = parts.next()?;
        // What was sent before a break must be on its way before the connection ends.
        let wait = if part.is_err() {
            pace.max(Duration::from_millis(50))
        } else {
            pace
        };
        tokio::time::sleep(wait).await;
        Some((part, parts))
    });
    Body::from_stream(parts)
}
