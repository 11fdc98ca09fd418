//! The table of known sets of keys. What is done with it is in the module above.

use shared::dataset::{
    FileShape,
    RowField::{
        self, Chosen, Completion, Coverage, History, Input, Label, Messages, Prompt, Rejected,
        System, Tags, Text,
    },
    RowKind,
};

/// A known set of keys.
pub(super) struct Known {
    pub(super) shape: FileShape,
    /// What it is, for people.
    pub(super) words: &'static str,
    pub(super) kind: RowKind,
    /// The fields that must be there, each with the names that its column may have.
    pub(super) required: &'static [(RowField, &'static [&'static str])],
    /// The fields that may be there.
    pub(super) optional: &'static [(RowField, &'static [&'static str])],
    /// Columns that must be there, and stay data.
    pub(super) marks: &'static [&'static str],
}

const SYSTEM: (RowField, &[&str]) = (System, &["system", "system_prompt"]);

/// The first that fits is taken, so a narrow set stands before a wide one.
pub(super) const KNOWN: &[Known] = &[
    Known {
        shape: FileShape::OpenAiPreference,
        words: "OpenAI preference pairs",
        kind: RowKind::Preference,
        required: &[
            (Prompt, &["input"]),
            (Chosen, &["preferred_output"]),
            (Rejected, &["non_preferred_output"]),
        ],
        optional: &[],
        marks: &[],
    },
    Known {
        shape: FileShape::ShareGptPreference,
        words: "ShareGPT preference pairs",
        kind: RowKind::Preference,
        required: &[
            (Prompt, &["conversations"]),
            (Chosen, &["chosen"]),
            (Rejected, &["rejected"]),
        ],
        optional: &[SYSTEM],
        marks: &[],
    },
    Known {
        shape: FileShape::UltraFeedback,
        words: "UltraFeedback preference pairs",
        kind: RowKind::Preference,
        required: &[
            (Prompt, &["prompt"]),
            (Chosen, &["chosen"]),
            (Rejected, &["rejected"]),
        ],
        optional: &[],
        marks: &["score_chosen", "score_rejected"],
    },
    Known {
        shape: FileShape::Preference,
        words: "TRL preference pairs",
        kind: RowKind::Preference,
        required: &[
            (Prompt, &["prompt"]),
            (Chosen, &["chosen"]),
            (Rejected, &["rejected"]),
        ],
        optional: &[SYSTEM],
        marks: &[],
    },
    Known {
        shape: FileShape::AlpacaPreference,
        words: "Alpaca preference pairs",
        kind: RowKind::Preference,
        required: &[
            (Prompt, &["instruction"]),
            (Chosen, &["chosen"]),
            (Rejected, &["rejected"]),
        ],
        optional: &[(Input, &["input"]), SYSTEM, (History, &["history"])],
        marks: &[],
    },
    Known {
        shape: FileShape::QuestionPreference,
        words: "preference pairs with a question",
        kind: RowKind::Preference,
        required: &[
            (Prompt, &["question"]),
            (Chosen, &["chosen"]),
            (Rejected, &["rejected"]),
        ],
        optional: &[SYSTEM],
        marks: &[],
    },
    Known {
        shape: FileShape::ResponsePair,
        words: "preference pairs of responses",
        kind: RowKind::Preference,
        required: &[
            (Prompt, &["instruction", "prompt"]),
            (Chosen, &["chosen_response"]),
            (Rejected, &["rejected_response"]),
        ],
        optional: &[SYSTEM],
        marks: &[],
    },
    Known {
        shape: FileShape::AutoTrainPreference,
        words: "AutoTrain preference pairs",
        kind: RowKind::Preference,
        required: &[
            (Prompt, &["prompt"]),
            (Chosen, &["text"]),
            (Rejected, &["rejected_text"]),
        ],
        optional: &[],
        marks: &[],
    },
    Known {
        shape: FileShape::ImplicitPreference,
        words: "preference pairs that repeat their prompt, as HH-RLHF has them",
        kind: RowKind::Preference,
        required: &[(Chosen, &["chosen"]), (Rejected, &["rejected"])],
        optional: &[],
        marks: &[],
    },
    Known {
        shape: FileShape::Unpaired,
        words: "TRL unpaired preferences",
        kind: RowKind::Unpaired,
        required: &[
            (Prompt, &["prompt"]),
            (Completion, &["completion"]),
            (Label, &["label"]),
        ],
        optional: &[SYSTEM],
        marks: &[],
    },
    Known {
        shape: FileShape::ShareGptUnpaired,
        words: "ShareGPT unpaired preferences",
        kind: RowKind::Unpaired,
        required: &[(Messages, &["conversations"]), (Label, &["kto_tag"])],
        optional: &[SYSTEM],
        marks: &[],
    },
    Known {
        shape: FileShape::Messages,
        words: "conversations of messages",
        kind: RowKind::Conversation,
        required: &[(Messages, &["messages"])],
        optional: &[SYSTEM],
        marks: &[],
    },
    Known {
        shape: FileShape::ShareGpt,
        words: "ShareGPT conversations",
        kind: RowKind::Conversation,
        required: &[(Messages, &["conversations", "conversation"])],
        optional: &[SYSTEM],
        marks: &[],
    },
    Known {
        shape: FileShape::Alpaca,
        words: "Alpaca instructions",
        kind: RowKind::Completion,
        required: &[(Prompt, &["instruction"]), (Completion, &["output"])],
        optional: &[(Input, &["input"]), SYSTEM, (History, &["history"])],
        marks: &[],
    },
    Known {
        shape: FileShape::PromptCompletion,
        words: "TRL prompts and completions",
        kind: RowKind::Completion,
        required: &[(Prompt, &["prompt"]), (Completion, &["completion"])],
        optional: &[SYSTEM],
        marks: &[],
    },
    Known {
        shape: FileShape::QuestionAnswer,
        words: "questions and answers",
        kind: RowKind::Completion,
        required: &[
            (
                Prompt,
                &["question", "query", "input", "instruction", "prompt"],
            ),
            (Completion, &["answer", "response", "output", "target"]),
        ],
        optional: &[(Input, &["context"]), SYSTEM],
        marks: &[],
    },
    Known {
        shape: FileShape::LabelledText,
        words: "texts with a label to learn",
        kind: RowKind::Completion,
        required: &[
            (Prompt, &["text"]),
            (Completion, &["category", "label", "intent", "class"]),
        ],
        optional: &[],
        marks: &[],
    },
    Known {
        shape: FileShape::Text,
        words: "plain texts",
        kind: RowKind::Text,
        required: &[(Text, &["text"])],
        optional: &[],
        marks: &[],
    },
];

/// Columns that may stand in a file of any shape.
pub(super) const ANYWHERE: &[(RowField, &str)] = &[
    (Coverage, "coverage"),
    (Tags, "tags"),
    (Tags, "category"),
    (RowField::Clauses, "clauses"),
    (RowField::Provenance, "provenance"),
];
