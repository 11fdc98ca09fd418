//! Server-sent events, read one by one.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use serde_json::Value;

/// How long a test waits for the next event.
const PATIENCE: Duration = Duration::from_mins(1);

/// A stream of server-sent events.
#[derive(Debug)]
pub struct EventStream {
    body: Body,
    text: String,
}

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct SentEvent {
    /// Its place.
    pub id: Option<i64>,
    /// Its name.
    pub name: String,
    /// What it says.
    pub data: Value,
}

impl EventStream {
    pub(crate) fn new(body: Body) -> Self {
        Self {
            body,
            text: String::new(),
        }
    }

    /// The next event; `None` at the end of the stream. Fails after a minute without one.
    pub async fn next(&mut self) -> Option<SentEvent> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                match parse(&block) {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame());
            let frame = frame.await.expect("nothing came for a minute")?.unwrap();
            if let Ok(data) = frame.into_data() {
                self.text.push_str(std::str::from_utf8(&data).unwrap());
            }
        }
    }
}

/// A block of lines; `None` for one that is only a comment.
fn parse(block: &str) -> Option<SentEvent> {
    let field = |name: &str| {
        let mut lines = block.lines();
        lines.find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim_start()))
    };
    let data = field("data")?;
    Some(SentEvent {
        id: field("id").map(|id| id.parse().unwrap()),
        name: field("event").unwrap_or("message").to_owned(),
        data: serde_json::from_str(data).unwrap(),
    })
}
