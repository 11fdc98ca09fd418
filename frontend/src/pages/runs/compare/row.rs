//! What a table of runs is made of.

use shared::job::JobState;

use crate::address::Place;

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing, and why.
    Absent(&'static str),
    /// A text.
    Text(String),
    /// The name of something that has its own page.
    Link(String, Place),
    /// Where a run stands.
    State(JobState),
}

impl Value {
    /// A text, if there is one.
    pub fn or_absent(text: Option<String>, why: &'static str) -> Self {
        text.map_or(Self::Absent(why), Self::Text)
    }
}

/// One thing about all runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its path in the configuration; empty for what is not in it.
    pub path: String,
    /// What it is for each run, in their order.
    pub values: Vec<Value>,
}

impl Row {
    /// A row that is not in the configuration.
    pub fn plain(name: &str, values: Vec<Value>) -> Self {
        Self {
            name: name.to_owned(),
            path: String::new(),
            values,
        }
    }

    /// Whether any two runs have another value.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.values.windows(2).any(|pair| pair[0] != pair[1])
    }
}
