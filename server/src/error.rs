//! The one error of HTTP: what a service refuses or fails with, and how it reads on the wire.
//!
//! A refusal says what was wrong, where, and what to do. A failure is logged once, here, with the
//! request's id; the client sees only that id.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use shared::error::{ErrorBody, FieldError};
use store::StoreError;

/// What a service answers instead of a result.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// Nobody is signed in.
    #[error("sign in first")]
    Unauthorized,
    /// The person may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// The thing is not there, or not visible to this person. The text says what.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// It collides with what is there.
    #[error("{0}")]
    Conflict(String),
    /// Fields of the request are unusable.
    #[error("{message}")]
    Invalid {
        /// The whole in one sentence.
        message: String,
        /// What is wrong with which field.
        fields: Vec<FieldError>,
    },
    /// The body is larger than the route takes.
    #[error("{0}")]
    TooLarge(String),
    /// Too many attempts.
    #[error("too many attempts: wait {retry_after_seconds} seconds and try again")]
    RateLimited {
        /// When it is worth trying again.
        retry_after_seconds: u64,
    },
    /// The disk is full.
    #[error("the server's disk is full: nothing was saved; free some space and try again")]
    StorageFull,
    /// Something broke; the cause is for the log.
    #[error("internal error: {0:#}")]
    Internal(anyhow::Error),
}

/// The result of every service.
pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// A request with one bad field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid_fields(vec![FieldError::new(field, message)])
    }

    /// A request with bad fields; there is at least one.
    #[must_use]
    pub fn invalid_fields(fields: Vec<FieldError>) -> Self {
        let message = match fields.as_slice() {
            [one] => format!("{}: {}", one.field, one.message),
            many => format!("{} fields need a correction", many.len()),
        };
        Self::Invalid { message, fields }
    }

    /// What is wrong with which field, or the error where no field is to blame.
    pub fn into_fields(self) -> ApiResult<Vec<FieldError>> {
        match self {
            Self::Invalid { fields, .. } => Ok(fields),
            other => Err(other),
        }
    }

    const fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not_found"),
            Self::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            Self::Invalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::RateLimited { .. } => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
            Self::StorageFull => (StatusCode::INSUFFICIENT_STORAGE, "storage_full"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Internal(_) => {
                "something went wrong on the server; its log names the cause under this request id"
                    .to_owned()
            }
            other => other.to_string(),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full => Self::StorageFull,
            StoreError::Conflict(what) => Self::Conflict(format!("it exists already ({what})")),
            other => Self::Internal(other.into()),
        }
    }
}

impl From<anyhow::Error> for ApiError {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.status_and_code();
        if let Self::Internal(cause) = &self {
            tracing::error!(cause = format!("{cause:#}"), "request failed");
        }
        let message = self.message();
        let retry_after = match &self {
            Self::RateLimited {
                retry_after_seconds,
            } => Some(*retry_after_seconds),
            _ => None,
        };
        let fields = match self {
            Self::Invalid { fields, .. } => fields,
            _ => Vec::new(),
        };
        // The middleware that numbers requests adds the id, which is unknown here.
        let body = ErrorBody {
            code: code.to_owned(),
            message,
            fields,
            request_id: None,
        };
        let mut response = (status, Json(body)).into_response();
        if let Some(seconds) = retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
