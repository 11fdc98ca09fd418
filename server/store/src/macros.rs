//! The macro that runs one body on either database.

/// Runs `body` with `conn` bound to the transaction's connection, whichever database it is.
///
/// The body is compiled once against each driver, so binds and row types are checked on both.
macro_rules! on_db {
    ($tx:expr, |$conn:ident| $body:expr) => {
        match $tx {
            $crate::Tx::Sqlite(tx) => {
                let $conn = &mut **tx;
                $body
            }
            $crate::Tx::Postgres(tx) => {
                let $conn = &mut **tx;
                $body
            }
        }
    };
}
