//! The few statements that must differ between the two databases.

use crate::Tx;

/// Picks the statement of the transaction's database.
const fn pick(tx: &Tx, sqlite: &'static str, postgres: &'static str) -> &'static str {
    match tx {
        Tx::Sqlite(_) => sqlite,
        Tx::Postgres(_) => postgres,
    }
}

/// Claims the oldest job that waits. PostgreSQL skips rows that another runner is just claiming;
/// without that, losers would get no row while work remains. SQLite has one writer at a time.
pub(crate) const fn claim_job(tx: &Tx) -> &'static str {
    pick(
        tx,
        "UPDATE jobs SET state = 'running', attempt = attempt + 1, lease_owner = $1,
             lease_until = $2, started_at = $3, message = ''
         WHERE id = (SELECT id FROM jobs WHERE state = 'queued' ORDER BY id LIMIT 1)
         RETURNING *",
        "UPDATE jobs SET state = 'running', attempt = attempt + 1, lease_owner = $1,
             lease_until = $2, started_at = $3, message = ''
         WHERE id = (SELECT id FROM jobs WHERE state = 'queued' ORDER BY id LIMIT 1
                     FOR UPDATE SKIP LOCKED)
         RETURNING *",
    )
}
