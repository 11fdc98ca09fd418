//! The pages of a project's material: spec, data, suites, prompts. Each is a path below the
//! project's, written and read here alone; what is filtered or compared is in the query.

use std::fmt;

use shared::ids::{DatasetId, ImportId, PromptId, SuiteId};

/// One of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A version of the spec; the newest, unless the query names one.
    Spec,
    /// The editor of the spec.
    EditSpec,
    /// Two versions of the spec side by side.
    CompareSpec,
    /// The datasets.
    Data,
    /// Bringing in a file.
    Import,
    /// One dataset.
    Dataset(DatasetId),
    /// How an import goes.
    ImportReport(DatasetId, ImportId),
    /// One version of a dataset.
    DatasetVersion(DatasetId, i64),
    /// The suites.
    Suites,
    /// Making a suite, or the next version of one.
    NewSuite,
    /// One version of a suite.
    Suite(SuiteId),
    /// The prompts.
    Prompts,
    /// One prompt.
    Prompt(PromptId),
}

impl Place {
    /// The page at a path below the project's, without the leading slash.
    #[must_use]
    pub fn from_path(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        match *parts.as_slice() {
            ["spec"] => Some(Self::Spec),
            ["spec", "edit"] => Some(Self::EditSpec),
            ["spec", "compare"] => Some(Self::CompareSpec),
            ["data"] => Some(Self::Data),
            ["data", "import"] => Some(Self::Import),
            ["data", id] => Some(Self::Dataset(id.parse().ok()?)),
            ["data", id, "imports", import] => {
                Some(Self::ImportReport(id.parse().ok()?, import.parse().ok()?))
            }
            ["data", id, "versions", number] => {
                Some(Self::DatasetVersion(id.parse().ok()?, number.parse().ok()?))
            }
            ["suites"] => Some(Self::Suites),
            ["suites", "new"] => Some(Self::NewSuite),
            ["suites", id] => Some(Self::Suite(id.parse().ok()?)),
            ["prompts"] => Some(Self::Prompts),
            ["prompts", id] => Some(Self::Prompt(id.parse().ok()?)),
            _ => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec => formatter.write_str("spec"),
            Self::EditSpec => formatter.write_str("spec/edit"),
            Self::CompareSpec => formatter.write_str("spec/compare"),
            Self::Data => formatter.write_str("data"),
            Self::Import => formatter.write_str("data/import"),
            Self::Dataset(id) => write!(formatter, "data/{id}"),
            Self::ImportReport(id, import) => write!(formatter, "data/{id}/imports/{import}"),
            Self::DatasetVersion(id, number) => write!(formatter, "data/{id}/versions/{number}"),
            Self::Suites => formatter.write_str("suites"),
            Self::NewSuite => formatter.write_str("suites/new"),
            Self::Suite(id) => write!(formatter, "suites/{id}"),
            Self::Prompts => formatter.write_str("prompts"),
            Self::Prompt(id) => write!(formatter, "prompts/{id}"),
        }
    }
}

/// Names and values as a query, with its question mark; values without text are left out.
#[must_use]
pub fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !value.is_empty() {
            text.push(if text.is_empty() { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            text.push_str(&super::encode(value));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_found_at_its_own_address() {
        const ID: &str = "0193b3c2-7d1e-7a52-9c63-5a1f6b0c9d11";
        let paths = [
            "spec",
            "spec/edit",
            "spec/compare",
            "data",
            "data/import",
            &format!("data/{ID}"),
            &format!("data/{ID}/imports/{ID}"),
            &format!("data/{ID}/versions/3"),
            "suites",
            "suites/new",
            &format!("suites/{ID}"),
            "prompts",
            &format!("prompts/{ID}"),
        ];
        for path in paths {
            let place = Place::from_path(path).unwrap();
            assert_eq!(place.to_string(), path);
        }
        for nowhere in ["", "spec/x", "data/x", "suites/new/y", "prompts/1"] {
            assert_eq!(Place::from_path(nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn a_query_leaves_out_what_is_empty() {
        assert_eq!(query([("a", ""), ("b", "x y"), ("c", "1")]), "?b=x%20y&c=1");
        assert_eq!(query([("a", "")]), "");
    }
}
