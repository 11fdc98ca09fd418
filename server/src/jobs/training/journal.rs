//! Every event of a run as a line of a file, written before anything else happens.
//!
//! Events reach the database in batches. A checkpoint may be on the disk before the steps that led
//! to it are in the database, and a run that goes on from there does not make them again. So the
//! next attempt reads here what the one before could not record any more.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::training::RunEvent;

/// An event with when and by which attempt it was told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// The attempt.
    pub(super) attempt: i64,
    /// When.
    pub(super) at: DateTime<Utc>,
    /// What happened.
    pub(super) event: RunEvent,
}

/// Where the journal of a run is: among what only an unfinished run needs, so that a back-up leaves
/// it out.
pub(super) fn path_of(folder: &Path) -> PathBuf {
    folder.join("checkpoints").join("events.jsonl")
}

/// A journal that is written.
#[derive(Debug)]
pub(super) struct Journal(File);

impl Journal {
    /// Goes on with the journal in a run's folder.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder.join("checkpoints"))?;
        let mut options = OpenOptions::new();
        let options = options.create(true).read(true).append(true);
        let mut file = options.open(path_of(folder))?;
        // A line that a crash cut in the middle must not swallow the next one.
        let mut last = [b'\n'];
        if file.metadata()?.len() > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
        Ok(Self(file))
    }

    /// Adds an event.
    pub(super) fn write(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.0.write_all(&line)
    }
}

/// The entries of earlier attempts behind those that are `known`, counted by attempt.
pub(super) fn unknown_entries(
    path: &Path,
    attempt: i64,
    mut known: HashMap<i64, i64>,
) -> io::Result<Vec<Entry>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        file => file?,
    };
    let mut unknown = Vec::new();
    for line in BufReader::new(file).split(b'\n') {
        let Ok(entry) = serde_json::from_slice::<Entry>(&line?) else {
            continue;
        };
        let known = known.entry(entry.attempt).or_default();
        *known -= 1;
        if *known < 0 && entry.attempt < attempt {
            unknown.push(entry);
        }
    }
    Ok(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(attempt: i64, step: usize) -> Entry {
        Entry {
            attempt,
            at: DateTime::UNIX_EPOCH,
            event: RunEvent::Checkpoint { step, best: false },
        }
    }

    #[test]
    fn what_was_not_recorded_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = path_of(folder.path());
        assert_eq!(unknown_entries(&path, 9, HashMap::new()).unwrap(), []);
        let mut journal = Journal::open(folder.path()).unwrap();
        for step in 1..=3 {
            journal.write(&entry(1, step)).unwrap();
        }
        journal.0.write_all(b"{\"attempt\":1,\"at").unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.write(&entry(2, 4)).unwrap();
        journal.write(&entry(3, 5)).unwrap();
        let known = HashMap::from([(1, 2)]);
        let unknown = unknown_entries(&path, 3, known).unwrap();
        assert_eq!(unknown, [entry(1, 3), entry(2, 4)]);
    }
}
