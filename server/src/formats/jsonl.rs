//! JSONL: one object a line.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
};

use store::imports::FilePlace;

use super::{MAX_RECORD_BYTES, Record, Unreadable, parse_object};

/// Reads a file line by line; empty lines are no records.
#[derive(Debug)]
pub struct JsonlReader {
    input: BufReader<File>,
    place: FilePlace,
    line: Vec<u8>,
}

impl JsonlReader {
    pub(super) fn new(input: BufReader<File>, place: FilePlace) -> Self {
        Self {
            input,
            place,
            line: Vec::new(),
        }
    }

    pub(super) fn read(&mut self) -> io::Result<Option<Record>> {
        loop {
            let length = self.read_line()?;
            if length == 0 {
                return Ok(None);
            }
            let begin = self.place;
            self.place.byte += i64::try_from(length).unwrap_or(i64::MAX);
            self.place.line += 1;
            let text = self.line.trim_ascii();
            if text.is_empty() {
                continue;
            }
            self.place.record += 1;
            let fields = if length > MAX_RECORD_BYTES {
                Err(Unreadable::new(too_long(), text))
            } else {
                parse_object(text)
            };
            return Ok(Some(Record {
                place: begin,
                next: self.place,
                fields,
            }));
        }
    }

    /// Reads to the end of the line and answers its length; keeps no more than a record may have.
    fn read_line(&mut self) -> io::Result<usize> {
        self.line.clear();
        let mut length = 0;
        loop {
            let available = self.input.fill_buf()?;
            if available.is_empty() {
                return Ok(length);
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(available.len(), |end| end + 1);
            let room = MAX_RECORD_BYTES.saturating_sub(self.line.len());
            self.line.extend_from_slice(&available[..used.min(room)]);
            length += used;
            self.input.consume(used);
            if end.is_some() {
                return Ok(length);
            }
        }
    }
}

/// Why a record is refused that has too many bytes.
pub(super) fn too_long() -> String {
    format!("is longer than {} MiB", MAX_RECORD_BYTES >> 20)
}
