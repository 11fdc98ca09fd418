//! Looks at the head of a file: its format, its columns, and what they are recognised as.

use std::{io, path::Path};

use serde_json::Value;
use shared::dataset::{FileColumn, FileFormat};

use super::{
    Fields, Record, excerpt,
    file::{self, RecordReader, START},
    shapes::{self, Recognised},
};

/// The most records that are looked at.
const SAMPLE_RECORDS: usize = 100;

/// No further record is looked at behind this many bytes.
const SAMPLE_BYTES: i64 = 4 << 20;

/// What the head of a file shows.
#[derive(Debug)]
pub struct Inspection {
    /// How the file is cut into records.
    pub format: FileFormat,
    /// Why, for people.
    pub reason: String,
    /// The first records.
    pub records: Vec<Record>,
    /// Their columns.
    pub columns: Vec<FileColumn>,
    /// What the columns are recognised as.
    pub recognised: Option<Recognised>,
}

/// Looks at the head of a file, in the format that was given or is detected; none if it is empty.
pub fn inspect(
    path: &Path,
    file_name: &str,
    given: Option<FileFormat>,
) -> io::Result<Option<Inspection>> {
    let Some((detected, why)) = file::detect(path, file_name)? else {
        return Ok(None);
    };
    let (format, reason) = match given {
        Some(format) if format != detected => (format, "as it was chosen".to_owned()),
        _ => (detected, why),
    };
    let mut reader = RecordReader::open(path, format, START)?;
    let mut records: Vec<Record> = Vec::new();
    while let Some(record) = reader.read()? {
        let enough = record.next.byte > SAMPLE_BYTES;
        records.push(record);
        if enough || records.len() == SAMPLE_RECORDS {
            break;
        }
    }
    let readable: Vec<Fields> = records
        .iter()
        .filter_map(|r| r.fields.clone().ok())
        .collect();
    Ok(Some(Inspection {
        format,
        reason,
        columns: describe_columns(&readable),
        recognised: shapes::recognise(&readable),
        records,
    }))
}

fn describe_columns(records: &[Fields]) -> Vec<FileColumn> {
    let example = |name: &str| {
        let mut values = records.iter().filter_map(|record| record.get(name));
        match values.find(|value| !super::content::is_blank(value)) {
            Some(Value::String(text)) => excerpt(text),
            Some(value) => excerpt(&value.to_string()),
            None => String::new(),
        }
    };
    shapes::columns_of(records)
        .into_iter()
        .map(|name| FileColumn {
            name: name.to_owned(),
            example: example(name),
        })
        .collect()
}
