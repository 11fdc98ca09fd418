//! The settings of a suite as a form: what it guards, when an item passes, what a candidate is
//! held to.

use leptos::prelude::*;
use shared::{
    check::PassRule,
    suite::{Gate, Suite, SuiteKind},
};

use crate::{
    components::{Checkbox, Choice, Select, TextInput},
    pages::checks::{ChecksDraft, checks_form},
    words::material as words,
};

/// Settings under work. Copies share them.
#[derive(Clone, Copy, Debug)]
pub struct SettingsDraft {
    /// The suite's name across versions.
    pub key: RwSignal<String>,
    /// What people call it.
    pub name: RwSignal<String>,
    kind: RwSignal<String>,
    is_weighted: RwSignal<bool>,
    threshold: RwSignal<String>,
    is_guard: RwSignal<bool>,
    margin: RwSignal<String>,
    must_improve: RwSignal<bool>,
    min_rate: RwSignal<String>,
    checks: ChecksDraft,
}

/// Settings that were read from the form.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What it guards.
    pub kind: SuiteKind,
    /// When an item passes.
    pub pass_rule: PassRule,
    /// What a candidate is held to.
    pub gate: Gate,
    /// Checks of every item.
    pub checks: Vec<shared::check::Check>,
}

impl SettingsDraft {
    /// A form with the settings of an earlier version, or with what is usual.
    #[must_use]
    pub fn new(from: Option<&Suite>) -> Self {
        let text = |part: fn(&Suite) -> &String| {
            RwSignal::new(from.map(part).cloned().unwrap_or_default())
        };
        let kind = from.map_or(SuiteKind::Domain, |suite| suite.kind);
        let threshold = match from.map(|suite| suite.pass_rule) {
            Some(PassRule::WeightedScore { threshold }) => Some(threshold),
            _ => None,
        };
        let draft = Self {
            key: text(|suite| &suite.key),
            name: text(|suite| &suite.name),
            kind: RwSignal::new(kind.to_string()),
            is_weighted: RwSignal::new(threshold.is_some()),
            threshold: RwSignal::new(words::points(threshold.unwrap_or(0.8))),
            is_guard: RwSignal::new(false),
            margin: RwSignal::new("5".to_owned()),
            must_improve: RwSignal::new(true),
            min_rate: RwSignal::new(String::new()),
            checks: ChecksDraft::new(from.map_or(&[], |suite| &suite.checks)),
        };
        draft.set_gate(from.map_or_else(|| Gate::usual(kind), |suite| suite.gate));
        draft
    }

    fn set_gate(self, gate: Gate) {
        match gate {
            Gate::Guard { margin } => {
                self.is_guard.set(true);
                self.margin.set(words::points(margin));
            }
            Gate::Goal {
                min_rate,
                must_improve,
            } => {
                self.is_guard.set(false);
                self.must_improve.set(must_improve);
                self.min_rate
                    .set(min_rate.map(words::points).unwrap_or_default());
            }
        }
    }

    /// The settings as they are now.
    ///
    /// # Errors
    /// A sentence on what cannot be read.
    pub fn read(self) -> Result<Settings, String> {
        let share = |text: RwSignal<String>, what: &str| {
            text.with_untracked(|text| share_of(text))
                .ok_or_else(|| format!("{what} must be a number from 0 to 100"))
        };
        let pass_rule = if self.is_weighted.get_untracked() {
            PassRule::WeightedScore {
                threshold: share(self.threshold, "the least share of passed checks")?,
            }
        } else {
            PassRule::AllChecks
        };
        let gate = if self.is_guard.get_untracked() {
            Gate::Guard {
                margin: share(self.margin, "the margin")?,
            }
        } else {
            let is_empty = self.min_rate.with_untracked(|text| text.trim().is_empty());
            let rate = (!is_empty).then(|| share(self.min_rate, "the least pass rate"));
            Gate::Goal {
                min_rate: rate.transpose()?,
                must_improve: self.must_improve.get_untracked(),
            }
        };
        Ok(Settings {
            kind: self
                .kind
                .with_untracked(|word| word.parse().unwrap_or(SuiteKind::Domain)),
            pass_rule,
            gate,
            checks: untrack(|| self.checks.checks())?,
        })
    }
}

/// Percent as a share.
fn share_of(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches('%').trim().replace(',', ".");
    let percent = text.parse::<f64>().ok()?;
    (0.0..=100.0).contains(&percent).then_some(percent / 100.0)
}

/// The fields.
#[must_use]
pub fn settings_form(draft: SettingsDraft) -> AnyView {
    let kinds = SuiteKind::ALL
        .iter()
        .map(|kind| Choice::new(kind.to_string(), words::suite_kind(*kind)));
    let set_kind = move |word: String| {
        if let Ok(kind) = word.parse() {
            draft.set_gate(Gate::usual(kind));
        }
        draft.kind.set(word);
    };
    let help = move || {
        let kind = draft.kind.with(|word| word.parse().ok());
        kind.map(words::suite_kind_help)
    };
    view! {
        <Select label="Kind" choices=kinds.collect() value=draft.kind on_change=set_kind />
        <p class="note" aria-live="polite">
            {help}
        </p>
        {gate_fields(draft)}
        {rule_fields(draft)}
        {checks_form(draft.checks)}
    }
    .into_any()
}

fn yes_no(label: &'static str, words: [&'static str; 2], value: RwSignal<bool>) -> AnyView {
    let choices = vec![
        Choice::new("false".to_owned(), words[0]),
        Choice::new("true".to_owned(), words[1]),
    ];
    let text = Signal::derive(move || value.get().to_string());
    let set = move |word: String| value.set(word == "true");
    view! { <Select label choices value=text on_change=set /> }.into_any()
}

fn gate_fields(draft: SettingsDraft) -> AnyView {
    let words = [
        "A goal: the candidate must be good",
        "A guard: the candidate must not be worse",
    ];
    let fields = move || {
        if draft.is_guard.get() {
            view! {
                <TextInput
                    label="Margin, in percentage points"
                    help="The loss that would be tolerated; usually 5. The smaller it is, the more items the suite needs to decide."
                    value=draft.margin
                />
            }
            .into_any()
        } else {
            view! {
                <Checkbox
                    label="It must be better than the baseline"
                    help="The whole interval of the difference must lie above zero."
                    value=draft.must_improve
                />
                <TextInput
                    label="Least pass rate, in percent"
                    help="Empty for any."
                    value=draft.min_rate
                    optional=true
                />
            }
            .into_any()
        }
    };
    view! {
        {yes_no("What a candidate is held to", words, draft.is_guard)}
        {fields}
    }
    .into_any()
}

fn rule_fields(draft: SettingsDraft) -> AnyView {
    let words = [
        "All its checks pass",
        "Enough of its checks pass, by weight",
    ];
    let threshold = move || {
        draft.is_weighted.get().then(|| {
            view! {
                <TextInput
                    label="Least share of passed checks, in percent"
                    value=draft.threshold
                />
            }
        })
    };
    view! {
        {yes_no("An item passes when", words, draft.is_weighted)}
        {threshold}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_usual_is_read_back() {
        let owner = Owner::new();
        owner.with(|| {
            let draft = SettingsDraft::new(None);
            let settings = draft.read().unwrap();
            assert_eq!(settings.gate, Gate::usual(SuiteKind::Domain));
            draft.set_gate(Gate::usual(SuiteKind::OverRefusal));
            assert_eq!(draft.read().unwrap().gate, Gate::Guard { margin: 0.05 });
            draft.margin.set("a lot".to_owned());
            assert!(draft.read().unwrap_err().contains("margin"));
        });
    }
}
