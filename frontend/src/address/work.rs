//! The pages of a project's queues and runs. Each is a path below the project's, written and read
//! here alone; tabs and cursors are in the query.

use std::fmt;

use shared::ids::QueueId;

/// One of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// The queues.
    Queues,
    /// One queue.
    Queue(QueueId),
    /// Judging the pairs of a queue.
    Annotate(QueueId),
    /// The runs.
    Runs,
    /// Asking for a run.
    NewRun,
    /// One run, by its number.
    Run(i64),
}

impl Work {
    /// The page at a path below the project's, without the leading slash.
    #[must_use]
    pub fn from_path(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        match *parts.as_slice() {
            ["queues"] => Some(Self::Queues),
            ["queues", id] => Some(Self::Queue(id.parse().ok()?)),
            ["queues", id, "annotate"] => Some(Self::Annotate(id.parse().ok()?)),
            ["runs"] => Some(Self::Runs),
            ["runs", "new"] => Some(Self::NewRun),
            ["runs", number] => Some(Self::Run(number.parse().ok()?)),
            _ => None,
        }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queues => formatter.write_str("queues"),
            Self::Queue(id) => write!(formatter, "queues/{id}"),
            Self::Annotate(id) => write!(formatter, "queues/{id}/annotate"),
            Self::Runs => formatter.write_str("runs"),
            Self::NewRun => formatter.write_str("runs/new"),
            Self::Run(number) => write!(formatter, "runs/{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_found_at_its_own_address() {
        const ID: &str = "0193b3c2-7d1e-7a52-9c63-5a1f6b0c9d11";
        let paths = [
            "queues",
            &format!("queues/{ID}"),
            &format!("queues/{ID}/annotate"),
            "runs",
            "runs/new",
            "runs/12",
        ];
        for path in paths {
            let found = Work::from_path(path).map(|work| work.to_string());
            assert_eq!(found.as_deref(), Some(path));
        }
        assert_eq!(Work::from_path("runs/x"), None);
        assert_eq!(Work::from_path(""), None);
    }
}
