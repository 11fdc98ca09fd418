//! What the tests share: databases that are thrown away, an application on one of them, and a
//! client that talks to it through its router.
//!
//! Tests go through the public interface; only the contract tests of the store talk to it directly.

mod app;
mod client;
mod database;
mod events;

pub use app::{ADMIN_EMAIL, PASSWORD, SETUP_CODE, TestApp, serve_config};
pub use client::{Client, Reply};
pub use database::TestDatabase;
pub use events::{EventStream, SentEvent};

/// Runs each function once on SQLite and once on PostgreSQL.
///
/// A function takes a [`TestDatabase`]. Without a `TEST_POSTGRES_URL` the second run says so and
/// passes, unless `TEST_REQUIRE_POSTGRES` is set.
#[macro_export]
macro_rules! on_both_databases {
    ($( $(#[$meta:meta])* async fn $name:ident($database:ident: TestDatabase) $body:block )+) => { $(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports, reason = "a body may need nothing from its file")]
            use super::*;

            async fn body($database: $crate::TestDatabase) $body

            #[tokio::test]
            async fn sqlite() {
                body($crate::TestDatabase::sqlite().await).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(database) = $crate::TestDatabase::postgres().await {
                    body(database).await;
                }
            }
        }
    )+ };
}
