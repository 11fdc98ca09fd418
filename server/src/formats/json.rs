//! JSON: an array of objects, or objects one after the other.
//!
//! The file is cut by counting brackets outside of strings, and each piece is parsed alone. That
//! needs the memory of one record, can go on from any place, and leaves the records behind a broken
//! one readable.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
};

use store::imports::FilePlace;

use super::{MAX_RECORD_BYTES, Record, Unreadable, jsonl::too_long, parse_object};

/// Reads a file value by value.
#[derive(Debug)]
pub struct JsonReader {
    input: BufReader<File>,
    place: FilePlace,
    /// Whether the file is an array.
    in_array: bool,
    /// Whether the array's first bracket is still to come.
    before_array: bool,
    /// Whether the array's last bracket was seen, or its lack reported.
    closed: bool,
    piece: Piece,
}

/// The value that is being read.
#[derive(Debug, Default)]
struct Piece {
    bytes: Vec<u8>,
    length: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

/// What a byte means for the value that is being read.
#[derive(PartialEq, Eq)]
enum Step {
    /// It belongs to it.
    Inside,
    /// It is its last one.
    Last,
    /// The value has ended before it.
    Behind,
}

impl JsonReader {
    pub(super) fn new(input: BufReader<File>, place: FilePlace, in_array: bool) -> Self {
        Self {
            input,
            place,
            in_array,
            before_array: in_array && place.record == 1,
            closed: !in_array,
            piece: Piece::default(),
        }
    }

    pub(super) fn read(&mut self) -> io::Result<Option<Record>> {
        if !self.skip_to_value()? {
            return Ok(self.report_open_array());
        }
        let begin = self.place;
        self.piece.clear();
        let complete = self.read_value()?;
        self.place.record += 1;
        let bytes = self.piece.bytes.trim_ascii();
        let fields = if self.piece.length > MAX_RECORD_BYTES {
            Err(Unreadable::new(too_long(), bytes))
        } else if complete {
            parse_object(bytes)
        } else {
            let reason = "is not closed: a bracket or a quote is missing, or the file is cut off";
            self.closed = true;
            Err(Unreadable::new(reason, bytes))
        };
        Ok(Some(Record {
            place: begin,
            next: self.place,
            fields,
        }))
    }

    /// Skips what stands between values; false at the end of the file.
    fn skip_to_value(&mut self) -> io::Result<bool> {
        while let Some(byte) = self.peek()? {
            match byte {
                b'[' if self.before_array => self.before_array = false,
                b']' if self.in_array => self.closed = true,
                b',' => {}
                other if other.is_ascii_whitespace() => {}
                _ => return Ok(true),
            }
            self.take(byte);
        }
        Ok(false)
    }

    /// Reads to the end of a value; false if the file ends first.
    fn read_value(&mut self) -> io::Result<bool> {
        while let Some(byte) = self.peek()? {
            match self.piece.step(byte) {
                Step::Behind => return Ok(true),
                step => {
                    self.piece.push(byte);
                    self.take(byte);
                    if step == Step::Last {
                        return Ok(true);
                    }
                }
            }
        }
        Ok(self.piece.depth == 0 && !self.piece.in_string)
    }

    /// An array that does not end may have lost records: that is reported as one more.
    fn report_open_array(&mut self) -> Option<Record> {
        if self.closed {
            return None;
        }
        self.closed = true;
        let begin = self.place;
        self.place.record += 1;
        let reason = "the array is not closed: `]` is missing, the file may be cut off";
        Some(Record {
            place: begin,
            next: self.place,
            fields: Err(Unreadable::new(reason, b"")),
        })
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.input.fill_buf()?.first().copied())
    }

    fn take(&mut self, byte: u8) {
        self.input.consume(1);
        self.place.byte += 1;
        self.place.line += i64::from(byte == b'\n');
    }
}

impl Piece {
    fn clear(&mut self) {
        self.bytes.clear();
        self.length = 0;
        self.depth = 0;
        self.in_string = false;
        self.escaped = false;
    }

    fn push(&mut self, byte: u8) {
        self.length += 1;
        if self.bytes.len() < MAX_RECORD_BYTES {
            self.bytes.push(byte);
        }
    }

    fn step(&mut self, byte: u8) -> Step {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return Step::Inside;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            // A bracket too many, or a bare value: it ends where the next one may begin.
            b'}' | b']' | b',' | b'\n' if self.depth == 0 => {
                return if self.length == 0 {
                    Step::Last
                } else {
                    Step::Behind
                };
            }
            b'}' | b']' => {
                self.depth -= 1;
                if self.depth == 0 {
                    return Step::Last;
                }
            }
            _ => {}
        }
        Step::Inside
    }
}
