//! Protection against requests that another site makes a signed-in browser send.
//!
//! Browsers say with `Sec-Fetch-Site` where a request comes from, and older ones with `Origin`.
//! A program that sends a token, and no cookie, is not concerned.

use axum::{
    extract::Request,
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::error::ApiError;

/// Refuses a request that changes something and comes from another site.
pub async fn refuse_cross_site(request: Request, next: Next) -> Response {
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if safe || is_same_site(request.headers()) {
        next.run(request).await
    } else {
        ApiError::Forbidden("a request from another site was refused".to_owned()).into_response()
    }
}

fn is_same_site(headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(header::ORIGIN) else {
        return true;
    };
    let origin_host = origin.split_once("://").map(|(_, host)| host);
    origin_host.is_some() && origin_host == text(header::HOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_browser_may_write_only_from_our_own_pages() {
        assert!(is_same_site(&headers(&[])));
        assert!(is_same_site(&headers(&[("sec-fetch-site", "same-origin")])));
        assert!(!is_same_site(&headers(&[("sec-fetch-site", "cross-site")])));
        assert!(!is_same_site(&headers(&[("sec-fetch-site", "same-site")])));
        assert!(is_same_site(&headers(&[
            ("origin", "https://a.example"),
            ("host", "a.example")
        ])));
        assert!(!is_same_site(&headers(&[
            ("origin", "https://b.example"),
            ("host", "a.example")
        ])));
        assert!(!is_same_site(&headers(&[
            ("origin", "null"),
            ("host", "a.example")
        ])));
    }
}
