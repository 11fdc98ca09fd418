//! What a call to the server can end with instead of an answer.
//!
//! Pages show it through [`ApiError::problem`]; forms ask [`ApiError::field`] for the sentence
//! beside each input.

use leptos::wasm_split::SplitLoaderError;
use shared::error::{ErrorBody, FieldError};

use crate::components::problem::Problem;

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiError {
    /// Nobody is signed in, or the session ended.
    Unauthorized,
    /// The person may not do this.
    Forbidden(String),
    /// The thing is not there.
    NotFound(String),
    /// The request collides with what is there.
    Conflict(String),
    /// Fields of the request are unusable.
    Invalid {
        /// The whole in one sentence.
        message: String,
        /// What is wrong with which field.
        fields: Vec<FieldError>,
    },
    /// Refused for another reason, such as too many attempts or a body that is too large.
    Refused(String),
    /// The server could not be reached.
    Network,
    /// The page that asked is gone.
    Aborted,
    /// A part of the application could not be fetched.
    Unloaded,
    /// The server failed.
    Server {
        /// What it said.
        message: String,
        /// Names the request in the server's log.
        request_id: Option<String>,
    },
}

impl From<SplitLoaderError> for ApiError {
    fn from(_: SplitLoaderError) -> Self {
        Self::Unloaded
    }
}

/// What every function of the API answers with.
pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// The error that an answer other than a success stands for.
    #[must_use]
    pub fn from_response(status: u16, body: &str) -> Self {
        let Ok(body) = serde_json::from_str::<ErrorBody>(body) else {
            return Self::unreadable(status);
        };
        match status {
            401 => Self::Unauthorized,
            403 => Self::Forbidden(body.message),
            404 => Self::NotFound(body.message),
            409 => Self::Conflict(body.message),
            422 => Self::Invalid {
                message: body.message,
                fields: body.fields,
            },
            400..=499 => Self::Refused(body.message),
            _ => Self::Server {
                message: body.message,
                request_id: body.request_id,
            },
        }
    }

    /// An answer that is not the server's own, such as a proxy's page.
    #[must_use]
    pub fn unreadable(status: u16) -> Self {
        Self::Server {
            message: format!("the answer (status {status}) is not one this page understands"),
            request_id: None,
        }
    }

    /// What is wrong with a field of the request.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        match self {
            Self::Invalid { fields, .. } => fields
                .iter()
                .find(|error| error.field == name)
                .map(|error| error.message.as_str()),
            _ => None,
        }
    }

    /// The sentence for a form as a whole, unless every complaint belongs to one of `shown`.
    #[must_use]
    pub fn beside_fields(&self, shown: &[&str]) -> Option<String> {
        match self {
            Self::Aborted => None,
            Self::Invalid { fields, message } => {
                let covered = |error: &FieldError| shown.contains(&error.field.as_str());
                let all = !fields.is_empty() && fields.iter().all(covered);
                (!all).then(|| sentence(message))
            }
            other => Some(other.problem().text()),
        }
    }

    /// The error as a person reads it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let (title, detail, may_retry) = match self {
            Self::Unauthorized => ("You are signed out", "Sign in again to go on.", false),
            Self::Forbidden(message) => ("You may not see this", message.as_str(), false),
            Self::NotFound(message) => ("Not found", message.as_str(), false),
            Self::Conflict(message) => ("Not possible now", message.as_str(), false),
            Self::Invalid { message, .. } => ("Not accepted", message.as_str(), false),
            Self::Refused(message) => ("Refused", message.as_str(), true),
            Self::Network => (
                "The server cannot be reached",
                "Check that it is running and that you are connected, then try again.",
                true,
            ),
            Self::Aborted => ("Stopped", "The page was left before the answer came.", true),
            Self::Unloaded => (
                "This page could not be loaded",
                "Try again. If that does not help, reload: the server may have a newer version.",
                true,
            ),
            Self::Server { message, .. } => ("The server failed", message.as_str(), true),
        };
        let request_id = match self {
            Self::Server { request_id, .. } => request_id.clone(),
            _ => None,
        };
        Problem {
            title: title.to_owned(),
            detail: sentence(detail),
            request_id,
            may_retry,
        }
    }
}

/// The server writes messages to follow a colon; alone on a line they begin in upper case and end
/// in a full stop.
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let end = if text.ends_with(['.', '?']) { "" } else { "." };
    format!("{}{}{end}", first.to_uppercase(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVALID: &str = r#"{"code":"invalid","message":"name: must have 1 to 100 characters",
        "fields":[{"field":"name","message":"must have 1 to 100 characters"}]}"#;

    #[test]
    fn a_field_error_is_shown_at_its_field_and_not_twice() {
        let error = ApiError::from_response(422, INVALID);
        assert_eq!(error.field("name"), Some("must have 1 to 100 characters"));
        assert_eq!(error.field("email"), None);
        assert_eq!(error.beside_fields(&["name"]), None);
        assert!(error.beside_fields(&["email"]).is_some());
    }

    #[test]
    fn a_failure_keeps_the_request_id() {
        let body = r#"{"code":"internal","message":"something went wrong","request_id":"r1"}"#;
        let problem = ApiError::from_response(500, body).problem();
        assert_eq!(problem.request_id.as_deref(), Some("r1"));
        assert_eq!(problem.detail, "Something went wrong.");
        assert!(problem.may_retry);
    }

    #[test]
    fn an_answer_that_is_not_ours_is_a_server_error() {
        let error = ApiError::from_response(502, "<html>Bad gateway</html>");
        assert_eq!(error, ApiError::unreadable(502));
    }
}
