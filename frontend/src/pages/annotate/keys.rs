//! What each key does on the annotation page. The arrows up and down stay with the browser: long
//! responses are read with them.

use shared::queue::ShownChoice;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A verdict.
    Judge {
        /// What of.
        choice: ShownChoice,
        /// Whether the better side is better by far.
        strongly: bool,
    },
    /// Taking back the last verdict.
    Undo,
    /// Marking a clause, counted from 0.
    Clause(usize),
    /// Writing a note.
    Note,
}

/// The key that is shown under a choice.
#[must_use]
pub const fn key_of(choice: ShownChoice) -> &'static str {
    match choice {
        ShownChoice::Left => "←",
        ShownChoice::Right => "→",
        ShownChoice::Tie => "T",
        ShownChoice::BothBad => "B",
        ShownChoice::Skip => "S",
        ShownChoice::Flag => "F",
    }
}

/// What a key asks for; `key` as in `KeyboardEvent.key`.
#[must_use]
pub fn wish(key: &str, is_shifted: bool) -> Option<Wish> {
    let letter = key.to_ascii_lowercase();
    let choice = match letter.as_str() {
        "arrowleft" | "l" => ShownChoice::Left,
        "arrowright" | "r" => ShownChoice::Right,
        "t" => ShownChoice::Tie,
        "b" => ShownChoice::BothBad,
        "s" => ShownChoice::Skip,
        "f" => ShownChoice::Flag,
        "u" => return Some(Wish::Undo),
        "n" => return Some(Wish::Note),
        digit => {
            let number = digit.parse::<usize>().ok()?.checked_sub(1)?;
            return Some(Wish::Clause(number));
        }
    };
    let is_side = matches!(choice, ShownChoice::Left | ShownChoice::Right);
    Some(Wish::Judge {
        choice,
        strongly: is_shifted && is_side,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shift_makes_a_side_strong_and_changes_nothing_else() {
        let judge = |choice, strongly| Some(Wish::Judge { choice, strongly });
        assert_eq!(wish("ArrowLeft", true), judge(ShownChoice::Left, true));
        assert_eq!(wish("R", true), judge(ShownChoice::Right, true));
        assert_eq!(wish("l", false), judge(ShownChoice::Left, false));
        assert_eq!(wish("T", true), judge(ShownChoice::Tie, false));
    }

    #[test]
    fn digits_count_from_one() {
        assert_eq!(wish("1", false), Some(Wish::Clause(0)));
        assert_eq!(wish("0", false), None);
        assert_eq!(wish("Enter", false), None);
        assert_eq!(wish("ArrowDown", false), None);
    }
}
