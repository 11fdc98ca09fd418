//! The live stream of a project, as server-sent events.

use std::convert::Infallible;

use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, StreamExt};
use serde::Deserialize;
use shared::run::LiveMessage;
use store::StoreError;
use utoipa::IntoParams;

use crate::{
    app::App,
    error::ApiResult,
    extract::{ProjectAccess, Query},
    services::{
        live::{self, Placed},
        runs,
    },
};

/// The header in which a browser that lost a stream says how far it had read.
const LAST_EVENT_ID: &str = "last-event-id";

/// What is watched, and from where on.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LiveQuery {
    /// The number of the run.
    pub run: i64,
    /// The place of the last event that is known already. The header `Last-Event-ID` wins over it.
    pub after: Option<i64>,
}

/// Tells what happens in a run, as server-sent events named `event` and `run`.
#[utoipa::path(get, path = "/api/projects/{project}/live", operation_id = "watch_live",
    tag = "runs", params(("project" = String, Path), LiveQuery),
    responses((status = 200, body = LiveMessage, content_type = "text/event-stream")))]
pub async fn watch_live(
    State(app): State<App>,
    access: ProjectAccess,
    Query(query): Query<LiveQuery>,
    headers: HeaderMap,
) -> ApiResult<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    runs::find(&app, &access, query.run).await?;
    let last = headers
        .get(LAST_EVENT_ID)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    let after = last.or(query.after).unwrap_or_default();
    let messages = live::watch_run(app, access.project_id(), query.run, after);
    // A stream that failed ends; the browser comes back and says how far it had read.
    let events = messages
        .take_while(|message| std::future::ready(is_there(message)))
        .filter_map(|message| std::future::ready(message.ok().and_then(to_event)))
        .map(Ok);
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

fn is_there(message: &Result<Placed, StoreError>) -> bool {
    if let Err(error) = message {
        tracing::error!(%error, "a live stream failed");
    }
    message.is_ok()
}

fn to_event((seq, message): Placed) -> Option<Event> {
    let name = match message {
        LiveMessage::Event(_) => "event",
        LiveMessage::Run(_) => "run",
    };
    let event = Event::default().event(name).json_data(&message).ok()?;
    Some(match seq {
        Some(seq) => event.id(seq.to_string()),
        None => event,
    })
}
