//! The hub's HTTP interface: what a repository holds, and its files.

use std::time::Duration;

use reqwest::{
    Client, Method, Response, StatusCode, Url,
    header::{
        ACCEPT_ENCODING, CONTENT_LENGTH, ETAG, HeaderMap, HeaderName, HeaderValue, LOCATION, RANGE,
    },
    redirect::Policy,
};
use shared::hub::{HubModel, is_commit};

use crate::{
    error::{HubError, Result, root_cause},
    refusal::{Asked, refusal},
    repository::{RemoteFile, Repository},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long nothing may come before a connection counts as broken.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// How often a question is asked that the hub is too busy for.
const ATTEMPTS: u32 = 3;

/// How many redirects within the hub are followed, as renamed repositories have them.
const REDIRECTS: u32 = 5;

const LINKED_SIZE: HeaderName = HeaderName::from_static("x-linked-size");
const LINKED_ETAG: HeaderName = HeaderName::from_static("x-linked-etag");

/// A hub, and who asks.
#[derive(Clone)]
pub struct Hub {
    endpoint: Url,
    has_token: bool,
    /// For what is read: follows redirects to where files are kept.
    following: Client,
    /// For what is asked of a file: a redirect tells it.
    asking: Client,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Hub")
            .field("endpoint", &self.endpoint.as_str())
            .field("has_token", &self.has_token)
            .finish_non_exhaustive()
    }
}

impl Hub {
    /// The hub at an address such as `https://huggingface.co`. The token is sent to this address
    /// only.
    ///
    /// # Errors
    /// [`HubError::Setup`] where the address or the token is none, or this machine has no
    /// certificates to know the hub by.
    pub fn new(endpoint: &str, token: Option<&str>) -> Result<Self> {
        let fail = |cause: String| HubError::Setup {
            endpoint: endpoint.to_owned(),
            cause,
        };
        let url = Url::parse(endpoint).map_err(|error| fail(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || url.cannot_be_a_base() {
            return Err(fail("it must begin with https:// or http://".to_owned()));
        }
        let mut headers = HeaderMap::new();
        // Sizes and ranges count the bytes of the file and not of a compressed form.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let token = token.map(str::trim).filter(|token| !token.is_empty());
        if let Some(token) = token {
            let value = HeaderValue::from_str(&format!("Bearer {token}"));
            let mut value = value.map_err(|_| fail("the token in HF_TOKEN is none".to_owned()))?;
            value.set_sensitive(true);
            headers.insert(reqwest::header::AUTHORIZATION, value);
        }
        // Whoever chose another provider before keeps it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let build = |redirects: Policy| {
            Client::builder()
                .user_agent(concat!("temper/", env!("CARGO_PKG_VERSION")))
                .default_headers(headers.clone())
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(READ_TIMEOUT)
                .redirect(redirects)
                .build()
                .map_err(|error| fail(root_cause(&error)))
        };
        Ok(Self {
            endpoint: url,
            has_token: token.is_some(),
            following: build(Policy::limited(10))?,
            asking: build(Policy::none())?,
        })
    }

    /// Its address, without a slash at the end.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.endpoint.as_str().trim_end_matches('/')
    }

    /// Whether a token is sent.
    #[must_use]
    pub const fn has_token(&self) -> bool {
        self.has_token
    }

    /// What a repository holds at a revision.
    pub(crate) async fn repository(&self, model: &HubModel) -> Result<Repository> {
        let parts = model.repository.split('/');
        let parts = ["api", "models"].into_iter().chain(parts);
        let url = self.url(parts.chain(["revision", model.revision()]));
        let asked = Asked { model, file: None };
        let response = self.send(&self.following, Method::GET, &url, asked).await?;
        let read = response.json::<Repository>().await;
        let repository = read.map_err(|error| self.odd(root_cause(&error)))?;
        if is_commit(&repository.sha) {
            Ok(repository)
        } else {
            Err(self.odd("without a commit".to_owned()))
        }
    }

    /// The size and name of a file's content, which the hub tells before it sends anybody to where
    /// the file is kept.
    pub(crate) async fn file(
        &self,
        model: &HubModel,
        commit: &str,
        path: &str,
    ) -> Result<RemoteFile> {
        let mut url = self.file_url(model, commit, path);
        let asked = Asked {
            model,
            file: Some(path),
        };
        for _ in 0..REDIRECTS {
            let response = self.send(&self.asking, Method::HEAD, &url, asked).await?;
            let headers = response.headers();
            let is_told = [LINKED_ETAG, LINKED_SIZE].map(|name| headers.contains_key(name));
            if response.status().is_redirection() && is_told != [true, true] {
                let target = text(headers, LOCATION).and_then(|to| url.join(to).ok());
                // Only the hub itself is believed, and given the token.
                match target.filter(|target| target.origin() == self.endpoint.origin()) {
                    Some(target) => url = target,
                    None => break,
                }
                continue;
            }
            let size = text(headers, LINKED_SIZE).or_else(|| text(headers, CONTENT_LENGTH));
            let etag = text(headers, LINKED_ETAG).or_else(|| text(headers, ETAG));
            let etag = etag.map(|etag| etag.trim_start_matches("W/").trim_matches('"'));
            let size = size.and_then(|size| size.parse().ok());
            if let (Some(size), Some(etag)) = (size, etag.filter(|etag| is_plain(etag))) {
                return Ok(RemoteFile {
                    path: path.to_owned(),
                    size,
                    etag: etag.to_owned(),
                });
            }
            break;
        }
        Err(self.odd(format!("without the size and the ETag of {path}")))
    }

    /// Begins to read a file from a byte on.
    pub(crate) async fn read(
        &self,
        model: &HubModel,
        commit: &str,
        path: &str,
        from: u64,
    ) -> Result<Response> {
        let asked = Asked {
            model,
            file: Some(path),
        };
        let mut request = self.following.get(self.file_url(model, commit, path));
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        let response = request.send().await;
        let response = response.map_err(|error| self.unreachable(&error))?;
        match response.status() {
            StatusCode::RANGE_NOT_SATISFIABLE => Ok(response),
            status if status.is_success() => Ok(response),
            _ => Err(self.refusal(&response, asked)),
        }
    }

    /// Asks, and once more where the hub is too busy.
    async fn send(
        &self,
        client: &Client,
        method: Method,
        url: &Url,
        asked: Asked<'_>,
    ) -> Result<Response> {
        let mut attempt = 1;
        loop {
            let sent = client.request(method.clone(), url.clone()).send().await;
            let response = sent.map_err(|error| self.unreachable(&error))?;
            let status = response.status();
            if status.is_success() || status.is_redirection() {
                return Ok(response);
            }
            let is_busy = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
            if !is_busy || attempt == ATTEMPTS {
                return Err(self.refusal(&response, asked));
            }
            tokio::time::sleep(Duration::from_millis(500) * 2_u32.pow(attempt)).await;
            attempt += 1;
        }
    }

    fn file_url(&self, model: &HubModel, commit: &str, path: &str) -> Url {
        let parts = model.repository.split('/');
        self.url(parts.chain(["resolve", commit]).chain(path.split('/')))
    }

    /// An address on the hub; what a part has that an address may not have is escaped.
    fn url<'a>(&self, parts: impl Iterator<Item = &'a str>) -> Url {
        let mut url = self.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(parts);
        }
        url
    }

    fn odd(&self, answer: String) -> HubError {
        HubError::Answer {
            endpoint: self.endpoint().to_owned(),
            answer,
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> HubError {
        HubError::Unreachable {
            endpoint: self.endpoint().to_owned(),
            cause: root_cause(error),
        }
    }

    fn refusal(&self, response: &Response, asked: Asked<'_>) -> HubError {
        refusal(self.endpoint(), self.has_token, response, asked)
    }
}

pub(crate) fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Whether an `ETag` can be the name of a file.
fn is_plain(etag: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=128).contains(&etag.len()) && etag.bytes().all(known)
}
