//! What it means that the hub refuses: by the status, and by the hub's own word for it.

use reqwest::{Response, StatusCode, header::HeaderName};
use shared::hub::HubModel;

use crate::{client::text, error::HubError};

/// The hub's own word for a refusal.
const ERROR_CODE: HeaderName = HeaderName::from_static("x-error-code");

/// What a request is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) model: &'a HubModel,
    pub(crate) file: Option<&'a str>,
}

/// The error that a refusal is.
pub(crate) fn refusal(
    endpoint: &str,
    has_token: bool,
    response: &Response,
    asked: Asked<'_>,
) -> HubError {
    let endpoint = endpoint.to_owned();
    let repository = asked.model.repository.clone();
    let status = response.status();
    match (status, text(response.headers(), ERROR_CODE)) {
        (_, Some("GatedRepo")) | (StatusCode::FORBIDDEN, _) => HubError::Gated {
            endpoint,
            repository,
            found: if has_token {
                "; the token that is there now is of an account that may not read it"
            } else {
                ""
            },
        },
        (_, Some("RevisionNotFound")) => HubError::NotFound {
            endpoint,
            what: format!("revision {} of {repository}", asked.model.revision()),
            hint: "",
        },
        (_, Some("EntryNotFound")) => HubError::NotFound {
            endpoint,
            what: format!("file {} in {repository}", asked.file.unwrap_or("so named")),
            hint: "",
        },
        (StatusCode::UNAUTHORIZED, code) if has_token && code != Some("RepoNotFound") => {
            HubError::BadToken { endpoint }
        }
        (StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND, _) => HubError::NotFound {
            endpoint,
            what: format!("repository {}", asked.model),
            hint: if has_token {
                ""
            } else {
                "; a private one needs a token in HF_TOKEN"
            },
        },
        _ => HubError::Answer {
            endpoint,
            answer: status.to_string(),
        },
    }
}
