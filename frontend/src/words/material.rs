//! Words for specs, data, suites and prompts.

use shared::{
    coverage::Coverage,
    dataset::{ExportFormat, FileFormat, FileShape, Margin, RowField, RowKind, RowSource, Votes},
    message::Speaker,
    spec::{ClauseKind, Priority},
    suite::{Gate, SuiteKind},
};

use crate::components::Tone;

/// A number with its thousands apart.
#[must_use]
pub fn number(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun.
#[must_use]
pub fn count(many: i64, one: &str, more: &str) -> String {
    format!("{} {}", number(many), if many == 1 { one } else { more })
}

/// A count of rows.
#[must_use]
pub fn rows(many: i64) -> String {
    count(many, "row", "rows")
}

/// A size as people read it.
#[must_use]
pub fn size(bytes: i64) -> String {
    let bytes = bytes as f64;
    match bytes {
        b if b < 1024.0 => format!("{b}\u{a0}bytes"),
        b if b < 1_048_576.0 => format!("{:.0}\u{a0}KiB", b / 1024.0),
        b if b < 1_073_741_824.0 => format!("{:.1}\u{a0}MiB", b / 1_048_576.0),
        b => format!("{:.1}\u{a0}GiB", b / 1_073_741_824.0),
    }
}

/// A coverage's name, with what it means.
#[must_use]
pub const fn coverage_choice(coverage: Coverage) -> &'static str {
    match coverage {
        Coverage::Typical => "Typical: what most requests look like",
        Coverage::Edge => "Edge: rare, short, long, messy or ambiguous",
        Coverage::Adversarial => "Adversarial: somebody tries to make it misbehave",
        Coverage::Negative => "Negative: the behaviour must not show",
    }
}

/// The tone that tells coverages apart at a glance.
#[must_use]
pub const fn coverage_tone(coverage: Coverage) -> Tone {
    match coverage {
        Coverage::Typical => Tone::Neutral,
        Coverage::Edge => Tone::Active,
        Coverage::Adversarial => Tone::Negative,
        Coverage::Negative => Tone::Warning,
    }
}

/// A kind of row, with what it teaches from.
#[must_use]
pub const fn row_kind(kind: RowKind) -> &'static str {
    match kind {
        RowKind::Completion => "Prompt and answer",
        RowKind::Conversation => "Conversation",
        RowKind::Preference => "Better and worse answer",
        RowKind::Unpaired => "Answer, wanted or not",
        RowKind::Text => "Plain text",
    }
}

/// What a column is used as.
#[must_use]
pub const fn row_field(field: RowField) -> &'static str {
    match field {
        RowField::Prompt => "Prompt",
        RowField::System => "Instructions before the prompt",
        RowField::Input => "Text after the prompt",
        RowField::History => "Earlier turns",
        RowField::Completion => "Answer",
        RowField::Messages => "Whole conversation",
        RowField::Chosen => "Better answer",
        RowField::Rejected => "Worse answer",
        RowField::VotesChosen => "Votes for the better answer",
        RowField::VotesRejected => "Votes for the worse answer",
        RowField::Margin => "Margin of the scores",
        RowField::Label => "Whether it is wanted",
        RowField::Text => "Plain text",
        RowField::Coverage => "Coverage",
        RowField::Tags => "Tags",
        RowField::Clauses => "Clauses",
        RowField::Provenance => "Where it comes from",
    }
}

/// What annotators said of a pair beyond its order; nothing where they said no more.
#[must_use]
pub fn judgement(votes: Option<Votes>, margin: Option<Margin>) -> Option<String> {
    let votes = votes.map(|votes| {
        let all = i64::from(votes.chosen()) + i64::from(votes.rejected());
        let of = count(all, "annotator", "annotators");
        format!("{} of {of} preferred the better answer", votes.chosen())
    });
    let margin = margin.map(|margin| format!("margin of the scores {}", margin.get()));
    let said: Vec<String> = votes.into_iter().chain(margin).collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// A file format.
#[must_use]
pub const fn file_format(format: FileFormat) -> &'static str {
    match format {
        FileFormat::Jsonl => "JSONL: one object a line",
        FileFormat::Json => "JSON: an array of objects",
        FileFormat::Csv => "CSV: values with separators",
    }
}

/// A known set of columns.
#[must_use]
pub const fn file_shape(shape: FileShape) -> &'static str {
    match shape {
        FileShape::PromptCompletion => "prompts with completions",
        FileShape::Preference => "preferences",
        FileShape::Unpaired => "answers, wanted or not",
        FileShape::Messages => "conversations",
        FileShape::Alpaca => "Alpaca instructions",
        FileShape::AlpacaPreference => "Alpaca preferences",
        FileShape::ShareGpt => "ShareGPT conversations",
        FileShape::ShareGptPreference => "ShareGPT preferences",
        FileShape::ShareGptUnpaired => "ShareGPT answers, wanted or not",
        FileShape::OpenAiPreference => "OpenAI preferences",
        FileShape::UltraFeedback => "UltraFeedback preferences",
        FileShape::ResponsePair => "pairs of responses",
        FileShape::AutoTrainPreference => "AutoTrain preferences",
        FileShape::QuestionPreference => "questions with preferences",
        FileShape::ImplicitPreference => "preferences that begin alike",
        FileShape::QuestionAnswer => "questions with answers",
        FileShape::LabelledText => "labelled texts",
        FileShape::Text => "plain texts",
    }
}

/// A format of export, with its keys.
#[must_use]
pub const fn export_format(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Native => "Temper (TRL keys)",
        ExportFormat::PromptCompletion => "Prompt, completion",
        ExportFormat::Messages => "Messages",
        ExportFormat::Preference => "Preference",
        ExportFormat::Alpaca => "Alpaca",
        ExportFormat::ShareGpt => "ShareGPT",
    }
}

/// Who speaks.
#[must_use]
pub const fn speaker(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::System => "System",
        Speaker::User => "User",
        Speaker::Assistant => "Assistant",
        Speaker::Tool => "Tool",
    }
}

/// Where a row comes from.
#[must_use]
pub const fn row_source(source: RowSource) -> &'static str {
    match source {
        RowSource::Imported => "Imported",
        RowSource::Written => "Written here",
        RowSource::Generated => "Generated",
        RowSource::Corrected => "Corrected",
        RowSource::Production => "From production",
        RowSource::Judgement => "From judgements",
    }
}

/// A kind of clause.
#[must_use]
pub const fn clause_kind(kind: ClauseKind) -> &'static str {
    match kind {
        ClauseKind::Format => "Format",
        ClauseKind::Instruction => "Instruction",
        ClauseKind::Knowledge => "Knowledge",
        ClauseKind::Safety => "Safety",
        ClauseKind::Style => "Style",
    }
}

/// How much a clause matters.
#[must_use]
pub const fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::Must => "Must",
        Priority::Should => "Should",
        Priority::Could => "Could",
    }
}

/// The tone of a priority.
#[must_use]
pub const fn priority_tone(priority: Priority) -> Tone {
    match priority {
        Priority::Must => Tone::Active,
        Priority::Should | Priority::Could => Tone::Neutral,
    }
}

/// A kind of suite.
#[must_use]
pub const fn suite_kind(kind: SuiteKind) -> &'static str {
    match kind {
        SuiteKind::Domain => "Domain",
        SuiteKind::GeneralAbility => "General ability",
        SuiteKind::OverRefusal => "Over-refusal",
        SuiteKind::Robustness => "Robustness",
    }
}

/// What a kind of suite guards, in one sentence.
#[must_use]
pub const fn suite_kind_help(kind: SuiteKind) -> &'static str {
    match kind {
        SuiteKind::Domain => "The behaviour that is taught.",
        SuiteKind::GeneralAbility => "What the model could do before and should not forget.",
        SuiteKind::OverRefusal => "Harmless requests that must not be refused.",
        SuiteKind::Robustness => "Noisy and broken inputs.",
    }
}

/// A share in percent, with as many digits as it has, at most one after the point.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{} %", (share * 1000.0).round() / 10.0)
}

/// What a candidate is held to, in one sentence.
#[must_use]
pub fn gate(gate: Gate) -> String {
    match gate {
        Gate::Guard { margin } => {
            format!(
                "Guard: at most {} points worse than the baseline",
                points(margin)
            )
        }
        Gate::Goal {
            min_rate,
            must_improve,
        } => {
            let rate = min_rate.map(|rate| format!("at least {} pass", percent(rate)));
            let improve = must_improve.then(|| "better than the baseline".to_owned());
            let parts: Vec<String> = improve.into_iter().chain(rate).collect();
            if parts.is_empty() {
                "Goal: none, only measured".to_owned()
            } else {
                format!("Goal: {}", parts.join(", "))
            }
        }
    }
}

/// A difference of shares in percentage points.
#[must_use]
pub fn points(share: f64) -> String {
    format!("{}", (share * 1000.0).round() / 10.0)
}

/// Words of a line, as separated by commas.
#[must_use]
pub fn split_words(text: &str) -> Vec<String> {
    let words = text.split(',').map(str::trim);
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(10_003), "10,003");
        assert_eq!(number(-1_234_567), "-1,234,567");
        assert_eq!(percent(0.1), "10 %");
        assert_eq!(percent(0.125), "12.5 %");
        assert_eq!(size(3 << 30), "3.0\u{a0}GiB");
        assert_eq!(size(839_073), "819\u{a0}KiB");
    }

    #[test]
    fn a_gate_is_a_sentence() {
        let goal = |min_rate, must_improve| {
            gate(Gate::Goal {
                min_rate,
                must_improve,
            })
        };
        assert_eq!(goal(None, false), "Goal: none, only measured");
        assert_eq!(
            goal(Some(0.9), true),
            "Goal: better than the baseline, at least 90 % pass"
        );
        let guard = gate(Gate::Guard { margin: 0.05 });
        assert_eq!(guard, "Guard: at most 5 points worse than the baseline");
    }

    #[test]
    fn words_are_cut_at_commas() {
        assert_eq!(split_words(" a, b c ,,"), ["a", "b c"]);
    }
}
