//! One suite of a report: its gate, its checks and slices, what it cost, and the items that
//! changed sides.

use maud::{Markup, html};
use shared::{
    report::{ReportSnapshot, SliceComparison, Spending, SuiteComparison},
    suite::{Gate, SuiteKind},
};

use super::report_items;
use crate::services::reports::words::{counts, interval, p_value, percent, points};

pub(super) fn render(suite: &SuiteComparison, snapshot: &ReportSnapshot) -> Markup {
    let (class, mark, word) = if suite.outcome.passed {
        ("report__gate report__gate--passed", "✓", "passed")
    } else {
        ("report__gate report__gate--failed", "✕", "not passed")
    };
    html! {
        section.report__section.report__suite {
            h2 { (suite.name) " " span.report__note { (kind(suite.kind)) } }
            p class=(class) {
                span.report__mark aria-hidden="true" { (mark) }
                " " (gate(suite.gate)) " " (word) ". " (suite.outcome.sentence)
            }
            (numbers(suite, snapshot.confidence))
            (slices("Checks", &suite.checks))
            (slices("Slices", &suite.slices))
            (spending(&suite.baseline_spending, &suite.candidate_spending))
            (report_items::render("Broken: the baseline passed, the candidate fails", &suite.broken))
            (report_items::render("Fixed: the baseline failed, the candidate passes", &suite.fixed))
        }
    }
}

const fn kind(kind: SuiteKind) -> &'static str {
    match kind {
        SuiteKind::Domain => "domain",
        SuiteKind::GeneralAbility => "general ability",
        SuiteKind::OverRefusal => "over-refusal",
        SuiteKind::Robustness => "robustness",
    }
}

fn gate(gate: Gate) -> String {
    match gate {
        Gate::Goal { .. } => "Goal".to_owned(),
        Gate::Guard { margin } => format!("Guard with a margin of {}", percent(margin)),
    }
}

fn numbers(suite: &SuiteComparison, confidence: f64) -> Markup {
    let difference = &suite.difference;
    html! {
        dl.report__numbers {
            div { dt { "Baseline" } dd { (counts(&suite.baseline)) } }
            div { dt { "Candidate" } dd { (counts(&suite.candidate)) } }
            div { dt { "Difference" } dd { (interval(difference, confidence)) } }
            div { dt { "Fixed and broken" } dd { (difference.fixed) " and " (difference.broken) } }
            div {
                dt { "McNemar" }
                dd {
                    (p_value(difference.p_value))
                    @if let Some(p) = difference.corrected_p_value {
                        ", corrected " (p_value(p))
                    }
                }
            }
            @if let Some(effect) = suite.smallest_detectable {
                div {
                    dt { "Smallest difference it would show" }
                    dd { (points(effect).trim_start_matches('+')) " points, four times out of five" }
                }
            }
        }
    }
}

fn slices(title: &str, slices: &[SliceComparison]) -> Markup {
    html! {
        @if !slices.is_empty() {
            div.report__scroll {
                table.report__table {
                    caption { (title) }
                    thead {
                        tr {
                            td {}
                            th scope="col" { "Baseline" }
                            th scope="col" { "Candidate" }
                            th scope="col" { "Difference, points" }
                            th scope="col" { "Interval" }
                            th scope="col" { "Fixed" }
                            th scope="col" { "Broken" }
                        }
                    }
                    tbody {
                        @for slice in slices {
                            @let difference = &slice.difference;
                            tr {
                                th scope="row" { (slice.name) }
                                td { (counts(&slice.baseline)) }
                                td { (counts(&slice.candidate)) }
                                td { (points(difference.estimate)) }
                                td { (points(difference.lower)) " to " (points(difference.upper)) }
                                td { (difference.fixed) }
                                td { (difference.broken) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn spending(baseline: &Spending, candidate: &Spending) -> Markup {
    let saved = baseline.mean_prompt_tokens - candidate.mean_prompt_tokens;
    html! {
        div.report__scroll {
            table.report__table {
                caption { "Tokens and time" }
                thead {
                    tr {
                        td {}
                        th scope="col" { "Tokens of the prompt" }
                        th scope="col" { "Tokens of the answer" }
                        th scope="col" { "Median time of an answer" }
                    }
                }
                tbody {
                    (spent("Baseline", baseline))
                    (spent("Candidate", candidate))
                }
            }
        }
        @if saved >= 0.5 {
            p.report__note {
                "Instructions that the candidate no longer needs save "
                (format!("{saved:.0}")) " tokens of prompt a request."
            }
        }
    }
}

fn spent(name: &str, spending: &Spending) -> Markup {
    html! {
        tr {
            th scope="row" { (name) }
            td { (format!("{:.0}", spending.mean_prompt_tokens)) }
            td { (format!("{:.1}", spending.mean_output_tokens)) }
            td { (format!("{:.2} s", spending.median_latency_ms / 1000.0)) }
        }
    }
}
