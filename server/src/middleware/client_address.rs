//! The client's address: of the connection, or as a trusted proxy names it.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::HeaderMap,
    middleware::Next,
    response::Response,
};

use crate::app::App;

/// The address that a limit counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub Option<IpAddr>);

/// Puts the [`ClientAddress`] beside the request.
pub async fn find_client_address(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Response {
    let connection = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    let named = app
        .client_address_header
        .as_deref()
        .and_then(|header| last_address(request.headers(), header));
    request
        .extensions_mut()
        .insert(ClientAddress(named.or(connection)));
    next.run(request).await
}

/// The last address in a header: what the nearest proxy added. Earlier entries are the client's word.
fn last_address(headers: &HeaderMap, name: &str) -> Option<IpAddr> {
    let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    value.rsplit(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_entry_of_the_nearest_proxy_is_believed() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "1.1.1.1, 2.2.2.2".parse().unwrap());
        headers.append("x-forwarded-for", "3.3.3.3, 4.4.4.4".parse().unwrap());
        assert_eq!(
            last_address(&headers, "x-forwarded-for"),
            Some([4, 4, 4, 4].into())
        );
        headers.append("x-forwarded-for", "nobody".parse().unwrap());
        assert_eq!(last_address(&headers, "x-forwarded-for"), None);
    }
}
