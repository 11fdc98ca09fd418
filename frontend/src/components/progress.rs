//! How far something is.

use leptos::prelude::*;

/// A bar with the percentage in words; without a value it only says that something goes on.
#[component]
pub fn ProgressBar(
    /// What is under way.
    #[prop(into)]
    label: String,
    /// From 0 to 1, once that is known.
    #[prop(into)]
    value: Signal<Option<f64>>,
) -> impl IntoView {
    view! {
        <div class="progress">
            <progress
                class="progress__bar"
                aria-label=label
                max="1"
                value=move || value.get().map(|value| value.clamp(0.0, 1.0).to_string())
            ></progress>
            <span class="progress__text">{move || value.get().map(percent)}</span>
        </div>
    }
}

/// Whole percent, and 100 only when it is done.
fn percent(value: f64) -> String {
    format!("{} %", (value.clamp(0.0, 1.0) * 100.0).floor())
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn nearly_done_is_not_done() {
        assert_eq!(percent(0.999), "99 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(-1.0), "0 %");
    }
}
