//! CSV and its relatives: the first line names the columns.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

use csv::{Position, ReaderBuilder, StringRecord};
use serde_json::Value;
use store::imports::FilePlace;

use super::{
    Fields, MAX_RECORD_BYTES, Record, Unreadable,
    file::{START, find_separator},
};

/// Reads a file record by record; a quoted value may span lines.
#[derive(Debug)]
pub struct CsvReader {
    input: csv::Reader<Bounded<File>>,
    columns: Vec<String>,
    /// Whether lines end with a carriage return and a line feed.
    two_byte_ends: bool,
    /// Where the file ends, if its last line has no end.
    open_end: Option<u64>,
    place: FilePlace,
    record: StringRecord,
}

impl CsvReader {
    pub(super) fn new(mut file: File, head: &str, place: FilePlace) -> io::Result<Self> {
        let open_end = find_open_end(&mut file)?;
        let first_line = head.split_inclusive('\n').next().unwrap_or_default();
        let mut input = ReaderBuilder::new()
            .delimiter(find_separator(head))
            .flexible(true)
            .buffer_capacity(256 << 10)
            .from_reader(Bounded::new(file));
        let columns = name_columns(input.headers().map_err(to_io)?);
        if place != START {
            let mut position = Position::new();
            position.set_byte(place.byte.unsigned_abs());
            position.set_line(place.line.unsigned_abs());
            position.set_record(place.record.unsigned_abs());
            input.seek(position).map_err(to_io)?;
        }
        Ok(Self {
            input,
            columns,
            open_end,
            two_byte_ends: first_line.ends_with("\r\n"),
            place,
            record: StringRecord::new(),
        })
    }

    pub(super) fn read(&mut self) -> io::Result<Option<Record>> {
        self.input.get_mut().read = 0;
        if !self.input.read_record(&mut self.record).map_err(to_io)? {
            return Ok(None);
        }
        let begin = FilePlace {
            record: self.place.record,
            line: self.first_line(),
            ..self.record.position().map_or(self.place, to_place)
        };
        self.place = FilePlace {
            record: begin.record + 1,
            ..to_place(self.input.position())
        };
        Ok(Some(Record {
            place: begin,
            next: self.place,
            fields: self.fields(),
        }))
    }

    /// The line on which the record begins that was just read. The reader's own count is of no
    /// use: it stands before empty lines, and before the line feed of the record before.
    fn first_line(&self) -> i64 {
        let within: usize = self
            .record
            .iter()
            .map(|value| value.matches('\n').count())
            .sum();
        let is_open = self.open_end == Some(self.input.position().byte());
        let behind = !self.two_byte_ends && !is_open;
        let end = to_place(self.input.position()).line;
        end - i64::try_from(within).unwrap_or(i64::MAX) - i64::from(behind)
    }

    fn fields(&self) -> Result<Fields, Unreadable> {
        let (found, expected) = (self.record.len(), self.columns.len());
        if found != expected {
            let reason =
                format!("has {found} values where the first line names {expected} columns");
            let text: Vec<&str> = self.record.iter().take(20).collect();
            return Err(Unreadable::new(reason, text.join(",").as_bytes()));
        }
        let values = self
            .record
            .iter()
            .map(|value| Value::String(value.to_owned()));
        Ok(self.columns.iter().cloned().zip(values).collect())
    }
}

/// Where a file ends whose last byte is no line feed; leaves it at its beginning.
fn find_open_end(file: &mut File) -> io::Result<Option<u64>> {
    let size = file.metadata()?.len();
    let mut last = [b'\n'];
    if size > 0 {
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
    }
    file.rewind()?;
    Ok((last != *b"\n").then_some(size))
}

fn to_place(position: &Position) -> FilePlace {
    let signed = |number| i64::try_from(number).unwrap_or(i64::MAX);
    FilePlace {
        byte: signed(position.byte()),
        line: signed(position.line()),
        record: signed(position.record()),
    }
}

fn to_io(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::new(io::ErrorKind::InvalidData, format!("{other:?}")),
    }
}

/// The columns' names; one without a name gets its number, one named twice a number behind it.
fn name_columns(header: &StringRecord) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut name_one = |(index, name): (usize, &str)| {
        let name = match name.trim() {
            "" => format!("column {}", index + 1),
            name => name.to_owned(),
        };
        let mut unique = name.clone();
        let mut number = 1;
        while !taken.insert(unique.clone()) {
            number += 1;
            unique = format!("{name} {number}");
        }
        unique
    };
    header.iter().enumerate().map(&mut name_one).collect()
}

/// Ends with an error when one record has too many bytes: a quote that is never closed would
/// otherwise draw the rest of the file into memory.
#[derive(Debug)]
struct Bounded<R> {
    inner: R,
    read: usize,
}

impl<R> Bounded<R> {
    const fn new(inner: R) -> Self {
        Self { inner, read: 0 }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read > MAX_RECORD_BYTES {
            let message = format!(
                "a record is longer than {} MiB: is a quote left open?",
                MAX_RECORD_BYTES >> 20
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let read = self.inner.read(buffer)?;
        self.read += read;
        Ok(read)
    }
}

impl<R: Seek> Seek for Bounded<R> {
    fn seek(&mut self, target: SeekFrom) -> io::Result<u64> {
        self.inner.seek(target)
    }
}
