//! The built frontend: one page and its assets, kept in memory and served with the headers that let
//! browsers keep them.
//!
//! A folder made by `cargo xtask frontend` has `index.html`, and `assets/` whose file names carry a
//! hash of the content. An asset never changes, so browsers may keep it for ever; the page is asked
//! for each time and answered with 304 if it is still the same. Beside a file lie its compressed
//! forms, `.br` and `.gz`. Every address outside of `/api` that a browser navigates to gets the
//! page, because the application itself knows its addresses.
//!
//! What must not go in: anything made per request or per person. The headers of security, which
//! belong to every answer, are in [`crate::middleware`].

mod file;
mod load;

use std::{collections::HashMap, path::Path, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::error::ApiError;
use file::File;

/// What browsers may do with a file whose name tells its content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// What browsers may do with the page: keep it, but ask each time whether it is still the same.
const ASK_AGAIN: &str = "no-cache";

/// The page of a server whose frontend is not built.
const NOT_BUILT: &str = "The pages of Temper are not built, or not where the server looks for \
    them. Build them with `cargo xtask frontend`, or name their folder with --assets, and start \
    the server again. The API under /api works.\n";

/// The frontend in memory. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Assets(Arc<Parts>);

#[derive(Debug, Default)]
struct Parts {
    page: Option<File>,
    /// Files by their address, such as `/assets/temper-0123456789ab.js`.
    files: HashMap<String, File>,
}

impl Assets {
    /// Reads a folder. Without a usable one every page says how to get it; a warning names the
    /// cause. An empty path means that nobody will be served.
    #[must_use]
    pub fn load(folder: &Path) -> Self {
        if folder.as_os_str().is_empty() {
            return Self::default();
        }
        match load::read(folder) {
            Ok(parts) => Self(Arc::new(parts)),
            Err(error) => {
                let folder = folder.display();
                tracing::warn!(%folder, %error, "the frontend cannot be read; serving only the API");
                Self::default()
            }
        }
    }

    /// Answers a request that no route of the API takes.
    #[must_use]
    pub fn answer(&self, method: &Method, path: &str, headers: &HeaderMap) -> Response {
        if path == "/api" || path.starts_with("/api/") {
            return ApiError::NotFound("route").into_response();
        }
        if !matches!(*method, Method::GET | Method::HEAD) {
            let allow = [(header::ALLOW, "GET, HEAD")];
            return (StatusCode::METHOD_NOT_ALLOWED, allow).into_response();
        }
        let mut response = self.find(path, headers);
        if method == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
        response
    }

    fn find(&self, path: &str, headers: &HeaderMap) -> Response {
        if let Some(file) = self.0.files.get(path) {
            return file.answer(headers, FOR_EVER);
        }
        if !is_page(path, headers) {
            return (StatusCode::NOT_FOUND, "There is no such file.\n").into_response();
        }
        self.0.page.as_ref().map_or_else(
            || (StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT).into_response(),
            |page| page.answer(headers, ASK_AGAIN),
        )
    }
}

/// A router that answers what no other route takes; to be merged into one without a fallback.
pub fn router<S: Clone + Send + Sync + 'static>(assets: Assets) -> Router<S> {
    Router::new().fallback(async move |request: Request| {
        assets.answer(request.method(), request.uri().path(), request.headers())
    })
}

/// Whether a browser navigates to this address, rather than fetching a part of a page.
fn is_page(path: &str, headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    let wants_html = accept.is_some_and(|accept| accept.contains("text/html"));
    path == "/" || (wants_html && !path.starts_with("/assets/"))
}

#[cfg(test)]
mod tests;
