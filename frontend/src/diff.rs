//! What differs between two texts, word by word, or line by line where they are long.

/// What happened to a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is in both.
    Same,
    /// Only the earlier text has it.
    Removed,
    /// Only the later text has it.
    Added,
}

/// The most comparisons that are worth the wait.
const MOST: usize = 4_000_000;

/// The pieces of both texts in one order, so that leaving out the added ones gives the earlier text
/// and leaving out the removed ones the later.
#[must_use]
pub fn diff(before: &str, after: &str) -> Vec<(Change, String)> {
    let by_word = (words(before), words(after));
    let by_line = || {
        (
            before.split_inclusive('\n').collect::<Vec<_>>(),
            after.split_inclusive('\n').collect::<Vec<_>>(),
        )
    };
    let (old, new) = if by_word.0.len().saturating_mul(by_word.1.len()) > MOST {
        by_line()
    } else {
        by_word
    };
    join(&pieces(&old, &new))
}

/// The words of a text, each with the white space after it.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut follows_space = false;
    for (at, letter) in text.char_indices() {
        let is_space = letter.is_whitespace();
        if follows_space && !is_space {
            words.push(&text[start..at]);
            start = at;
        }
        follows_space = is_space;
    }
    if start < text.len() {
        words.push(&text[start..]);
    }
    words
}

fn pieces<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(Change, &'a str)> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old, new, same) = (&old[head..], &new[head..], &old[..head]);
    let tail = old.iter().rev().zip(new.iter().rev());
    let tail = tail.take_while(|(a, b)| a == b).count();
    let (old, end) = old.split_at(old.len() - tail);
    let new = &new[..new.len() - tail];
    let mut pieces: Vec<_> = same.iter().map(|piece| (Change::Same, *piece)).collect();
    pieces.extend(middle(old, new));
    pieces.extend(end.iter().map(|piece| (Change::Same, *piece)));
    pieces
}

/// The longest common subsequence, by the table of its lengths.
fn middle<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(Change, &'a str)> {
    let width = new.len() + 1;
    if (old.len() + 1).saturating_mul(width) > MOST {
        let removed = old.iter().map(|piece| (Change::Removed, *piece));
        let added = new.iter().map(|piece| (Change::Added, *piece));
        return removed.chain(added).collect();
    }
    let mut lengths = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            lengths[i * width + j] = if old[i] == new[j] {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pieces = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            pieces.push((Change::Same, old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || i < old.len() && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]
        {
            pieces.push((Change::Removed, old[i]));
            i += 1;
        } else {
            pieces.push((Change::Added, new[j]));
            j += 1;
        }
    }
    pieces
}

fn join(pieces: &[(Change, &str)]) -> Vec<(Change, String)> {
    let mut joined: Vec<(Change, String)> = Vec::new();
    for (change, piece) in pieces {
        match joined.last_mut() {
            Some((last, text)) if last == change => text.push_str(piece),
            _ => joined.push((*change, (*piece).to_owned())),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(change: Change, parts: &[(Change, String)]) -> String {
        let kept = parts.iter().filter(|part| part.0 != change);
        kept.map(|part| part.1.as_str()).collect()
    }

    #[test]
    fn both_texts_can_be_read_from_the_difference() {
        let cases = [
            ("", ""),
            ("a b c", "a b c"),
            ("Ask one question.", "Ask exactly one short question."),
            ("first\n\nsecond", "first\nthird\n\nsecond "),
            ("", "new"),
        ];
        for (before, after) in cases {
            let parts = diff(before, after);
            assert_eq!(without(Change::Added, &parts), before);
            assert_eq!(without(Change::Removed, &parts), after);
        }
    }

    #[test]
    fn only_what_differs_is_marked() {
        let parts = diff("Ask one question.", "Ask only one question.");
        let expected = [
            (Change::Same, "Ask ".to_owned()),
            (Change::Added, "only ".to_owned()),
            (Change::Same, "one question.".to_owned()),
        ];
        assert_eq!(parts, expected);
    }

    #[test]
    fn long_texts_are_compared_all_the_same() {
        let before = "one two three\n".repeat(2000);
        let after = format!("{before}four\n");
        let parts = diff(&before, &after);
        assert_eq!(parts.last(), Some(&(Change::Added, "four\n".to_owned())));
    }
}
