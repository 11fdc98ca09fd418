//! One file with its compressed forms, and the answer that fits a browser best.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

/// A file in memory.
#[derive(Debug)]
pub(super) struct File {
    content_type: &'static str,
    plain: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
    /// Names the content, in quotes as the header wants it. Weak, because it is the same for every
    /// encoding.
    etag: String,
}

impl File {
    /// A file from its content and, where they are smaller, its compressed forms.
    pub(super) fn new(
        content_type: &'static str,
        plain: Bytes,
        brotli: Option<Bytes>,
        gzip: Option<Bytes>,
    ) -> Self {
        let hash = hex::encode(&Sha256::digest(&plain)[..16]);
        Self {
            content_type,
            plain,
            brotli,
            gzip,
            etag: format!("W/\"{hash}\""),
        }
    }

    /// The answer to a request with these headers: the smallest form that the browser takes, or
    /// nothing but a status if it has the file already.
    pub(super) fn answer(&self, request: &HeaderMap, cache_control: &'static str) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static(cache_control),
        );
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Ok(etag) = HeaderValue::from_str(&self.etag) {
            headers.insert(header::ETAG, etag);
        }
        if self.is_known(request) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        let (body, encoding) = self.choose(request);
        if let Some(encoding) = encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.content_type),
        );
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        (headers, Body::from(body)).into_response()
    }

    /// Whether the browser says that it has this very content.
    fn is_known(&self, request: &HeaderMap) -> bool {
        let known = request.get_all(header::IF_NONE_MATCH).iter();
        known.filter_map(|value| value.to_str().ok()).any(|tags| {
            let mut tags = tags.split(',').map(str::trim);
            tags.any(|tag| tag == "*" || tag == self.etag)
        })
    }

    fn choose(&self, request: &HeaderMap) -> (Bytes, Option<&'static str>) {
        let forms = [(&self.brotli, "br"), (&self.gzip, "gzip")];
        let best = forms.into_iter().find_map(|(form, encoding)| {
            let form = form.clone().filter(|_| accepts(request, encoding))?;
            Some((form, Some(encoding)))
        });
        best.unwrap_or_else(|| (self.plain.clone(), None))
    }
}

/// Whether `Accept-Encoding` allows an encoding: named, or by `*`, and not with a weight of zero.
fn accepts(request: &HeaderMap, encoding: &str) -> bool {
    let values = request.get_all(header::ACCEPT_ENCODING).iter();
    let offers: Vec<(&str, bool)> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|offer| {
            let (name, weight) = offer.split_once(';').unwrap_or((offer, ""));
            let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
            (
                name.trim(),
                weight.parse().is_ok_and(|weight: f32| weight > 0.0),
            )
        })
        .collect();
    let of = |wanted: &str| {
        let mut offers = offers.iter();
        offers
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, allowed)| *allowed)
    };
    of(encoding).or_else(|| of("*")).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_accepted_by_name_or_star_unless_its_weight_is_zero() {
        let accepts = |value: &str, encoding: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, value.parse().unwrap());
            accepts(&headers, encoding)
        };
        assert!(accepts("gzip, deflate, br, zstd", "br"));
        assert!(accepts("GZIP;q=0.5", "gzip"));
        assert!(accepts("*", "br"));
        assert!(!accepts("gzip", "br"));
        assert!(!accepts("br;q=0, *", "br"));
        assert!(!accepts("br; q=0.0", "br"));
        assert!(!accepts("", "gzip"));
        assert!(!super::accepts(&HeaderMap::new(), "gzip"));
    }
}
