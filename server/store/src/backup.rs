//! Every table as lines of JSON that either database can take, for back-ups.
//!
//! A table is read as its column names and then its rows, each an array. Ids are UUIDs, bytes are
//! hexadecimal after `\x`, times RFC 3339; which of them a text is, the column that takes it knows.
//! So a back-up of SQLite restores on PostgreSQL and the other way round.

use chrono::{DateTime, SecondsFormat, Utc};
use futures::{Stream, StreamExt as _, stream::BoxStream};
use serde_json::{Value, json};
use sqlx::{
    AssertSqlSafe, ColumnIndex, Database, Decode, Encode, Row, Type, ValueRef as _, query::Query,
};
use uuid::Uuid;

use crate::{Result, StoreError, Tx};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Uuid,
    /// Bytes, or an id on SQLite.
    Bytes,
    Text,
    Integer,
    Float,
    Boolean,
    Time,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    name: String,
    kind: Kind,
}

impl Column {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The number of the newest migration that was applied.
pub async fn schema_version(tx: &mut Tx) -> Result<i64> {
    const SQL: &str = "SELECT MAX(version) FROM _sqlx_migrations";
    let (version,): (i64,) = on_db!(tx, |conn| sqlx::query_as(SQL).fetch_one(conn).await)?;
    Ok(version)
}

/// Makes everything that the transaction reads come from one moment.
pub async fn freeze(tx: &mut Tx) -> Result<()> {
    if let Tx::Postgres(tx) = tx {
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// The tables in the order in which they were made: none refers to a later one.
pub async fn tables(tx: &mut Tx) -> Result<Vec<String>> {
    const SQLITE: &str = "SELECT name FROM sqlite_schema WHERE type = 'table'
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid";
    const POSTGRES: &str = "SELECT c.relname::text FROM pg_class c
         WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
         ORDER BY c.oid";
    let rows: Vec<(String,)> = match tx {
        Tx::Sqlite(tx) => sqlx::query_as(SQLITE).fetch_all(&mut **tx).await?,
        Tx::Postgres(tx) => sqlx::query_as(POSTGRES).fetch_all(&mut **tx).await?,
    };
    let names = rows.into_iter().map(|(name,)| name);
    Ok(names.filter(|name| name != "_sqlx_migrations").collect())
}

/// The columns of a table.
pub async fn columns(tx: &mut Tx, table: &str) -> Result<Vec<Column>> {
    const SQLITE: &str = "SELECT name, type FROM pragma_table_info($1) ORDER BY cid";
    const POSTGRES: &str = "SELECT column_name::text, data_type::text
         FROM information_schema.columns
         WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position";
    let rows: Vec<(String, String)> = match tx {
        Tx::Sqlite(tx) => {
            sqlx::query_as(SQLITE)
                .bind(table)
                .fetch_all(&mut **tx)
                .await?
        }
        Tx::Postgres(tx) => {
            sqlx::query_as(POSTGRES)
                .bind(table)
                .fetch_all(&mut **tx)
                .await?
        }
    };
    let columns = rows.into_iter().map(|(name, declared)| {
        let kind = kind_of(&declared)
            .ok_or_else(|| StoreError::corrupt(format!("{table}.{name} is of type {declared}")))?;
        Ok(Column { name, kind })
    });
    columns.collect()
}

fn kind_of(declared: &str) -> Option<Kind> {
    Some(match declared.to_ascii_lowercase().as_str() {
        "uuid" => Kind::Uuid,
        "blob" | "bytea" => Kind::Bytes,
        "text" => Kind::Text,
        "bigint" | "integer" => Kind::Integer,
        "real" | "double precision" => Kind::Float,
        "boolean" => Kind::Boolean,
        "timestamp with time zone" => Kind::Time,
        _ => return None,
    })
}

/// The rows of a table, each with a value for each of the columns.
pub fn rows<'tx>(
    tx: &'tx mut Tx,
    table: &str,
    columns: &'tx [Column],
) -> BoxStream<'tx, Result<Vec<Value>>> {
    let names: Vec<String> = columns.iter().map(|column| quoted(&column.name)).collect();
    let first = &names[0];
    let sql = AssertSqlSafe(format!(
        "SELECT {} FROM {} ORDER BY {first}",
        names.join(", "),
        quoted(table)
    ));
    match tx {
        Tx::Sqlite(tx) => read(sqlx::query(sql).fetch(&mut **tx), columns).boxed(),
        Tx::Postgres(tx) => read(sqlx::query(sql).fetch(&mut **tx), columns).boxed(),
    }
}

fn read<'tx, R>(
    rows: impl Stream<Item = sqlx::Result<R>> + Send + 'tx,
    columns: &'tx [Column],
) -> impl Stream<Item = Result<Vec<Value>>> + Send + 'tx
where
    R: Row + 'tx,
    usize: ColumnIndex<R>,
    for<'r> Uuid: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> String: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> f64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> bool: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> DateTime<Utc>: Decode<'r, R::Database> + Type<R::Database>,
{
    rows.map(move |row| {
        let row = row?;
        let values = columns.iter().enumerate().map(|(index, column)| {
            if row.try_get_raw(index)?.is_null() {
                return Ok(Value::Null);
            }
            Ok(match column.kind {
                Kind::Uuid => json!(row.try_get::<Uuid, _>(index)?),
                Kind::Bytes => bytes_as_text(&row.try_get::<Vec<u8>, _>(index)?),
                Kind::Text => json!(row.try_get::<String, _>(index)?),
                Kind::Integer => json!(row.try_get::<i64, _>(index)?),
                Kind::Float => json!(row.try_get::<f64, _>(index)?),
                Kind::Boolean => json!(row.try_get::<bool, _>(index)?),
                // As sqlx writes a time into a text column of SQLite.
                Kind::Time => json!(
                    row.try_get::<DateTime<Utc>, _>(index)?
                        .to_rfc3339_opts(SecondsFormat::AutoSi, false)
                ),
            })
        });
        values
            .collect::<sqlx::Result<Vec<Value>>>()
            .map_err(Into::into)
    })
}

/// On SQLite an id is sixteen bytes.
fn bytes_as_text(bytes: &[u8]) -> Value {
    match Uuid::from_slice(bytes) {
        Ok(id) => json!(id),
        Err(_) => json!(format!("\\x{}", hex::encode(bytes))),
    }
}

/// Adds a row to a table.
pub async fn insert(tx: &mut Tx, table: &str, columns: &[Column], row: &[Value]) -> Result<()> {
    if row.len() != columns.len() {
        let message = format!(
            "a row of {table} has {} values, not {}",
            row.len(),
            columns.len()
        );
        return Err(StoreError::corrupt(message));
    }
    let names: Vec<String> = columns.iter().map(|column| quoted(&column.name)).collect();
    let places: Vec<String> = (1..=row.len()).map(|place| format!("${place}")).collect();
    let sql = format!(
        "INSERT INTO {} ({}) VALUES ({})",
        quoted(table),
        names.join(", "),
        places.join(", ")
    );
    on_db!(tx, |conn| {
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (column, value) in columns.iter().zip(row) {
            query = bind(query, column, value)
                .ok_or_else(|| StoreError::corrupt(format!("{table}.{}: {value}", column.name)))?;
        }
        query.execute(conn).await.map(|_| ())
    })?;
    Ok(())
}

/// Makes the numbers that PostgreSQL gives to new rows go on behind those of restored ones.
pub async fn renumber(tx: &mut Tx, table: &str, columns: &[Column]) -> Result<()> {
    const SEQUENCE: &str = "SELECT pg_get_serial_sequence($1, $2)";
    let Tx::Postgres(tx) = tx else { return Ok(()) };
    for column in columns.iter().filter(|column| column.kind == Kind::Integer) {
        let (sequence,): (Option<String>,) = sqlx::query_as(SEQUENCE)
            .bind(quoted(table))
            .bind(&column.name)
            .fetch_one(&mut **tx)
            .await?;
        let Some(sequence) = sequence else { continue };
        let sql = format!(
            "SELECT setval($1::regclass, COALESCE(MAX({}), 0) + 1, false) FROM {}",
            quoted(&column.name),
            quoted(table)
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(sequence)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Binds a value as its column takes it; nothing if the column cannot.
fn bind<'q, DB: Database>(
    query: Query<'q, DB, DB::Arguments>,
    column: &Column,
    value: &Value,
) -> Option<Query<'q, DB, DB::Arguments>>
where
    Option<Uuid>: Encode<'q, DB> + Type<DB>,
    Option<Vec<u8>>: Encode<'q, DB> + Type<DB>,
    Option<String>: Encode<'q, DB> + Type<DB>,
    Option<i64>: Encode<'q, DB> + Type<DB>,
    Option<f64>: Encode<'q, DB> + Type<DB>,
    Option<bool>: Encode<'q, DB> + Type<DB>,
    Option<DateTime<Utc>>: Encode<'q, DB> + Type<DB>,
{
    if value.is_null() {
        return Some(match column.kind {
            Kind::Uuid => query.bind(None::<Uuid>),
            Kind::Bytes => query.bind(None::<Vec<u8>>),
            Kind::Text => query.bind(None::<String>),
            Kind::Integer => query.bind(None::<i64>),
            Kind::Float => query.bind(None::<f64>),
            Kind::Boolean => query.bind(None::<bool>),
            Kind::Time => query.bind(None::<DateTime<Utc>>),
        });
    }
    Some(match column.kind {
        Kind::Uuid => query.bind(Some(value.as_str()?.parse::<Uuid>().ok()?)),
        Kind::Bytes => query.bind(Some(text_as_bytes(value.as_str()?)?)),
        Kind::Text => query.bind(Some(value.as_str()?.to_owned())),
        Kind::Integer => query.bind(Some(value.as_i64()?)),
        Kind::Float => query.bind(Some(value.as_f64()?)),
        Kind::Boolean => query.bind(Some(value.as_bool()?)),
        Kind::Time => query.bind(Some(value.as_str()?.parse::<DateTime<Utc>>().ok()?)),
    })
}

fn text_as_bytes(text: &str) -> Option<Vec<u8>> {
    match text.strip_prefix("\\x") {
        Some(digits) => hex::decode(digits).ok(),
        None => Some(text.parse::<Uuid>().ok()?.as_bytes().to_vec()),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
