//! What a run teaches, and the kind of rows that it learns from.

use crate::dataset::RowKind;

text_enum! {
    /// What a run teaches.
    pub enum Method {
        /// Supervised fine-tuning: imitate the given completions.
        Sft = "sft",
        /// Direct preference optimisation: prefer the chosen response over the rejected one.
        Dpo = "dpo",
        /// Odds-ratio preference optimisation: imitate the chosen response and prefer it, at once.
        Orpo = "orpo",
        /// Simple preference optimisation: prefer by the mean log-probability, without a reference.
        Simpo = "simpo",
        /// Kahneman-Tversky optimisation: more of the wanted answers and less of the unwanted ones, each judged alone.
        Kto = "kto",
        /// Pretraining, continued or from scratch: read plain texts, every token of which is learned.
        Pretrain = "pretrain",
        /// A reward model: score an answer, so that the chosen response gets more than the rejected one (Bradley-Terry).
        Reward = "reward",
        /// Group-relative policy optimisation: draws several answers to a prompt and makes those likelier that get more reward than the others (Shao et al. 2024).
        Grpo = "grpo",
    }
}

/// The kind of rows that a method learns from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lesson {
    /// Answers to imitate: completions and conversations.
    Answers,
    /// Plain texts, learned from their beginning to their end; long ones in pieces.
    Texts,
    /// Pairs of a chosen and a rejected response.
    Pairs,
    /// Answers that are each wanted or not (unpaired preferences); a pair gives one of both.
    Unpaired,
    /// Pairs whose responses are scored whole; one that is too long is left out, not cut.
    Comparisons,
    /// Prompts that the model itself answers; the row's own answer is only what checks expect.
    Prompts,
}

impl Lesson {
    /// Whether rows of a kind are learned from.
    #[must_use]
    pub const fn takes(self, kind: RowKind) -> bool {
        match self {
            Self::Answers => matches!(kind, RowKind::Completion | RowKind::Conversation),
            Self::Texts => matches!(kind, RowKind::Text),
            Self::Pairs | Self::Comparisons => matches!(kind, RowKind::Preference),
            Self::Unpaired => matches!(kind, RowKind::Unpaired | RowKind::Preference),
            Self::Prompts => !matches!(kind, RowKind::Text),
        }
    }

    /// Whether general rows of a kind can be mixed in: answers and texts with each other, otherwise
    /// only what is learned from.
    #[must_use]
    pub const fn mixes(self, kind: RowKind) -> bool {
        match self {
            Self::Answers | Self::Texts => Self::Answers.takes(kind) || Self::Texts.takes(kind),
            _ => self.takes(kind),
        }
    }

    /// Whether the rows judge answers, so that the settings of preference methods count.
    #[must_use]
    pub const fn judges(self) -> bool {
        !matches!(self, Self::Answers | Self::Texts | Self::Prompts)
    }
}

impl Method {
    /// The kind of rows that it learns from.
    #[must_use]
    pub const fn lesson(self) -> Lesson {
        match self {
            Self::Sft => Lesson::Answers,
            Self::Pretrain => Lesson::Texts,
            Self::Dpo | Self::Orpo | Self::Simpo => Lesson::Pairs,
            Self::Kto => Lesson::Unpaired,
            Self::Reward => Lesson::Comparisons,
            Self::Grpo => Lesson::Prompts,
        }
    }

    /// Whether the loss of general rows of a kind tells what it makes the model forget: of what can be
    /// imitated.
    #[must_use]
    pub const fn remembers(self, kind: RowKind) -> bool {
        self.writes_answers() && !matches!(kind, RowKind::Unpaired)
    }

    /// Whether what it trains writes answers; a reward model only scores them.
    #[must_use]
    pub const fn writes_answers(self) -> bool {
        !matches!(self, Self::Reward)
    }

    /// Whether validation rows can be answered while it trains; plain texts ask nothing.
    #[must_use]
    pub const fn answers_rows(self) -> bool {
        self.writes_answers() && !matches!(self, Self::Pretrain)
    }

    /// Whether its rows can be packed into full sequences.
    #[must_use]
    pub const fn packs(self) -> bool {
        matches!(self.lesson(), Lesson::Answers | Lesson::Texts)
    }
}
