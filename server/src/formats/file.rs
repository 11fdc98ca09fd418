//! Opens a file at a place and cuts it into records, whatever its format.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

use shared::dataset::FileFormat;
use store::imports::FilePlace;

use super::{Record, csv::CsvReader, json::JsonReader, jsonl::JsonlReader};

/// The bytes at the beginning that decide on the format.
const HEAD_BYTES: u64 = 64 << 10;

/// The mark that some programs put in front of UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Where a file's first record may begin.
pub const START: FilePlace = FilePlace {
    byte: 0,
    line: 1,
    record: 1,
};

/// Reads the records of a file.
#[derive(Debug)]
pub enum RecordReader {
    /// One JSON object a line.
    Jsonl(JsonlReader),
    /// Objects in an array, or one after the other.
    Json(JsonReader),
    /// Separated values.
    Csv(Box<CsvReader>),
}

impl RecordReader {
    /// Opens a file at a place that [`START`] or [`Record::next`] has named.
    pub fn open(path: &Path, format: FileFormat, place: FilePlace) -> io::Result<Self> {
        let mut file = File::open(path)?;
        Ok(match format {
            FileFormat::Jsonl => {
                let (input, place) = open_at(file, place)?;
                Self::Jsonl(JsonlReader::new(input, place))
            }
            FileFormat::Json => {
                let opens = read_head(&mut file)?.trim_start().starts_with('[');
                let size = file.metadata()?.len();
                let (input, place) = open_at(file, place)?;
                // At the end of the file, the lack of the last bracket was reported before.
                let in_array = opens && place.byte.unsigned_abs() < size;
                Self::Json(JsonReader::new(input, place, in_array))
            }
            FileFormat::Csv => {
                let head = read_head(&mut file)?;
                Self::Csv(Box::new(CsvReader::new(file, &head, place)?))
            }
        })
    }

    /// The next record; none at the end.
    pub fn read(&mut self) -> io::Result<Option<Record>> {
        match self {
            Self::Jsonl(reader) => reader.read(),
            Self::Json(reader) => reader.read(),
            Self::Csv(reader) => reader.read(),
        }
    }
}

/// Goes to a place in a file, or behind the mark at its beginning.
fn open_at(mut file: File, mut place: FilePlace) -> io::Result<(BufReader<File>, FilePlace)> {
    file.rewind()?;
    if place == START {
        let mut mark = Vec::new();
        file.by_ref()
            .take(BYTE_ORDER_MARK.len() as u64)
            .read_to_end(&mut mark)?;
        if mark == BYTE_ORDER_MARK {
            place.byte = 3;
        }
    }
    file.seek(SeekFrom::Start(place.byte.unsigned_abs()))?;
    Ok((BufReader::with_capacity(256 << 10, file), place))
}

/// The beginning of a file, without its byte order mark.
fn read_head(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(HEAD_BYTES).read_to_end(&mut bytes)?;
    let head = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
    Ok(String::from_utf8_lossy(head).into_owned())
}

/// What the head of a file and its name say about its format, and why.
pub fn detect(path: &Path, file_name: &str) -> io::Result<Option<(FileFormat, String)>> {
    let head = read_head(&mut File::open(path)?)?;
    let Some(first) = head.trim_start().chars().next() else {
        return Ok(None);
    };
    let extension = file_name.rsplit('.').next().unwrap_or_default();
    let extension = extension.to_ascii_lowercase();
    let (format, reason) = match (first, extension.as_str()) {
        ('[', _) => (
            FileFormat::Json,
            "it begins with `[`: a JSON array".to_owned(),
        ),
        (_, "jsonl" | "ndjson") => (FileFormat::Jsonl, format!("its name ends in .{extension}")),
        ('{', _) if first_line_is_object(&head) => {
            let reason = "its first line is a whole JSON object: JSONL";
            (FileFormat::Jsonl, reason.to_owned())
        }
        ('{', _) => {
            let reason = "it begins with `{` and its first line is no whole object: JSON";
            (FileFormat::Json, reason.to_owned())
        }
        _ => {
            let name = match find_separator(&head) {
                b'\t' => "tabs".to_owned(),
                other => format!("`{}`", char::from(other)),
            };
            let reason = format!("it is no JSON: a table with {name} between its columns");
            (FileFormat::Csv, reason)
        }
    };
    Ok(Some((format, reason)))
}

fn first_line_is_object(head: &str) -> bool {
    let line = head.trim_start().lines().next().unwrap_or_default();
    // A first line that is longer than the head cannot be judged; long lines are JSONL.
    let cut = line.len() + 1 >= head.trim_start().len() && head.len() as u64 >= HEAD_BYTES - 3;
    cut || serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line).is_ok()
}

/// The separator that occurs most often in the first line, outside of quotes.
pub(super) fn find_separator(head: &str) -> u8 {
    let line = head.trim_start().lines().next().unwrap_or_default();
    let unquoted: String = line.split('"').step_by(2).collect();
    let count = |separator: u8| unquoted.bytes().filter(|byte| *byte == separator).count();
    // The first of equals wins.
    *b",\t;|"
        .iter()
        .rev()
        .max_by_key(|separator| count(**separator))
        .unwrap_or(&b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_from(path: &Path, format: FileFormat, place: FilePlace) -> Vec<Record> {
        let mut reader = RecordReader::open(path, format, place).unwrap();
        std::iter::from_fn(|| reader.read().unwrap()).collect()
    }

    /// Reads a text, and reads it again from behind each record; answers the lines of the records.
    fn lines(name: &str, text: &str) -> Vec<i64> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let (format, _) = detect(&path, name).unwrap().unwrap();
        let all = read_from(&path, format, START);
        let describe = |record: &Record| {
            let place = record.place;
            format!(
                "line {} record {} {:?}",
                place.line, place.record, record.fields
            )
        };
        for (index, record) in all.iter().enumerate() {
            let rest = read_from(&path, format, record.next);
            let found: Vec<String> = rest.iter().map(describe).collect();
            let expected: Vec<String> = all[index + 1..].iter().map(describe).collect();
            assert_eq!(found, expected, "behind record {}", index + 1);
        }
        all.iter().map(|record| record.place.line).collect()
    }

    #[test]
    fn lines_of_jsonl() {
        assert_eq!(
            lines("a.jsonl", "\u{feff}{\"a\": 1}\n\n{bad\r\n {\"a\": 3}"),
            [1, 3, 4]
        );
    }

    #[test]
    fn lines_of_json() {
        let array = "\u{feff}[{\"a\": \"]\\\"\"},\n {\"b\":\n[1]} , 7, nonsense\n, {\"c\": 1}\n]\n";
        assert_eq!(lines("a.json", array), [1, 2, 3, 3, 4]);
        assert_eq!(
            lines("a.json", "{\"a\":\n1}\n{\"b\": 2} {\"c\": 3}"),
            [1, 3, 3]
        );
    }

    #[test]
    fn an_array_that_is_cut_off_is_reported() {
        assert_eq!(lines("a.json", "[{\"a\": 1},\n{\"b\": 2"), [1, 2]);
        assert_eq!(lines("a.json", "[{\"a\": 1},\n"), [1, 2]);
    }

    #[test]
    fn lines_of_tables() {
        assert_eq!(lines("a.csv", "a,b\n1,2\n\"x\ny\",3\n\n4,5"), [2, 3, 6]);
        assert_eq!(
            lines("a.csv", "a,b\r\n1,2\r\n\"x\r\ny\",3\r\n\r\n4,5\r\n"),
            [2, 3, 6]
        );
        assert_eq!(lines("a.tsv", "\u{feff}a\tb,c\n1\t2\n3\n"), [2, 3]);
    }
}
