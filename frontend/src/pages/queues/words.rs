//! The words for queues, and their numbers in sentences.

use shared::queue::{Choice, Consensus, Judgement, Queue, QueueProgress};

use crate::{components::Tone, words::count};

/// A count of the server's with its noun.
#[must_use]
pub fn number(number: i64, one: &str, many: &str) -> String {
    count(usize::try_from(number).unwrap_or_default(), one, many)
}

/// How far a queue is, in a sentence.
#[must_use]
pub fn progress(progress: QueueProgress) -> String {
    let QueueProgress {
        pairs,
        wanted,
        done,
        flagged,
    } = progress;
    if pairs == 0 {
        return "No pairs yet.".to_owned();
    }
    let pairs = number(pairs, "pair", "pairs");
    let done = if done == wanted {
        format!("Done: all {wanted} judgements on {pairs} are made")
    } else {
        format!("{done} of {wanted} judgements on {pairs} are made")
    };
    match flagged {
        0 => format!("{done}."),
        flagged => format!(
            "{done}, {} for you to look at.",
            number(flagged, "flag waits", "flags wait")
        ),
    }
}

/// The share that is done.
#[must_use]
pub fn share(progress: QueueProgress) -> Option<f64> {
    (progress.wanted > 0).then(|| progress.done as f64 / progress.wanted as f64)
}

/// How often each pair is judged, and for how long it is held.
#[must_use]
pub fn terms(queue: &Queue) -> String {
    let overlap = i64::from(queue.overlap);
    format!(
        "{} a pair, held for {}",
        number(overlap, "judgement", "judgements"),
        number(i64::from(queue.reservation_minutes), "minute", "minutes"),
    )
}

/// A verdict by canonical sides.
#[must_use]
pub fn verdict(judgement: &Judgement) -> &'static str {
    match (judgement.choice, judgement.strongly) {
        (Choice::A, false) => "A is better",
        (Choice::A, true) => "A is much better",
        (Choice::B, false) => "B is better",
        (Choice::B, true) => "B is much better",
        (Choice::Tie, _) => "Tie",
        (Choice::BothBad, _) => "Both bad",
        (Choice::Skip, _) => "Skipped",
        (Choice::Flag, _) => "Flagged",
    }
}

/// What judgements come to, and what that means.
#[must_use]
pub const fn consensus(consensus: Consensus) -> (Tone, &'static str) {
    match consensus {
        Consensus::A => (Tone::Positive, "A preferred"),
        Consensus::B => (Tone::Positive, "B preferred"),
        Consensus::Tie => (Tone::Neutral, "Tie"),
        Consensus::BothBad => (Tone::Negative, "Both bad"),
        Consensus::Split => (Tone::Warning, "Split"),
        Consensus::Unfinished => (Tone::Neutral, "Unfinished"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_says_how_far_it_is() {
        let at = |pairs, wanted, done, flagged| {
            progress(QueueProgress {
                pairs,
                wanted,
                done,
                flagged,
            })
        };
        assert_eq!(at(0, 0, 0, 0), "No pairs yet.");
        assert_eq!(at(1, 3, 1, 0), "1 of 3 judgements on 1 pair are made.");
        assert_eq!(
            at(2, 2, 2, 1),
            "Done: all 2 judgements on 2 pairs are made, 1 flag waits for you to look at."
        );
    }
}
