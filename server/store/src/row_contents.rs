//! The content of rows, each stored once by its hash.
//!
//! What must not go in: anything that differs between the places where a row stands, such as its
//! coverage; that is in [`segment_rows`](crate::segment_rows).

use std::collections::HashMap;

use shared::dataset::RowKind;
use sqlx::QueryBuilder;

use crate::{Result, StoreError, Tx};

/// The SHA-256 of a row's canonical content.
pub type RowHash = [u8; 32];

/// A row's content, ready to be stored.
#[derive(Clone, Debug)]
pub struct NewContent {
    /// Its hash.
    pub hash: RowHash,
    /// Its kind.
    pub kind: RowKind,
    /// A number from 0 to 2^63-1 that rows with the same prompt share.
    pub prompt_key: i64,
    /// Its canonical JSON.
    pub content: String,
}

/// Rows of a statement. Longer ones gain nothing, and SQLite takes 32 766 values at most.
const CHUNK: usize = 500;

/// Stores what is not there yet, and answers the id of each hash with whether it is new.
///
/// The contents are written in the order of their hashes, so that two transactions that write the
/// same ones wait for each other instead of locking each other up.
pub async fn put(tx: &mut Tx, contents: &[NewContent]) -> Result<HashMap<RowHash, (i64, bool)>> {
    let mut sorted: Vec<&NewContent> = contents.iter().collect();
    sorted.sort_unstable_by_key(|content| content.hash);
    sorted.dedup_by_key(|content| content.hash);
    let mut ids = HashMap::with_capacity(sorted.len());
    for chunk in sorted.chunks(CHUNK) {
        for (id, hash) in insert_new(tx, chunk).await? {
            ids.insert(to_hash(hash)?, (id, true));
        }
    }
    let known: Vec<&NewContent> = sorted
        .into_iter()
        .filter(|content| !ids.contains_key(&content.hash))
        .collect();
    for chunk in known.chunks(CHUNK) {
        for (id, hash) in find(tx, chunk).await? {
            ids.insert(to_hash(hash)?, (id, false));
        }
    }
    Ok(ids)
}

/// The hash in a column.
pub(crate) fn to_hash(bytes: Vec<u8>) -> Result<RowHash> {
    bytes
        .try_into()
        .map_err(|_| StoreError::corrupt("a row's hash does not have 32 bytes"))
}

async fn insert_new(tx: &mut Tx, chunk: &[&NewContent]) -> Result<Vec<(i64, Vec<u8>)>> {
    const SQL: &str = "INSERT INTO row_contents (hash, kind, prompt_key, content) ";
    Ok(on_db!(tx, |conn| {
        let mut query = QueryBuilder::new(SQL);
        query.push_values(chunk, |mut row, content| {
            row.push_bind(&content.hash[..])
                .push_bind(content.kind.as_str())
                .push_bind(content.prompt_key)
                .push_bind(&content.content);
        });
        query.push(" ON CONFLICT (hash) DO NOTHING RETURNING id, hash");
        query.build_query_as().fetch_all(conn).await
    })?)
}

async fn find(tx: &mut Tx, chunk: &[&NewContent]) -> Result<Vec<(i64, Vec<u8>)>> {
    Ok(on_db!(tx, |conn| {
        let mut query = QueryBuilder::new("SELECT id, hash FROM row_contents WHERE hash IN (");
        let mut hashes = query.separated(", ");
        for content in chunk {
            hashes.push_bind(&content.hash[..]);
        }
        query.push(")");
        query.build_query_as().fetch_all(conn).await
    })?)
}
