//! Answers that come in pieces: the server's events in the body of an answer to a POST.

use js_sys::{Reflect, Uint8Array};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStreamDefaultReader, Response};

use super::{
    client::{self, Stop},
    error::{ApiError, ApiResult},
};

/// Sends `body` to `path` and hands each event of the answer to `heard`, until somebody stops it.
pub async fn post<T: DeserializeOwned>(
    path: String,
    body: &impl Serialize,
    stop: &Stop,
    mut heard: impl FnMut(T),
) -> ApiResult<()> {
    let body = serde_json::to_string(body).map_err(|_| ApiError::unreadable(0))?;
    let response = client::open("POST", &path, &body, stop).await?;
    let reader = reader(&response).ok_or(ApiError::Network)?;
    let mut events = Events::default();
    while let Some(bytes) = next(&reader).await.map_err(|_| stop.failure())? {
        for data in events.push(&bytes) {
            heard(serde_json::from_str(&data).map_err(|_| ApiError::unreadable(200))?);
        }
    }
    Ok(())
}

fn reader(response: &Response) -> Option<ReadableStreamDefaultReader> {
    response.body()?.get_reader().dyn_into().ok()
}

/// The bytes that come next; nothing at the end.
async fn next(reader: &ReadableStreamDefaultReader) -> Result<Option<Vec<u8>>, JsValue> {
    let read = JsFuture::from(reader.read()).await?;
    if Reflect::get(&read, &"done".into())?.is_truthy() {
        return Ok(None);
    }
    let bytes: Uint8Array = Reflect::get(&read, &"value".into())?.dyn_into()?;
    Ok(Some(bytes.to_vec()))
}

/// Cuts a stream of bytes into events, wherever the network cut it.
#[derive(Debug, Default)]
struct Events {
    pending: Vec<u8>,
}

impl Events {
    /// Takes bytes and answers the data of the events that are whole by now.
    fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        self.pending.extend_from_slice(bytes);
        let mut whole = Vec::new();
        while let Some(end) = self.pending.windows(2).position(|pair| pair == b"\n\n") {
            let event: Vec<u8> = self.pending.drain(..end + 2).collect();
            let text = String::from_utf8_lossy(&event);
            let data: Vec<&str> = text
                .lines()
                .filter_map(|line| line.strip_prefix("data:"))
                .map(|data| data.strip_prefix(' ').unwrap_or(data))
                .collect();
            if !data.is_empty() {
                whole.push(data.join("\n"));
            }
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::Events;

    #[test]
    fn an_event_is_whole_wherever_the_network_cut_it() {
        let mut events = Events::default();
        assert!(events.push("data: {\"a\":\"ä".as_bytes()).is_empty());
        assert_eq!(
            events.push(b"\"}\n\n: still here\n\ndata: 2\n"),
            ["{\"a\":\"ä\"}"]
        );
        assert_eq!(events.push(b"\n"), ["2"]);
    }
}
