//! Items that changed sides, both answers side by side.

use maud::{Markup, html};
use shared::report::ComparedItem;

pub(super) fn render(title: &str, items: &[ComparedItem]) -> Markup {
    html! {
        @if !items.is_empty() {
            h3 { (title) " (" (items.len()) ")" }
            ol.report__items {
                @for item in items { (one(item)) }
            }
        }
    }
}

fn one(item: &ComparedItem) -> Markup {
    html! {
        li.report__item {
            p.report__key { code { (item.key) } " " span.report__note { (item.coverage) } }
            p.report__input { (item.input) }
            div.report__sides {
                figure {
                    figcaption { "Baseline" }
                    pre { (item.baseline_output) }
                }
                figure {
                    figcaption { "Candidate" }
                    pre { (item.candidate_output) }
                }
            }
            @if !item.expected.is_empty() {
                figure {
                    figcaption { "Expected" }
                    pre { (item.expected) }
                }
            }
            ul.report__checks {
                @for check in &item.failed_checks {
                    li {
                        code { (check.name) }
                        @if !check.detail.is_empty() { ": " (check.detail) }
                    }
                }
            }
        }
    }
}
