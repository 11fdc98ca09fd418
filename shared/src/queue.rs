//! Queues of response pairs, and the judgements of annotators.
//!
//! A pair has two canonical sides, A and B. What an annotator sees is left and right, in an order
//! that the server draws for each annotator; where a response came from never reaches the browser.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    dataset::DatasetVersion,
    evaluation::Decoding,
    ids::{
        DatasetVersionId, JudgementId, ModelVersionId, PairId, PromptVersionId, QueueId, SlotId,
        SpecVersionId, UserId,
    },
    message::Message,
};

/// The most judgements that may be wanted for one pair.
pub const MAX_OVERLAP: u32 = 15;

/// The most pairs that one request may add.
pub const MAX_PAIRS_PER_REQUEST: usize = 10_000;

text_enum! {
    /// What an annotator says of a pair as it is shown to them.
    pub enum ShownChoice {
        /// The left response is better.
        Left = "left",
        /// The right response is better.
        Right = "right",
        /// Both are equally good.
        Tie = "tie",
        /// Neither is acceptable.
        BothBad = "both_bad",
        /// The annotator does not want to judge it; somebody else will.
        Skip = "skip",
        /// Something is wrong with the pair; it waits for an engineer.
        Flag = "flag",
    }
}

text_enum! {
    /// The same, by canonical sides.
    pub enum Choice {
        /// Response A is better.
        A = "a",
        /// Response B is better.
        B = "b",
        /// Both are equally good.
        Tie = "tie",
        /// Neither is acceptable.
        BothBad = "both_bad",
        /// Not judged by this annotator.
        Skip = "skip",
        /// Something is wrong with the pair.
        Flag = "flag",
    }
}

/// A queue of pairs to judge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Queue {
    /// The queue.
    pub id: QueueId,
    /// What people call it.
    pub name: String,
    /// The version of the spec that annotators judge by.
    pub spec_version_id: Option<SpecVersionId>,
    /// How many judgements each pair gets, by different annotators.
    pub overlap: u32,
    /// For how many minutes a pair is held for an annotator.
    pub reservation_minutes: u32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// How far it is.
    pub progress: QueueProgress,
}

/// How far a queue is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueueProgress {
    /// Pairs in the queue.
    pub pairs: i64,
    /// Judgements wanted: pairs times overlap.
    pub wanted: i64,
    /// Judgements made.
    pub done: i64,
    /// Pairs that wait for an engineer.
    pub flagged: i64,
}

/// Makes a queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateQueue {
    /// What people call it.
    pub name: String,
    /// The number of the spec version to judge by; absent for the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec_version: Option<i64>,
    /// How many judgements each pair gets, 1 to [`MAX_OVERLAP`].
    #[serde(default = "one")]
    pub overlap: u32,
    /// For how many minutes a pair is held for an annotator.
    #[serde(default = "half_an_hour")]
    pub reservation_minutes: u32,
}

const fn one() -> u32 {
    1
}

const fn half_an_hour() -> u32 {
    30
}

/// A pair to be judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NewPair {
    /// What was asked: the turns before the response.
    pub messages: Vec<Message>,
    /// The one response.
    pub response_a: String,
    /// The other.
    pub response_b: String,
    /// Where response A came from; never shown to annotators.
    #[serde(default)]
    pub source_a: String,
    /// Where response B came from; never shown to annotators.
    #[serde(default)]
    pub source_b: String,
}

/// Adds pairs to a queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddPairs {
    /// The pairs, in the order in which they are to be judged.
    pub pairs: Vec<NewPair>,
}

/// Fills a queue with pairs that are sampled from a model, by a job: two samples of one version, or
/// one sample of each of two versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SamplePairs {
    /// The dataset version whose prompts are asked.
    pub dataset_version_id: DatasetVersionId,
    /// How many of its rows are asked at most, from the first on.
    pub rows: i64,
    /// The model version of the one response.
    pub model_a: ModelVersionId,
    /// The model version of the other; the same one for two samples of it.
    pub model_b: ModelVersionId,
    /// The prompt before each question to the first model; absent for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_a: Option<PromptVersionId>,
    /// The prompt before each question to the second model; absent for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_b: Option<PromptVersionId>,
    /// How responses are generated. Two samples of one version need a temperature above 0. Equal
    /// responses make no pair.
    pub decoding: Decoding,
}

/// Makes a preference dataset version from the judgements of a queue: pairs with a preferred side
/// become rows; ties, pairs with two bad sides and splits are left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatePreferenceDataset {
    /// The name of the dataset: a new one, or one that exists and gets the rows added.
    pub name: String,
    /// The share of rows that is held back for validation, from 0 to 0.5.
    #[serde(default)]
    pub validation_share: f64,
}

/// What the judgements of a queue were made into.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PreferenceDataset {
    /// The version that was cut.
    pub version: DatasetVersion,
    /// What went in and what was left out.
    pub results: QueueResults,
}

/// A pair that is held for an annotator, as they see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnnotationTask {
    /// The place that the judgement will take.
    pub slot_id: SlotId,
    /// The pair.
    pub pair_id: PairId,
    /// What was asked.
    pub messages: Vec<Message>,
    /// The response on the left.
    pub left: String,
    /// The response on the right.
    pub right: String,
    /// Until when it is held.
    pub reserved_until: DateTime<Utc>,
}

/// What an annotator has to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnnotationTasks {
    /// The pairs held for them, the first to be judged first. Empty when nothing is left for them.
    pub tasks: Vec<AnnotationTask>,
    /// How far the queue is.
    pub progress: QueueProgress,
    /// How many pairs the asking person has judged.
    pub judged_by_me: i64,
}

/// Judges a pair.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateJudgement {
    /// The place that was held.
    pub slot_id: SlotId,
    /// The verdict.
    pub choice: ShownChoice,
    /// Whether the better side is better by far.
    #[serde(default)]
    pub strongly: bool,
    /// The keys of the clauses that decided it.
    #[serde(default)]
    pub clauses: Vec<String>,
    /// What else to say.
    #[serde(default)]
    pub note: String,
    /// Milliseconds from the pair's appearance to the verdict.
    #[serde(default)]
    pub elapsed_ms: i64,
}

/// A judgement, by canonical sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Judgement {
    /// The judgement.
    pub id: JudgementId,
    /// The pair.
    pub pair_id: PairId,
    /// Who judged.
    pub annotator_id: UserId,
    /// The verdict.
    pub choice: Choice,
    /// Whether the better side is better by far.
    pub strongly: bool,
    /// Whether response A was shown on the left.
    pub a_was_left: bool,
    /// The keys of the clauses that decided it.
    pub clauses: Vec<String>,
    /// What else was said.
    pub note: String,
    /// Milliseconds from the pair's appearance to the verdict.
    pub elapsed_ms: i64,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// A judgement that was made, as its annotator may know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MadeJudgement {
    /// The judgement, to undo it by.
    pub id: JudgementId,
    /// The pair.
    pub pair_id: PairId,
}

/// What the judgements of a pair come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Consensus {
    /// More than half prefer A.
    A,
    /// More than half prefer B.
    B,
    /// More than half call it a tie.
    Tie,
    /// More than half find neither acceptable.
    BothBad,
    /// No verdict has more than half.
    Split,
    /// Fewer judgements than wanted.
    Unfinished,
}

/// A pair with all that is known of it, for those who make queues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueuePair {
    /// The pair.
    pub id: PairId,
    /// What it says, and where its responses came from.
    #[serde(flatten)]
    pub pair: NewPair,
    /// Whether it waits for an engineer.
    pub flagged: bool,
    /// The judgements on it, skips and flags included, in the order of their making.
    pub judgements: Vec<Judgement>,
    /// What they come to.
    pub consensus: Consensus,
}

/// What the judgements of a queue come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueueResults {
    /// Pairs with a preferred side: the rows of a preference dataset.
    pub decided: i64,
    /// Pairs that most call a tie.
    pub ties: i64,
    /// Pairs of which most find neither side acceptable.
    pub both_bad: i64,
    /// Pairs on which no verdict has more than half.
    pub splits: i64,
    /// Pairs with fewer judgements than wanted.
    pub unfinished: i64,
}

/// What verdicts on one pair come to, `overlap` of them being wanted. Skips and flags do not count.
#[must_use]
pub fn consensus(choices: &[Choice], overlap: u32) -> Consensus {
    let votes = |choice| choices.iter().filter(|made| **made == choice).count();
    let candidates = [
        (Choice::A, Consensus::A),
        (Choice::B, Consensus::B),
        (Choice::Tie, Consensus::Tie),
        (Choice::BothBad, Consensus::BothBad),
    ];
    let total: usize = candidates.iter().map(|(choice, _)| votes(*choice)).sum();
    if total < overlap as usize {
        return Consensus::Unfinished;
    }
    let winner = candidates
        .iter()
        .find(|(choice, _)| votes(*choice) * 2 > total);
    winner.map_or(Consensus::Split, |(_, verdict)| *verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_needs_more_than_half_of_all_verdicts() {
        use Choice::{A, B, BothBad, Skip, Tie};
        assert_eq!(consensus(&[A, A, B], 3), Consensus::A);
        assert_eq!(consensus(&[B, Tie, B], 3), Consensus::B);
        assert_eq!(consensus(&[A, B, Tie], 3), Consensus::Split);
        assert_eq!(consensus(&[A, A, B, BothBad], 4), Consensus::Split);
        assert_eq!(consensus(&[Tie, Tie, A], 3), Consensus::Tie);
        assert_eq!(consensus(&[BothBad], 1), Consensus::BothBad);
        assert_eq!(consensus(&[A, A, Skip], 3), Consensus::Unfinished);
        assert_eq!(consensus(&[], 1), Consensus::Unfinished);
    }
}
