//! The findings of a preflight as they are gathered, and those about rows and memory.

use shared::{
    run::{Finding, Preflight, Severity},
    training::{Lesson, TrainingConfig},
};

use store::dataset_versions::VersionRecord;

use super::{memory::Memory, run_cache::TokenTotals, run_setup::RunSetup};

/// A finding from its parts.
pub(super) fn finding(
    severity: Severity,
    code: &str,
    field: &str,
    message: impl Into<String>,
) -> Finding {
    Finding {
        severity,
        code: code.to_owned(),
        field: field.to_owned(),
        message: message.into(),
    }
}

/// What is gathered.
#[derive(Default)]
pub(super) struct Report {
    pub(super) preflight: Preflight,
    findings: Vec<Finding>,
}

impl Report {
    pub(super) fn all(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
    }

    pub(super) fn error(&mut self, code: &str, field: &str, message: impl Into<String>) {
        self.findings
            .push(finding(Severity::Error, code, field, message));
    }

    pub(super) fn warn(&mut self, code: &str, field: &str, message: impl Into<String>) {
        self.findings
            .push(finding(Severity::Warning, code, field, message));
    }

    /// The gravest first.
    pub(super) fn end(mut self) -> Preflight {
        self.findings
            .sort_by_key(|finding| finding.severity != Severity::Error);
        self.preflight.findings = self.findings;
        self.preflight
    }

    /// Rows that the method does not learn from.
    pub(super) fn kinds(&mut self, setup: &RunSetup) {
        let method = setup.request.config.method;
        let counts = &setup.dataset.version.counts;
        let lesson = method.lesson();
        let other: i64 = counts
            .by_kind
            .iter()
            .filter(|count| !lesson.takes(count.kind))
            .map(|count| count.rows)
            .sum();
        let needed = match lesson {
            Lesson::Answers => "a completion or a conversation",
            Lesson::Texts => "a plain text",
            Lesson::Pairs | Lesson::Comparisons => "chosen and rejected responses",
            Lesson::Unpaired => "answers that are wanted or not, or chosen and rejected responses",
            Lesson::Prompts => "a prompt",
        };
        let field = "dataset_version_id";
        if other > 0 && other == counts.rows {
            let message = format!(
                "none of the {other} rows can be learned from: {method} needs rows with {needed}"
            );
            self.error("wrong_rows", field, message);
        } else if other > 0 {
            let message = format!(
                "{other} of {} rows are of another kind and are left out: {method} learns from \
                 rows with {needed}",
                counts.rows
            );
            self.warn("other_rows", field, message);
        }
        if let Some(validation) = &setup.validation {
            let general = setup.general.as_ref();
            let is_learned = |other: &VersionRecord| other.version.id == validation.version.id;
            let is_own = validation.version.dataset_id == setup.dataset.version.dataset_id;
            if is_own || general.is_some_and(is_learned) {
                let message = "the run may also learn from rows that it is measured on: they are \
                               of the same dataset, or are mixed in as general rows";
                self.warn("measured_on_learned_rows", "validation_version_id", message);
            }
        }
        if setup.measured().is_none() {
            let missing = match lesson {
                Lesson::Prompts => "reward of held-out answers",
                _ => "validation loss",
            };
            let message = format!(
                "no rows are held back to measure on: there is no {missing}, and the last state is \
                 handed over instead of the best"
            );
            self.warn("no_validation_rows", field, message);
        }
        let share = setup.request.config.data.general_share;
        if share > 0.0 && setup.general.is_none() {
            let message = "general rows are to be mixed in, but no version with such rows is named";
            self.error("no_general_rows", "general_version_id", message);
        } else if share > 0.0 && lesson == Lesson::Prompts {
            let message = format!("must be 0: {method} imitates no rows, so none can be mixed in");
            self.error("bad_setting", "config.data.general_share", message);
        } else if setup.general.is_some() && setup.mixed().is_none() && setup.remembered().is_none()
        {
            let message = "the general rows are neither mixed in, because their share is 0, nor \
                           measured, because their version holds none back";
            self.warn("general_rows_unused", "config.data.general_share", message);
        }
    }

    /// Rows that are cut or left out.
    pub(super) fn rows(&mut self, config: &TrainingConfig, train: &TokenTotals) {
        let (field, most) = ("config.data.max_length", config.data.max_length);
        if train.rows == 0 {
            let short = match config.method.lesson() {
                Lesson::Texts => "texts and their pieces must have at least two tokens".to_owned(),
                Lesson::Comparisons => {
                    format!("prompts with their responses must have at most {most} tokens")
                }
                Lesson::Prompts => format!("prompts must have at most {most} tokens"),
                _ => format!("prompts must be shorter than {most} tokens"),
            };
            let is_cut = train.longest > most;
            let (field, what_to_do) = if is_cut {
                (field, ": raise the longest length")
            } else {
                ("dataset_version_id", "")
            };
            let message = format!(
                "no row has a token to learn from: {short}, and the longest row has {}{what_to_do}",
                train.longest
            );
            return self.error("nothing_to_learn", field, message);
        }
        if train.hidden_tools > 0 {
            let message = format!(
                "{} rows offer or call tools that the base's chat template leaves out: the model \
                 would learn to answer without them; take a base whose template knows tools",
                train.hidden_tools
            );
            self.warn("hidden_tools", "base_id", message);
        }
        self.votes(config, train.split_votes);
        if train.truncated > 0 {
            let message = format!(
                "{} rows are longer than {most} tokens and lose their end, which is the answer; \
                 the longest has {}",
                train.truncated, train.longest
            );
            self.warn("truncated_rows", field, message);
        }
        if train.dropped > 0 {
            let whole = config.method.lesson() == Lesson::Comparisons;
            let (field, why) = if whole && train.longest > most {
                (
                    field,
                    format!(
                        "they are of another kind, or have more than {most} tokens: a response that is cut cannot be scored"
                    ),
                )
            } else {
                (
                    "dataset_version_id",
                    "no token of theirs would be learned from".to_owned(),
                )
            };
            let message = format!("{} rows are left out, because {why}", train.dropped);
            self.warn("dropped_rows", field, message);
        }
    }

    /// Votes that are asked for and not there, or there and not asked for.
    fn votes(&mut self, config: &TrainingConfig, split: usize) {
        let field = "config.preference.soft_labels";
        if !config.takes_soft_labels() {
            return;
        }
        if config.preference.soft_labels && split == 0 {
            let message = "soft labels change nothing: no row has votes of annotators who disagree; \
                           queues with an overlap of at least two give such rows, and files with the \
                           columns votes_chosen and votes_rejected";
            self.warn("no_split_votes", field, message);
        } else if !config.preference.soft_labels && split > 0 {
            let message = format!(
                "annotators disagree on {split} of the pairs, and all of them count as certain: turn \
                 soft labels on to learn from the share of votes"
            );
            self.warn("split_votes_unused", field, message);
        }
    }

    /// Compares what a run needs of a place with what it has.
    pub(super) fn memory(&mut self, needed: i64, available: Option<Memory>, place: &str) {
        let Some(available) = available else { return };
        let gibibytes = |bytes: i64| bytes as f64 / f64::from(1 << 30);
        let needs = gibibytes(needed);
        let advice = "lower the batch size, the longest length or the rank, or take a smaller base";
        if needed > available.total {
            let has = gibibytes(available.total);
            let message = format!(
                "the run needs about {needs:.1} GiB of {place} and there are {has:.1}: {advice}"
            );
            self.error("not_enough_memory", "config.batch.size", message);
        } else if needed > available.free {
            let free = gibibytes(available.free);
            let message = format!(
                "the run needs about {needs:.1} GiB of {place} and only {free:.1} are free at the \
                 moment: wait for other work to end, or {advice}"
            );
            self.warn("little_memory", "config.batch.size", message);
        }
    }
}
