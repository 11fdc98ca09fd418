//! Connections and transactions.

use std::{path::Path, str::FromStr, time::Duration};

use sqlx::{
    PgPool, Postgres, Sqlite, SqlitePool, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{Result, StoreError, migrate};

/// How long a caller waits for a connection, or for SQLite's writer, before it gets an error.
const PATIENCE: Duration = Duration::from_secs(10);

/// A database with its schema up to date. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pools: Pools,
}

#[derive(Clone, Debug)]
enum Pools {
    /// SQLite allows one writer, so there is one connection for writing and several for reading.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

/// A transaction on either database. Dropped without [`Tx::commit`], it changes nothing.
#[derive(Debug)]
pub enum Tx {
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

impl Store {
    /// Opens the database at `url` and brings its schema up to date.
    ///
    /// `sqlite:PATH` opens or makes a file; `postgres://...` connects to a server.
    pub async fn open(url: &str) -> Result<Self> {
        let store = Self {
            pools: Pools::connect(url).await?,
        };
        match &store.pools {
            Pools::Sqlite { writer, .. } => migrate::SQLITE.run(writer).await?,
            Pools::Postgres(pool) => migrate::POSTGRES.run(pool).await?,
        }
        Ok(store)
    }

    /// Opens the SQLite database in the file at `path`, making it if needed.
    pub async fn open_file(path: &Path) -> Result<Self> {
        Self::open(&format!("sqlite:{}", path.display())).await
    }

    /// Begins a transaction that only reads: a stable view that waits for nobody.
    pub async fn read(&self) -> Result<Tx> {
        Ok(match &self.pools {
            Pools::Sqlite { readers, .. } => Tx::Sqlite(readers.begin().await?),
            Pools::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Begins a transaction that writes. On SQLite it is the only one until it ends, so keep it short.
    pub async fn write(&self) -> Result<Tx> {
        Ok(match &self.pools {
            Pools::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Pools::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Closes every connection, so that SQLite folds its log into the file.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    /// The name of the database, for people.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.pools {
            Pools::Sqlite { .. } => "SQLite",
            Pools::Postgres(_) => "PostgreSQL",
        }
    }
}

impl Tx {
    /// Makes everything done in the transaction lasting.
    pub async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

impl Pools {
    async fn connect(url: &str) -> Result<Self> {
        if url.starts_with("sqlite:") {
            Self::connect_sqlite(url).await
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Self::connect_postgres(url).await
        } else {
            Err(unusable(
                url,
                "it must begin with `sqlite:` or `postgres://`",
            ))
        }
    }

    async fn connect_sqlite(url: &str) -> Result<Self> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|error| unusable(url, &error.to_string()))?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(PATIENCE)
            .foreign_keys(true)
            .optimize_on_close(true, None);
        // The writer opens first: it makes the file and switches it to the write-ahead log.
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .connect_with(options.clone())
            .await
            .map_err(|error| unusable(url, &error.to_string()))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(8)
            .acquire_timeout(PATIENCE)
            .connect_with(options.read_only(true).create_if_missing(false))
            .await?;
        Ok(Self::Sqlite { writer, readers })
    }

    async fn connect_postgres(url: &str) -> Result<Self> {
        let options =
            PgConnectOptions::from_str(url).map_err(|error| unusable(url, &error.to_string()))?;
        let pool = PgPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(PATIENCE)
            .connect_with(options)
            .await
            .map_err(|error| unusable(url, &error.to_string()))?;
        Ok(Self::Postgres(pool))
    }
}

fn unusable(url: &str, reason: &str) -> StoreError {
    StoreError::Address {
        url: without_password(url),
        reason: reason.to_owned(),
    }
}

/// The address with what stands between `:` and `@` after the user's name left out.
fn without_password(url: &str) -> String {
    let Some((before, host)) = url.rsplit_once('@') else {
        return url.to_owned();
    };
    let Some((scheme, user)) = before.split_once("://") else {
        return url.to_owned();
    };
    let user = user.split_once(':').map_or(user, |(name, _)| name);
    format!("{scheme}://{user}@{host}")
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn an_address_in_an_error_has_no_password() {
        assert_eq!(
            without_password("postgres://ann:se@cret@db/x"),
            "postgres://ann@db/x"
        );
        assert_eq!(without_password("postgres://db/x"), "postgres://db/x");
        assert_eq!(without_password("sqlite:a.db"), "sqlite:a.db");
    }
}
