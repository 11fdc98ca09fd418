//! Items from a file: one JSON object a line.

use std::collections::BTreeSet;

use shared::suite::{MAX_SUITE_ITEMS, SuiteItemContent};

/// The most problems that are listed; a file that is no list of items has one on each line.
const MOST: usize = 20;

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemsFile {
    /// The items, in their order.
    pub items: Vec<SuiteItemContent>,
    /// What is wrong with which line.
    pub problems: Vec<(usize, String)>,
}

/// Reads the lines of a file. One bad line is named, and stops no other.
#[must_use]
pub fn read(text: &str) -> ItemsFile {
    let mut file = ItemsFile::default();
    let mut keys = BTreeSet::new();
    for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let problem = match serde_json::from_str::<SuiteItemContent>(line) {
            Ok(item) if !keys.insert(item.key.clone()) => {
                format!("the key `{}` names an earlier item already", item.key)
            }
            Ok(item) => {
                file.items.push(item);
                continue;
            }
            Err(error) => error.to_string(),
        };
        if file.problems.len() < MOST {
            file.problems.push((at + 1, problem));
        }
    }
    if file.items.len() > MAX_SUITE_ITEMS {
        let why = format!("a suite has at most {MAX_SUITE_ITEMS} items");
        file.problems.insert(0, (MAX_SUITE_ITEMS + 1, why));
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_line_is_named_and_the_others_are_read() {
        let text = "\u{feff}{\"id\":\"a\",\"input\":\"x\",\"coverage\":\"typical\"}\n\n\
                    {\"id\":\"b\",\"input\":\"x\"}\n\
                    {\"id\":\"a\",\"input\":\"y\",\"coverage\":\"edge\"}\n\
                    {\"key\":\"c\",\"input\":\"z\",\"coverage\":\"edge\",\"expected\":{\"a\":1}}\n";
        let file = read(text);
        let keys: Vec<_> = file.items.iter().map(|item| item.key.as_str()).collect();
        assert_eq!(keys, ["a", "c"]);
        let lines: Vec<_> = file.problems.iter().map(|problem| problem.0).collect();
        assert_eq!(lines, [3, 4]);
        assert!(
            file.problems[0].1.contains("coverage"),
            "{:?}",
            file.problems
        );
    }
}
