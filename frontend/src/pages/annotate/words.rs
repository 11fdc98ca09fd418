//! The words of the annotation page.

use shared::queue::ShownChoice;

/// What a button says.
#[must_use]
pub const fn choice(choice: ShownChoice) -> &'static str {
    match choice {
        ShownChoice::Left => "Left is better",
        ShownChoice::Right => "Right is better",
        ShownChoice::Tie => "Tie",
        ShownChoice::BothBad => "Both bad",
        ShownChoice::Skip => "Skip",
        ShownChoice::Flag => "Flag",
    }
}

/// What follows from a choice, as a tooltip.
#[must_use]
pub const fn help(choice: ShownChoice) -> &'static str {
    match choice {
        ShownChoice::Left | ShownChoice::Right => "Hold Shift if it is better by far",
        ShownChoice::Tie => "Both are equally good",
        ShownChoice::BothBad => "Neither is acceptable",
        ShownChoice::Skip => "You do not want to judge it; somebody else will",
        ShownChoice::Flag => "Something is wrong with the pair; an engineer looks at it",
    }
}

/// A verdict in words.
#[must_use]
pub fn verdict(made: ShownChoice, strongly: bool) -> String {
    match (made, strongly) {
        (ShownChoice::Left, true) => "Left is much better".to_owned(),
        (ShownChoice::Right, true) => "Right is much better".to_owned(),
        (ShownChoice::Skip, _) => "Skipped".to_owned(),
        (ShownChoice::Flag, _) => "Flagged".to_owned(),
        (other, _) => choice(other).to_owned(),
    }
}

/// What is kept here and not yet on the server.
#[must_use]
pub fn kept(unsent: usize) -> String {
    match unsent {
        0 => "No connection. Trying again.".to_owned(),
        1 => "No connection. 1 judgement is kept in this browser and sent as soon as there is one."
            .to_owned(),
        more => format!(
            "No connection. {more} judgements are kept in this browser and sent as soon as there \
             is one."
        ),
    }
}
