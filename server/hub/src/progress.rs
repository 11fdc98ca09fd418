//! How far a download is.

use std::fmt;

/// How far a download is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The file under way; empty before the first.
    pub file: String,
    /// The bytes that are here, of all files.
    pub done: u64,
    /// The bytes of all files; 0 while that is not known.
    pub total: u64,
}

impl fmt::Display for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (done, total) = (bytes(self.done), bytes(self.total));
        write!(formatter, "{}: {done} of {total}", self.file)
    }
}

/// A number of bytes for people, such as `1.2 GB`.
pub(crate) fn bytes(count: u64) -> String {
    let count = count as f64;
    let units = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    units
        .into_iter()
        .find(|(unit, _)| count >= *unit)
        .map_or_else(
            || format!("{count} bytes"),
            |(unit, name)| format!("{:.1} {name}", count / unit),
        )
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn bytes_are_told_in_their_unit() {
        assert_eq!(bytes(0), "0 bytes");
        assert_eq!(bytes(999), "999 bytes");
        assert_eq!(bytes(269_060_552), "269.1 MB");
        assert_eq!(bytes(1_234_000_000), "1.2 GB");
    }
}
