//! The only place that speaks HTTP.
//!
//! A read belongs to the page that asks: it is aborted when the reactive owner that started it is
//! cleaned up. A write is never aborted, because what a person asked for should happen even if
//! they go on to another page.

use std::{cell::RefCell, future::Future, rc::Rc};

use leptos::prelude::{Owner, StoredValue, WithValue, on_cleanup};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal, Request, RequestInit, Response};

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
    let response = fetch(method, path, body, signal)
        .await
        .map_err(|_| failure(signal))?;
    let text = response_text(&response)
        .await
        .map_err(|_| failure(signal))?;
    if response.ok() {
        return Ok(text);
    }
    let error = ApiError::from_response(response.status(), &text);
    if error == ApiError::Unauthorized {
        let handler = ON_UNAUTHORIZED.with(|slot| slot.borrow().clone());
        if let Some(handler) = handler {
            handler();
        }
    }
    Err(error)
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
