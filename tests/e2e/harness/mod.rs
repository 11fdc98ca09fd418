//! A server, a browser, and a page that waits for what it is asked for.

mod console;
mod devtools;
mod driver;
mod page;
mod server;

use std::{panic::AssertUnwindSafe, path::PathBuf};

use futures::FutureExt as _;

pub(crate) use page::Page;
pub(crate) use server::Server;

/// Runs a test on a fresh server, in a fresh browser.
///
/// `name` names the pictures; it must be the test's own.
pub(crate) async fn in_browser(name: &'static str, test: impl AsyncFnOnce(&Page, &Server)) {
    let Some(programs) = driver::Programs::from_environment() else {
        return;
    };
    let server = Server::start(assets()).await;
    let driver = driver::Driver::start(&programs).await;
    let page = Page::open(&driver, server.address(), name).await;
    let outcome = AssertUnwindSafe(test(&page, &server)).catch_unwind().await;
    if outcome.is_err() {
        page.take_picture("failed").await;
    }
    let errors = page.console_errors().await;
    page.close().await;
    drop(driver);
    server.stop().await;
    if let Err(panic) = outcome {
        eprintln!("the console said: {errors:#?}");
        std::panic::resume_unwind(panic);
    }
    assert!(errors.is_empty(), "the console has errors: {errors:#?}");
}

/// The folder of the built frontend.
fn assets() -> PathBuf {
    let folder = std::env::var_os("TEST_ASSETS").expect("TEST_ASSETS names the built frontend");
    let folder = PathBuf::from(folder);
    assert!(
        folder.join("index.html").is_file(),
        "the frontend is not built: run `cargo xtask frontend`"
    );
    folder
}
