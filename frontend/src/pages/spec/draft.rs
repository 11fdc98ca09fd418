//! A spec that is being written, kept in the browser until it is saved.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use shared::spec::{Clause, ClauseKind, Example, Priority};

use crate::{browser, lasting::lasting, pages::checks::ChecksDraft};

/// An example under work.
#[derive(Clone, Copy, Debug)]
pub struct ExampleDraft {
    /// Its place in lists that are drawn.
    pub id: u32,
    /// What was asked.
    pub input: RwSignal<String>,
    /// What was answered.
    pub output: RwSignal<String>,
    /// Why it keeps or breaks the clause.
    pub why: RwSignal<String>,
}

/// Examples under work. Copies share them.
pub type ExamplesDraft = RwSignal<Vec<ExampleDraft>>;

/// A clause under work. Copies share it.
#[derive(Clone, Copy, Debug)]
pub struct ClauseDraft {
    /// Its place in lists that are drawn.
    pub id: u32,
    /// Its name across versions.
    pub key: RwSignal<String>,
    /// The rule.
    pub text: RwSignal<String>,
    /// What it is about.
    pub kind: RwSignal<String>,
    /// How much it matters.
    pub priority: RwSignal<String>,
    /// Outputs that keep it.
    pub good: ExamplesDraft,
    /// Outputs that break it.
    pub bad: ExamplesDraft,
    /// What needs no person.
    pub checks: ChecksDraft,
    /// Whether its form is open.
    pub is_open: RwSignal<bool>,
}

/// A number that no other draft of this page has.
#[must_use]
pub fn next_id() -> u32 {
    thread_local! {
        static NEXT: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
    }
    NEXT.with(|next| next.replace(next.get().wrapping_add(1)))
}

impl ExampleDraft {
    /// A form with this example.
    #[must_use]
    pub fn new(example: &Example) -> Self {
        lasting(|| Self {
            id: next_id(),
            input: RwSignal::new(example.input.clone()),
            output: RwSignal::new(example.output.clone()),
            why: RwSignal::new(example.why.clone()),
        })
    }
}

fn examples(list: ExamplesDraft) -> Vec<Example> {
    let read = |draft: &ExampleDraft| Example {
        input: draft.input.get(),
        output: draft.output.get(),
        why: draft.why.get(),
    };
    list.with(|list| list.iter().map(read).collect())
}

impl ClauseDraft {
    /// A form with this clause; an empty, open one if none is given.
    #[must_use]
    pub fn new(clause: Option<&Clause>) -> Self {
        lasting(|| Self::make(clause))
    }

    fn make(clause: Option<&Clause>) -> Self {
        let text = |part: fn(&Clause) -> &String| {
            RwSignal::new(clause.map(part).cloned().unwrap_or_default())
        };
        let list = |part: fn(&Clause) -> &Vec<Example>| {
            let examples = clause.map_or(&[][..], |clause| part(clause));
            RwSignal::new(examples.iter().map(ExampleDraft::new).collect())
        };
        let kind = clause.map_or(ClauseKind::Instruction, |clause| clause.kind);
        let priority = clause.map_or(Priority::Must, |clause| clause.priority);
        Self {
            id: next_id(),
            key: text(|clause| &clause.key),
            text: text(|clause| &clause.text),
            kind: RwSignal::new(kind.to_string()),
            priority: RwSignal::new(priority.to_string()),
            good: list(|clause| &clause.good_examples),
            bad: list(|clause| &clause.bad_examples),
            checks: ChecksDraft::new(clause.map_or(&[], |clause| &clause.checks)),
            is_open: RwSignal::new(clause.is_none()),
        }
    }

    /// The clause as it is now, or what is wrong with its checks; tracks changes.
    ///
    /// # Errors
    /// A sentence on the first check that cannot be read.
    pub fn clause(self) -> Result<Clause, String> {
        Ok(Clause {
            key: self.key.with(|key| key.trim().to_owned()),
            text: self.text.get(),
            kind: self
                .kind
                .with(|word| word.parse().unwrap_or(ClauseKind::Instruction)),
            priority: self
                .priority
                .with(|word| word.parse().unwrap_or(Priority::Must)),
            good_examples: examples(self.good),
            bad_examples: examples(self.bad),
            checks: self.checks.checks()?,
        })
    }
}

/// An edit as the browser keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredEdit {
    /// The version that it began from; absent for the first one.
    pub based_on: Option<i64>,
    /// The note so far.
    pub note: String,
    /// The clauses so far.
    pub clauses: Vec<Clause>,
}

fn key(slug: &str) -> String {
    format!("temper-spec-{slug}")
}

/// The edit that this browser keeps for a project.
#[must_use]
pub fn stored(slug: &str) -> Option<StoredEdit> {
    serde_json::from_str(&browser::stored(&key(slug))?).ok()
}

/// Keeps an edit, or forgets it.
pub fn store(slug: &str, edit: Option<&StoredEdit>) {
    let text = edit.and_then(|edit| serde_json::to_string(edit).ok());
    browser::store(&key(slug), text.as_deref());
}
