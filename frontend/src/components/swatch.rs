//! A piece of a chart's line, beside the name of what it stands for.

use leptos::prelude::*;

use super::chart::line_class;

/// The line of a series as a legend shows it.
#[component]
pub fn Swatch(
    /// The place of the series among those of its chart.
    at: usize,
) -> impl IntoView {
    view! {
        <svg class="swatch" viewBox="0 0 28 10" aria-hidden="true" focusable="false">
            <g class=line_class(at)>
                <path d="M0 5H28" />
            </g>
        </svg>
    }
}
