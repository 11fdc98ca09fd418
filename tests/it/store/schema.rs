//! Both databases have the same tables and columns, and a newer one is not touched.

use std::collections::BTreeSet;

use sqlx::{Connection, PgConnection, Row, SqliteConnection};
use store::{Store, StoreError};
use tests::TestDatabase;

#[tokio::test]
async fn both_databases_have_the_same_tables_and_columns() {
    let sqlite = TestDatabase::sqlite().await;
    let Some(postgres) = TestDatabase::postgres().await else {
        return;
    };
    assert_eq!(
        sqlite_columns(&sqlite.url).await,
        postgres_columns(&postgres.url).await
    );
}

async fn sqlite_columns(url: &str) -> BTreeSet<(String, String)> {
    let mut connection = SqliteConnection::connect(url).await.unwrap();
    let sql = "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\'";
    let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

async fn postgres_columns(url: &str) -> BTreeSet<(String, String)> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let sql = "SELECT table_name::text, column_name::text FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_sqlx%'";
    let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_by_name() {
    let database = TestDatabase::sqlite().await;
    database.store.close().await;
    let mut connection = SqliteConnection::connect(&database.url).await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', TRUE, x'00', 0)",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let error = Store::open(&database.url).await.unwrap_err();
    assert!(matches!(error, StoreError::NewerDatabase(9999)), "{error}");
    assert!(error.to_string().contains("newer version"));
}
