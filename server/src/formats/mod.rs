//! Files of rows: how they are cut into records, recognised, made rows, and written again.
//!
//! What must not go in: the database, HTTP, jobs. Everything here works on a file or on values.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`encoding`] | refuses what is not UTF-8, while the bytes arrive |
//! | [`file`](mod@file), [`jsonl`], [`json`], [`csv`](mod@csv) | cut a file into records, with their lines |
//! | [`shapes`] | recognises the known sets of keys and proposes a mapping |
//! | [`inspect`] | looks at the head of a file |
//! | [`mapping`] | makes a row of a record, or says why not |
//! | [`turns`], [`pair`] | read prompts, answers and conversations in all their forms |
//! | [`content`] | what makes a row usable, its hash, and the key of its prompt |
//! | [`export`] | writes a row with the keys of a format |
//!
//! # Adding a format
//! 1. If it is one more set of keys, add a variant to
//!    [`FileShape`](shared::dataset::FileShape) and an entry to the table in `shapes/known.rs`. If
//!    its values have a form of their own, teach [`turns`] to read it.
//! 2. If it cuts files differently, add a variant to [`FileFormat`](shared::dataset::FileFormat),
//!    a reader beside [`jsonl`] that can go on from a place, and its recognition to
//!    [`file`](mod@file).
//! 3. If it can be exported, add a variant to [`ExportFormat`](shared::dataset::ExportFormat) and a
//!    function to [`export`]; the test of the round trip then includes it.

pub mod content;
pub mod csv;
pub mod encoding;
pub mod export;
pub mod file;
pub mod inspect;
pub mod json;
pub mod jsonl;
pub mod mapping;
pub mod pair;
pub mod shapes;
pub mod turns;

use serde_json::{Map, Value};
use store::imports::FilePlace;

/// The most bytes of one record.
pub const MAX_RECORD_BYTES: usize = 8 << 20;

/// The columns of a record with their values, in the order of the file.
pub type Fields = Map<String, Value>;

/// One record of a file.
#[derive(Clone, Debug)]
pub struct Record {
    /// Where it begins.
    pub place: FilePlace,
    /// Where the next one begins, or the file ends.
    pub next: FilePlace,
    /// Its columns, or why it cannot be read.
    pub fields: Result<Fields, Unreadable>,
}

/// A record that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Why, and what would be right.
    pub reason: String,
    /// How it begins.
    pub excerpt: String,
}

impl Unreadable {
    /// A record that begins with these bytes.
    pub fn new(reason: impl Into<String>, bytes: &[u8]) -> Self {
        let head = &bytes[..bytes.len().min(4 * EXCERPT_LENGTH)];
        Self {
            reason: reason.into(),
            excerpt: excerpt(&String::from_utf8_lossy(head)),
        }
    }
}

/// Characters of an excerpt.
const EXCERPT_LENGTH: usize = 160;

/// The beginning of a text.
#[must_use]
pub fn excerpt(text: &str) -> String {
    let mut characters = text.trim().chars();
    let mut head: String = characters.by_ref().take(EXCERPT_LENGTH).collect();
    if characters.next().is_some() {
        head.push('…');
    }
    // PostgreSQL takes no NUL in a text.
    head.replace('\0', "\u{fffd}")
}

/// The columns of one JSON object.
pub(crate) fn parse_object(bytes: &[u8]) -> Result<Fields, Unreadable> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(other) => {
            let reason = format!("is {}, not an object with named values", name_of(&other));
            Err(Unreadable::new(reason, bytes))
        }
        Err(error) => Err(Unreadable::new(format!("is no valid JSON: {error}"), bytes)),
    }
}

/// What a value is, for people.
pub(crate) const fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
