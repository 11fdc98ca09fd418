//! A client that sends requests through the router and keeps its cookie.

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header, request::Builder},
    response::Response,
};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::EventStream;

/// A browser, or a program with a token.
#[derive(Clone, Debug)]
pub struct Client {
    router: Router,
    cookie: Option<String>,
    headers: Vec<(String, String)>,
}

/// What the application answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body's bytes.
    pub bytes: Vec<u8>,
}

impl Reply {
    /// Fails unless the status is this one; answers the body as JSON, or null if it is empty.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        let body = self.json();
        assert_eq!(self.status.as_u16(), status, "unexpected answer: {body}");
        body
    }

    /// The body as JSON; null if it is empty, a string if it is no JSON.
    pub fn json(&self) -> Value {
        if self.bytes.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&self.bytes).into_owned()))
    }
}

impl Client {
    pub(crate) fn new(router: Router) -> Self {
        Self {
            router,
            cookie: None,
            headers: Vec::new(),
        }
    }

    /// The same client with one more header on each request.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A program with a token, and no cookie.
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        Self::new(self.router).with_header("authorization", &format!("Bearer {token}"))
    }

    /// Sends a `GET`.
    pub async fn get(&mut self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    /// Sends a `POST` with a JSON body.
    pub async fn post(&mut self, path: &str, body: &Value) -> Reply {
        self.send(Method::POST, path, Some(body)).await
    }

    /// Sends a `PUT` with a JSON body.
    pub async fn put(&mut self, path: &str, body: &Value) -> Reply {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// Sends a `PATCH` with a JSON body.
    pub async fn patch(&mut self, path: &str, body: &Value) -> Reply {
        self.send(Method::PATCH, path, Some(body)).await
    }

    /// Sends a `DELETE`.
    pub async fn delete(&mut self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    /// Sends a `POST` whose body is a file.
    pub async fn post_file(&mut self, path: &str, bytes: impl Into<Body>) -> Reply {
        let request = Request::builder().method(Method::POST).uri(path);
        self.finish(request, bytes.into()).await
    }

    /// Sends a request and keeps the cookie of the answer.
    pub async fn send(&mut self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let request = Request::builder().method(method).uri(path);
        match body {
            Some(json) => {
                let request = request.header(header::CONTENT_TYPE, "application/json");
                self.finish(request, Body::from(json.to_string())).await
            }
            None => self.finish(request, Body::empty()).await,
        }
    }

    /// Begins to read a stream of server-sent events; `after` is the last one that was read.
    pub async fn watch(&mut self, path: &str, after: Option<i64>) -> EventStream {
        let mut request = Request::builder().method(Method::GET).uri(path);
        if let Some(after) = after {
            request = request.header("last-event-id", after);
        }
        let response = self.answer(request, Body::empty()).await;
        assert_eq!(response.status(), StatusCode::OK);
        EventStream::new(response.into_body())
    }

    async fn finish(&mut self, request: Builder, body: Body) -> Reply {
        let response = self.answer(request, body).await;
        let (parts, body) = response.into_parts();
        self.keep_cookie(&parts.headers);
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Reply {
            status: parts.status,
            headers: parts.headers,
            bytes,
        }
    }

    async fn answer(&mut self, mut request: Builder, body: Body) -> Response {
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(body).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    fn keep_cookie(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(header::SET_COOKIE) {
            let text = cookie.to_str().unwrap();
            let pair = text.split(';').next().unwrap();
            let removed = pair.ends_with('=') || text.contains("Max-Age=0");
            self.cookie = (!removed).then(|| pair.to_owned());
        }
    }
}
