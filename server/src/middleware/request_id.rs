//! Numbers each request, so that an answer and the log can be brought together.

use axum::{
    extract::{Request, State},
    http::HeaderValue,
    middleware::Next,
    response::Response,
};
use tracing::Instrument;
use uuid::Uuid;

use crate::app::App;

tokio::task_local! {
    static REQUEST_ID: Uuid;
}

/// The id of the request that is being answered; absent outside of one.
#[must_use]
pub fn current_request_id() -> Option<String> {
    REQUEST_ID.try_with(Uuid::to_string).ok()
}

/// Gives the request an id, logs it, and names the id in the answer's `x-request-id`.
pub async fn number_request(State(app): State<App>, request: Request, next: Next) -> Response {
    let id: Uuid = app.context.id();
    let span = tracing::info_span!(
        "request", id = %id, method = %request.method(), path = request.uri().path(),
    );
    let mut response = REQUEST_ID
        .scope(id, next.run(request))
        .instrument(span.clone())
        .await;
    span.in_scope(|| tracing::debug!(status = response.status().as_u16(), "request answered"));
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}
