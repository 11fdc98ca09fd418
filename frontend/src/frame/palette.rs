//! Which of the palette's entries a query means, best first.

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// Something to do on this page.
    Action,
    /// A page.
    Page,
    /// A project.
    Project,
}

impl EntryKind {
    /// Its name for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Action => "Action",
            Self::Page => "Page",
            Self::Project => "Project",
        }
    }
}

/// How well a label fits a query; lower is better, `None` is not at all.
///
/// Each word of the query has to be in the label: at the start of a word best, inside one next,
/// and as letters in their order last.
#[must_use]
pub fn distance(query: &str, label: &str) -> Option<u32> {
    let label = label.to_lowercase();
    query
        .to_lowercase()
        .split_whitespace()
        .map(|word| word_distance(word, &label))
        .sum()
}

fn word_distance(word: &str, label: &str) -> Option<u32> {
    const INSIDE: u32 = 10;
    const SCATTERED: u32 = 100;
    let mut words = label.split_whitespace();
    if let Some(at) = words.position(|candidate| candidate.starts_with(word)) {
        return u32::try_from(at).ok();
    }
    if label.contains(word) {
        return Some(INSIDE);
    }
    let mut letters = label.chars();
    let is_scattered = word
        .chars()
        .all(|letter| letters.any(|other| other == letter));
    is_scattered.then_some(SCATTERED)
}

/// The indices of the labels that fit a query, best first, and in their own order where equal.
pub fn rank<'a>(query: &str, labels: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let mut fitting: Vec<(u32, usize)> = labels
        .enumerate()
        .filter_map(|(index, label)| Some((distance(query, label)?, index)))
        .collect();
    fitting.sort_unstable();
    fitting.into_iter().map(|(_, index)| index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: [&str; 4] = [
        "Settings",
        "Support desk intake",
        "Add a member",
        "API tokens",
    ];

    fn found(query: &str) -> Vec<&'static str> {
        let indices = rank(query, LABELS.into_iter());
        indices
            .into_iter()
            .filter_map(|index| LABELS.get(index).copied())
            .collect()
    }

    #[test]
    fn the_start_of_a_word_counts_most() {
        assert_eq!(found("in").first(), Some(&"Support desk intake"));
        assert_eq!(found("tok"), ["API tokens"]);
        assert_eq!(found("desk sup"), ["Support desk intake"]);
    }

    #[test]
    fn letters_in_their_order_are_enough() {
        assert_eq!(found("sdi"), ["Support desk intake"]);
    }

    #[test]
    fn an_empty_query_keeps_all_in_order() {
        assert_eq!(found(""), LABELS);
        assert_eq!(found("zebra"), Vec::<&str>::new());
    }
}
