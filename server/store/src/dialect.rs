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

/// The `WHERE` of the next place for an annotator, before PostgreSQL's lock.
macro_rules! next_slot {
    ($lock:literal) => {
        concat!(
            "UPDATE slots SET reserved_by = $2, reserved_until = $3
             WHERE id = (
                 SELECT s.id FROM slots s JOIN pairs p ON p.id = s.pair_id
                 WHERE p.queue_id = $1 AND NOT p.flagged AND NOT s.done
                     AND (s.reserved_until IS NULL OR s.reserved_until <= $4)
                     AND NOT EXISTS (SELECT 1 FROM judgements j
                         WHERE j.pair_id = p.id AND j.annotator_id = $2)
                     AND NOT EXISTS (SELECT 1 FROM slots held
                         WHERE held.pair_id = p.id AND held.reserved_by = $2
                             AND (held.done OR held.reserved_until > $4))
                 ORDER BY p.position, s.slot LIMIT 1",
            $lock,
            ")"
        )
    };
}

/// Holds the next place of a queue for an annotator, as [`crate::slots::reserve`] says.
pub(crate) const fn reserve_slot(tx: &Tx) -> &'static str {
    pick(
        tx,
        next_slot!(""),
        next_slot!(" FOR UPDATE OF s SKIP LOCKED"),
    )
}

/// The statement that fills a free place of a pair, before PostgreSQL's lock.
macro_rules! free_slot {
    ($lock:literal) => {
        concat!(
            "UPDATE slots SET done = TRUE, reserved_by = $2
             WHERE id = (SELECT id FROM slots WHERE pair_id = $1 AND NOT done
                     AND (reserved_until IS NULL OR reserved_until <= $3)
                 ORDER BY slot LIMIT 1",
            $lock,
            ") RETURNING id"
        )
    };
}

/// Fills any place of a pair that nobody holds, as [`crate::slots::fill_any`] says.
pub(crate) const fn fill_free_slot(tx: &Tx) -> &'static str {
    pick(tx, free_slot!(""), free_slot!(" FOR UPDATE SKIP LOCKED"))
}
