//! The frontend through its router.

use std::fs;

use axum::body::to_bytes;
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::*;

const SCRIPT: &str = "/assets/app-0123456789ab.js";

/// A folder as the build makes it, with forms that can be told apart.
fn built() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| fs::write(folder.path().join(name), content).unwrap();
    fs::create_dir(folder.path().join("assets")).unwrap();
    write("index.html", "<p>page</p>");
    write("assets/app-0123456789ab.js", "plain");
    write("assets/app-0123456789ab.js.br", "brotli");
    write("assets/app-0123456789ab.js.gz", "gzip");
    write("assets/mark-0123456789ab.svg", "<svg/>");
    folder
}

/// A request with headers; answers the response and its body.
async fn send(method: Method, path: &str, headers: &[(&str, &str)]) -> (Response, String) {
    let folder = built();
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let service: Router = router(Assets::load(folder.path()));
    let response = service
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    (Response::from_parts(parts, Body::empty()), text)
}

async fn get(path: &str, headers: &[(&str, &str)]) -> (Response, String) {
    send(Method::GET, path, headers).await
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn an_asset_may_be_kept_for_ever() {
    let (response, body) = get(SCRIPT, &[]).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "cache-control"), FOR_EVER);
    assert_eq!(
        header(&response, "content-type"),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(header(&response, "vary"), "accept-encoding");
    assert_eq!(header(&response, "content-encoding"), "");
    assert_eq!(body, "plain");
}

#[tokio::test]
async fn the_best_form_that_the_browser_takes_is_sent() {
    for (accepted, encoding, content) in [
        ("gzip, br", "br", "brotli"),
        ("gzip", "gzip", "gzip"),
        ("br;q=0, gzip", "gzip", "gzip"),
        ("zstd", "", "plain"),
    ] {
        let (response, body) = get(SCRIPT, &[("accept-encoding", accepted)]).await;
        assert_eq!(
            header(&response, "content-encoding"),
            encoding,
            "{accepted}"
        );
        assert_eq!(
            header(&response, "content-length"),
            content.len().to_string()
        );
        assert_eq!(body, content, "{accepted}");
    }
    let icon = "/assets/mark-0123456789ab.svg";
    let (response, body) = get(icon, &[("accept-encoding", "br")]).await;
    assert_eq!(header(&response, "content-encoding"), "");
    assert_eq!(body, "<svg/>");
}

#[tokio::test]
async fn the_page_is_asked_for_each_time_and_sent_only_if_it_changed() {
    let (response, body) = get("/", &[]).await;
    assert_eq!(body, "<p>page</p>");
    assert_eq!(header(&response, "cache-control"), ASK_AGAIN);
    assert_eq!(
        header(&response, "content-type"),
        "text/html; charset=utf-8"
    );
    let etag = header(&response, "etag").to_owned();
    let (response, body) = get("/", &[("if-none-match", &etag)]).await;
    assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(header(&response, "etag"), etag);
    assert_eq!(body, "");
    let (response, _) = get("/", &[("if-none-match", "W/\"old\"")]).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_browser_gets_the_page_at_every_address_of_the_application() {
    let html = [("accept", "text/html,application/xhtml+xml")];
    let (response, body) = get("/projects/intake/runs", &html).await;
    assert_eq!(
        (response.status(), body.as_str()),
        (StatusCode::OK, "<p>page</p>")
    );
    for (path, headers) in [
        (
            "/projects/intake/runs",
            &[("accept", "application/json")][..],
        ),
        ("/assets/gone-0123456789ab.js", &html[..]),
        ("/assets/app-0123456789ab.js.br", &html[..]),
        ("/assets/../index.html", &html[..]),
        ("/api/nothing", &html[..]),
        ("/api", &html[..]),
    ] {
        let (response, _) = get(path, headers).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn head_has_the_headers_and_no_body() {
    let (response, body) = send(Method::HEAD, SCRIPT, &[("accept-encoding", "br")]).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "content-length"), "6");
    assert_eq!(body, "");
    let (response, _) = send(Method::POST, "/", &[]).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(header(&response, "allow"), "GET, HEAD");
}

#[tokio::test]
async fn without_a_build_the_page_says_how_to_get_one() {
    let nowhere = tempfile::tempdir().unwrap();
    let assets = Assets::load(&nowhere.path().join("missing"));
    let response = assets.answer(&Method::GET, "/", &HeaderMap::new());
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(text.contains("cargo xtask frontend"), "{text}");
}
