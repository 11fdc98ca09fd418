//! A few numbers side by side, each with its name.

use leptos::prelude::*;

use super::badge::{Mark, Tone};

/// One number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// A noun.
    pub label: &'static str,
    /// The number, with its unit.
    pub value: String,
    /// What it means to the reader.
    pub tone: Tone,
}

impl Stat {
    /// A number without a judgement.
    pub fn new(label: &'static str, value: impl Into<String>) -> Self {
        Self {
            label,
            value: value.into(),
            tone: Tone::Neutral,
        }
    }

    /// Says what the number means.
    #[must_use]
    pub const fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

/// Numbers in a row.
#[component]
pub fn Stats(
    /// The numbers, in their order.
    #[prop(into)]
    stats: Signal<Vec<Stat>>,
) -> impl IntoView {
    let one = |stat: Stat| {
        let mark = (stat.tone != Tone::Neutral).then(|| view! { <Mark tone=stat.tone /> });
        view! {
            <div class="stats__one">
                <dt class="stats__label">{mark} {stat.label}</dt>
                <dd class="stats__value">{stat.value}</dd>
            </div>
        }
    };
    view! { <dl class="stats">{move || stats.get().into_iter().map(one).collect_view()}</dl> }
}
