//! Databases that live as long as a test.

use server::context::Context;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use store::Store;
use tempfile::TempDir;

/// An empty database with its schema, and a folder for files.
#[derive(Debug)]
pub struct TestDatabase {
    /// The opened database.
    pub store: Store,
    /// Its address, to open it once more.
    pub url: String,
    /// A folder that goes with it.
    pub folder: TempDir,
}

impl TestDatabase {
    /// On SQLite, in a temporary file.
    pub async fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        Self {
            store: Store::open(&url).await.unwrap(),
            url,
            folder,
        }
    }

    /// On the PostgreSQL server of `TEST_POSTGRES_URL`, in a schema of its own.
    pub async fn postgres() -> Option<Self> {
        let Ok(server) = std::env::var("TEST_POSTGRES_URL") else {
            assert!(
                std::env::var_os("TEST_REQUIRE_POSTGRES").is_none(),
                "TEST_POSTGRES_URL must name a PostgreSQL server"
            );
            eprintln!("skipped: TEST_POSTGRES_URL names no PostgreSQL server");
            return None;
        };
        let schema = format!("test_{:016x}", Context::system().random_u64());
        let mut connection = PgConnection::connect(&server).await.unwrap();
        let create = AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
        sqlx::query(create).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let separator = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{separator}options[search_path]={schema}");
        let folder = TempDir::new().unwrap();
        Some(Self {
            store: Store::open(&url).await.unwrap(),
            url,
            folder,
        })
    }
}
