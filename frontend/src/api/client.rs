//! The only place that speaks HTTP.
//!
//! A read belongs to the page that asks: it is aborted when the reactive owner that started it is
//! cleaned up. A write is never aborted, because what a person asked for should happen even if
//! they go on to another page. An answer that is read piece by piece ends with its [`Stop`].

use std::{cell::RefCell, future::Future, rc::Rc};

use leptos::prelude::{Owner, RwSignal, Set, StoredValue, WithValue, on_cleanup};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, AbortSignal, ProgressEvent, Request, RequestInit, Response, XmlHttpRequest,
};

use super::error::{ApiError, ApiResult};

thread_local! {
    static ON_UNAUTHORIZED: RefCell<Option<Rc<dyn Fn()>>> = const { RefCell::new(None) };
}

/// A request that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Makes a record, or starts something.
    Post,
    /// Makes or replaces a record.
    Put,
    /// Changes parts of a record.
    Patch,
    /// Removes a record.
    Delete,
}

impl Method {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Names what to do when any call finds that nobody is signed in.
pub fn on_unauthorized(handler: impl Fn() + 'static) {
    ON_UNAUTHORIZED.with(|slot| *slot.borrow_mut() = Some(Rc::new(handler)));
}

/// Reads `path`. Aborted when the current reactive owner is cleaned up.
pub fn get<T: DeserializeOwned>(path: String) -> impl Future<Output = ApiResult<T>> {
    let signal = signal_of_owner();
    async move { read(&exchange("GET", &path, None, signal.as_ref()).await?) }
}

/// Reads text from `path`, as [`get`] reads JSON.
pub fn get_text(path: String) -> impl Future<Output = ApiResult<String>> {
    let signal = signal_of_owner();
    async move { exchange("GET", &path, None, signal.as_ref()).await }
}

/// Sends `body` to `path` and reads the answer.
pub async fn send<T: DeserializeOwned>(
    method: Method,
    path: String,
    body: &impl Serialize,
) -> ApiResult<T> {
    let body = serde_json::to_string(body).map_err(|_| ApiError::unreadable(0))?;
    read(&exchange(method.as_str(), &path, Some(&body), None).await?)
}

/// Asks for something that needs no body and reads the answer.
pub async fn send_plain<T: DeserializeOwned>(method: Method, path: String) -> ApiResult<T> {
    read(&exchange(method.as_str(), &path, None, None).await?)
}

/// Asks for something that needs no body and has no answer.
pub async fn send_empty(method: Method, path: String) -> ApiResult<()> {
    exchange(method.as_str(), &path, None, None)
        .await
        .map(|_| ())
}

/// Sends a file as it is, and says how much of it has left.
///
/// The browser reads it from the disk piece by piece, so it may be larger than the memory.
pub async fn send_file<T: DeserializeOwned>(
    path: String,
    file: web_sys::File,
    sent: RwSignal<Option<f64>>,
) -> ApiResult<T> {
    let (status, text) = post_file(&path, &file, sent)
        .await
        .map_err(|_| ApiError::Network)?;
    read(&judge(status, text)?)
}

/// `fetch` tells nothing of what has been sent; the older interface does.
async fn post_file(
    path: &str,
    file: &web_sys::File,
    sent: RwSignal<Option<f64>>,
) -> Result<(u16, String), JsValue> {
    let request = XmlHttpRequest::new()?;
    request.open_with_async("POST", path, true)?;
    request.set_request_header("Accept", "application/json")?;
    request.set_request_header("Content-Type", "application/octet-stream")?;
    let progress = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
        if event.length_computable() && event.total() > 0.0 {
            // The page may be gone by now.
            let _ = sent.try_set(Some(event.loaded() / event.total()));
        }
    });
    request
        .upload()?
        .set_onprogress(Some(progress.as_ref().unchecked_ref()));
    let ended = js_sys::Promise::new(&mut |resolve, _| request.set_onloadend(Some(&resolve)));
    request.send_with_opt_blob(Some(file))?;
    JsFuture::from(ended).await?;
    match request.status()? {
        0 => Err(JsValue::NULL),
        status => Ok((status, request.response_text()?.unwrap_or_default())),
    }
}

fn read<T: DeserializeOwned>(text: &str) -> ApiResult<T> {
    serde_json::from_str(text).map_err(|_| ApiError::unreadable(200))
}

/// A signal that fires when the reactive owner of the caller is cleaned up.
fn signal_of_owner() -> Option<AbortSignal> {
    let _owner = Owner::current()?;
    let controller = AbortController::new().ok()?;
    let signal = controller.signal();
    let controller = StoredValue::new_local(controller);
    on_cleanup(move || {
        controller.try_with_value(AbortController::abort);
    });
    Some(signal)
}

/// One request and its whole answer as text. Not generic, so that it exists once in the program.
async fn exchange(
    method: &str,
    path: &str,
    body: Option<&str>,
    signal: Option<&AbortSignal>,
) -> ApiResult<String> {
    let response = answer(method, path, body, signal).await?;
    let text = response_text(&response).await;
    text.map_err(|_| failure(signal))
}

/// Ends an exchange before its end. Its copies end the same one.
#[derive(Clone, Debug)]
pub struct Stop(Option<AbortController>);

impl Default for Stop {
    fn default() -> Self {
        Self(AbortController::new().ok())
    }
}

impl Stop {
    /// Ends it; the server stops computing.
    pub fn stop(&self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }

    fn signal(&self) -> Option<AbortSignal> {
        self.0.as_ref().map(AbortController::signal)
    }

    /// Why an exchange that could be ended has no answer, or no more of it.
    #[must_use]
    pub fn failure(&self) -> ApiError {
        failure(self.signal().as_ref())
    }
}

/// Asks for something whose answer is read piece by piece, until somebody stops it.
pub async fn open(method: &str, path: &str, body: &str, stop: &Stop) -> ApiResult<Response> {
    answer(method, path, Some(body), stop.signal().as_ref()).await
}

/// One request; whatever is no success becomes an error.
async fn answer(
    method: &str,
    path: &str,
    body: Option<&str>,
    signal: Option<&AbortSignal>,
) -> ApiResult<Response> {
    let response = fetch(method, path, body, signal)
        .await
        .map_err(|_| failure(signal))?;
    if response.ok() {
        return Ok(response);
    }
    let text = response_text(&response)
        .await
        .map_err(|_| failure(signal))?;
    Err(refusal(response.status(), &text))
}

/// What an answer means.
fn judge(status: u16, text: String) -> ApiResult<String> {
    if (200..300).contains(&status) {
        Ok(text)
    } else {
        Err(refusal(status, &text))
    }
}

/// What an answer that is no success means.
fn refusal(status: u16, text: &str) -> ApiError {
    let error = ApiError::from_response(status, text);
    if error == ApiError::Unauthorized {
        let handler = ON_UNAUTHORIZED.with(|slot| slot.borrow().clone());
        if let Some(handler) = handler {
            handler();
        }
    }
    error
}

async fn fetch(
    method: &str,
    path: &str,
    body: Option<&str>,
    signal: Option<&AbortSignal>,
) -> Result<Response, JsValue> {
    let init = RequestInit::new();
    init.set_method(method);
    init.set_signal(signal);
    if let Some(body) = body {
        init.set_body(&JsValue::from_str(body));
    }
    let request = Request::new_with_str_and_init(path, &init)?;
    request.headers().set("Accept", "application/json")?;
    if body.is_some() {
        request.headers().set("Content-Type", "application/json")?;
    }
    let answer = leptos::prelude::window().fetch_with_request(&request);
    JsFuture::from(answer).await?.dyn_into()
}

async fn response_text(response: &Response) -> Result<String, JsValue> {
    let text = JsFuture::from(response.text()?).await?;
    Ok(text.as_string().unwrap_or_default())
}

/// A fetch fails without an answer for two reasons only.
fn failure(signal: Option<&AbortSignal>) -> ApiError {
    if signal.is_some_and(AbortSignal::aborted) {
        ApiError::Aborted
    } else {
        ApiError::Network
    }
}
