//! The one error of the store.

/// What the database refused, or could not do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A row with this key is already there. The text names the constraint.
    #[error("a row with the same key exists already ({0})")]
    Conflict(String),
    /// A row that another one needs is not there, or is still needed.
    #[error("a referenced row is missing or still in use ({0})")]
    Reference(String),
    /// The database was written by a newer Temper.
    #[error(
        "the database has migration {0}, which this version of Temper does not know: \
         start the newer version that wrote it, or restore a back-up made before the upgrade"
    )]
    NewerDatabase(i64),
    /// A migration could not be applied.
    #[error("the database could not be brought up to date: {0}")]
    Migration(sqlx::migrate::MigrateError),
    /// The address of the database is not understood.
    #[error("cannot use `{url}` as a database: {reason}")]
    Address {
        /// The address, without its password.
        url: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// A stored value does not have the expected form.
    #[error("the database holds an unusable value: {0}")]
    Corrupt(String),
    /// The disk that holds the database is full.
    #[error("the disk that holds the database is full: free some space, nothing was lost")]
    Full,
    /// Anything else that the driver reports.
    #[error("the database failed: {0}")]
    Driver(sqlx::Error),
}

/// The result of everything in this crate.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl StoreError {
    /// A stored value that cannot be read back.
    pub fn corrupt(reason: impl std::fmt::Display) -> Self {
        Self::Corrupt(reason.to_string())
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::error::ErrorKind;

        let sqlx::Error::Database(reported) = &error else {
            return Self::Driver(error);
        };
        match reported.kind() {
            ErrorKind::UniqueViolation => Self::Conflict(reported.message().to_owned()),
            ErrorKind::ForeignKeyViolation => Self::Reference(reported.message().to_owned()),
            // SQLITE_FULL, and PostgreSQL's disk_full.
            _ if matches!(reported.code().as_deref(), Some("13" | "53100")) => Self::Full,
            _ => Self::Driver(error),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::VersionMissing(version) => Self::NewerDatabase(version),
            other => Self::Migration(other),
        }
    }
}
