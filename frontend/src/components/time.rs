//! A moment, as its distance from now; the exact time is in the tooltip.

use chrono::{DateTime, SecondsFormat, Utc};
use leptos::prelude::*;

use crate::{
    browser,
    time::{LocalTime, ago, millis_of},
};

/// The reader's clock, which ticks every half minute so that no page says "just now" for an hour.
#[derive(Clone, Copy, Debug)]
pub struct Now(RwSignal<f64>);

impl Now {
    /// Starts the clock for all below.
    pub fn provide() {
        const TICK: std::time::Duration = std::time::Duration::from_secs(30);
        let now = RwSignal::new(browser::now_millis());
        provide_context(Self(now));
        let tick = move || now.set(browser::now_millis());
        if let Ok(interval) = set_interval_with_handle(tick, TICK) {
            on_cleanup(move || interval.clear());
        }
    }

    /// Seconds from `at` to now; tracks the clock.
    #[must_use]
    pub fn seconds_since(self, at: DateTime<Utc>) -> f64 {
        (self.0.get() - millis_of(at)) / 1000.0
    }
}

/// How long ago something was.
#[component]
pub fn TimeAgo(
    /// When.
    at: DateTime<Utc>,
) -> impl IntoView {
    let now = expect_context::<Now>();
    let local = LocalTime::of(at);
    let text = move || ago(now.seconds_since(at)).unwrap_or_else(|| local.date());
    view! {
        <time
            class="time"
            datetime=at.to_rfc3339_opts(SecondsFormat::Secs, true)
            title=local.text()
        >
            {text}
        </time>
    }
}
