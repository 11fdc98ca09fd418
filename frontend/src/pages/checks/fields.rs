//! The kinds of check and their fields. Forms, sentences and requests are made from this table.
//!
//! # Adding a kind of check
//! One entry here; a test fails until every kind of `shared::check` has one.

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// One line of text.
    Text,
    /// Texts, one a line.
    Lines,
    /// A whole number.
    Count,
    /// A number from 0 to 1.
    Share,
    /// Yes or no.
    Flag,
    /// What a length counts.
    Unit,
    /// Any JSON.
    Json,
}

/// One field of a kind.
#[derive(Clone, Copy, Debug)]
pub struct CheckField {
    /// Its name in JSON.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// One sentence on it; may be empty.
    pub help: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// Whether it may stay empty.
    pub optional: bool,
}

/// One kind of check.
#[derive(Clone, Copy, Debug)]
pub struct CheckType {
    /// Its name in JSON.
    pub word: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// What passes, in one sentence.
    pub help: &'static str,
    /// Its fields.
    pub fields: &'static [CheckField],
}

const fn needed(
    name: &'static str,
    label: &'static str,
    help: &'static str,
    kind: FieldKind,
) -> CheckField {
    CheckField {
        name,
        label,
        help,
        kind,
        optional: false,
    }
}

const fn may(
    name: &'static str,
    label: &'static str,
    help: &'static str,
    kind: FieldKind,
) -> CheckField {
    CheckField {
        name,
        label,
        help,
        kind,
        optional: true,
    }
}

const fn kind(
    word: &'static str,
    label: &'static str,
    help: &'static str,
    fields: &'static [CheckField],
) -> CheckType {
    CheckType {
        word,
        label,
        help,
        fields,
    }
}

const POINTER: CheckField = may(
    "pointer",
    "Where to look",
    "A JSON pointer such as /next_step; empty for the whole output.",
    FieldKind::Text,
);

const BOTH_POINTER: CheckField = needed(
    "pointer",
    "Where to look",
    "A JSON pointer such as /intent, in the output and in the expected one.",
    FieldKind::Text,
);

const MIN: CheckField = may("min", "At least", "", FieldKind::Count);
const MAX: CheckField = may("max", "At most", "", FieldKind::Count);

/// Every kind.
pub const KINDS: [CheckType; 13] = [
    kind(
        "valid_json",
        "Valid JSON",
        "The whole output is one JSON value.",
        &[],
    ),
    kind(
        "json_schema",
        "JSON Schema",
        "The output satisfies a schema (draft 2020-12).",
        &[needed("schema", "Schema", "As JSON.", FieldKind::Json)],
    ),
    kind(
        "required_keys",
        "Required keys",
        "The output is an object with at least these keys.",
        &[needed("keys", "Keys", "One a line.", FieldKind::Lines)],
    ),
    kind(
        "fixed_set",
        "Fixed set",
        "The value is one of a fixed set.",
        &[
            POINTER,
            needed("values", "Allowed values", "One a line.", FieldKind::Lines),
        ],
    ),
    kind(
        "regex",
        "Regular expression",
        "The expression is found.",
        &[
            POINTER,
            needed(
                "pattern",
                "Expression",
                "Without look-around.",
                FieldKind::Text,
            ),
        ],
    ),
    kind(
        "keywords",
        "Keywords",
        "Words and phrases occur, or do not; case does not matter.",
        &[
            POINTER,
            may("any_of", "At least one of", "One a line.", FieldKind::Lines),
            may("all_of", "All of", "One a line.", FieldKind::Lines),
            may("none_of", "None of", "One a line.", FieldKind::Lines),
        ],
    ),
    kind(
        "question_count",
        "Question marks",
        "Their number is within bounds.",
        &[POINTER, MIN, MAX],
    ),
    kind(
        "refusal",
        "Refusal",
        "The output declines the request.",
        &[],
    ),
    kind(
        "exact_match",
        "Exact match",
        "The trimmed output equals a text.",
        &[
            may(
                "expected",
                "Text",
                "Empty for the item's expected output.",
                FieldKind::Text,
            ),
            may("ignore_case", "Ignore case", "", FieldKind::Flag),
        ],
    ),
    kind(
        "pointer_equals",
        "Same value",
        "The value equals the expected output's.",
        &[BOTH_POINTER],
    ),
    kind(
        "list_f1",
        "Same list",
        "The list agrees with the expected one, order aside.",
        &[
            BOTH_POINTER,
            needed("threshold", "Least F1", "From 0 to 1.", FieldKind::Share),
        ],
    ),
    kind(
        "grounded_entities",
        "Nothing invented",
        "Every text occurs in the item's input.",
        &[POINTER],
    ),
    kind(
        "length",
        "Length",
        "The length is within bounds.",
        &[
            POINTER,
            needed("unit", "Counted in", "", FieldKind::Unit),
            MIN,
            MAX,
        ],
    ),
];

/// The kind with this name in JSON.
#[must_use]
pub fn find(word: &str) -> Option<&'static CheckType> {
    KINDS.iter().find(|kind| kind.word == word)
}
