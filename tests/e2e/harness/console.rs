//! What the browser complains about: scripts that fail, violations of the content security policy,
//! files that are missing.

use axum::http::Method;
use fantoccini::{Client, wd::WebDriverCompatibleCommand};
use serde_json::{Value, json};
use url::{ParseError, Url};

/// Chromedriver's command that hands over the console and empties it.
#[derive(Debug)]
struct TakeLog;

impl WebDriverCompatibleCommand for TakeLog {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}

/// The errors since the last call.
///
/// An answer of the API that is an error is left out: the page handles it, and Chromium logs it
/// all the same.
pub(super) async fn errors(client: &Client) -> Vec<String> {
    let log = client.issue_cmd(TakeLog).await.unwrap();
    let entries = log.as_array().cloned().unwrap_or_default();
    entries
        .iter()
        .filter(|entry| is_error(entry))
        .map(describe)
        .collect()
}

fn is_error(entry: &Value) -> bool {
    let message = entry["message"].as_str().unwrap_or_default();
    let is_answer = entry["source"] == "network" && message.contains("/api/");
    entry["level"] == "SEVERE" && !is_answer
}

fn describe(entry: &Value) -> String {
    let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    format!("{}: {}", text("source"), text("message"))
}
