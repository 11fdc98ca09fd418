//! A report as HTML: the verdict, what changed, the suites, and how it was computed.

use maud::{Markup, html};
use shared::{
    evaluation::Decoding,
    report::{ChoiceOfAnswers, Direction, Report, ReportFinding, ReportSnapshot, Subject},
};

use super::{report_chart, report_suite};
use crate::services::reports::words::{counts, interval, p_value};

/// The whole report, to be put into a page.
#[must_use]
pub fn render(report: &Report) -> Markup {
    let (summary, snapshot) = (&report.summary, &report.snapshot);
    html! {
        article.report {
            header.report__header {
                p.report__kind {
                    "Regression report " (summary.number) " · " (snapshot.project_name) " · "
                    time datetime=(summary.created_at.to_rfc3339()) {
                        (summary.created_at.format("%-d %B %Y, %H:%M UTC"))
                    }
                }
                h1.report__name { (summary.name) }
                (verdict(summary.passed, &summary.verdict))
            }
            (subjects(snapshot))
            (findings(&snapshot.findings))
            section.report__section {
                h2 { "Pass rates by suite" }
                (report_chart::dumbbells(&snapshot.suites))
            }
            @for suite in &snapshot.suites { (report_suite::render(suite, snapshot)) }
            (clauses(snapshot))
            (methods(snapshot))
        }
    }
}

fn verdict(passed: bool, sentence: &str) -> Markup {
    let (class, mark) = if passed {
        ("report__verdict report__verdict--passed", "✓")
    } else {
        ("report__verdict report__verdict--failed", "✕")
    };
    html! {
        p class=(class) {
            span.report__mark aria-hidden="true" { (mark) }
            " " (sentence)
        }
    }
}

fn subjects(snapshot: &ReportSnapshot) -> Markup {
    let row = |label: &str, value: fn(&Subject) -> String| {
        html! {
            tr {
                th scope="row" { (label) }
                td { (value(&snapshot.baseline)) }
                td { (value(&snapshot.candidate)) }
            }
        }
    };
    let or_none = |text: &str| if text.is_empty() { "none" } else { text }.to_owned();
    html! {
        div.report__scroll {
            table.report__table {
                caption { "What is compared" }
                thead { tr { td {} th scope="col" { "Baseline" } th scope="col" { "Candidate" } } }
                tbody {
                    (row("Model", |side| side.model_name.clone()))
                    (row("Prompt", |side| {
                        if side.prompt_name.is_empty() { "none".to_owned() } else {
                            side.prompt_name.clone()
                        }
                    }))
                    (row("What it is", |side| side.description.clone()))
                    @if snapshot.baseline.choice.is_some() || snapshot.candidate.choice.is_some() {
                        (row("Answers", |side| answers(side.choice.as_ref())))
                    }
                    tr {
                        th scope="row" { "Comes from" }
                        td { (or_none(&snapshot.baseline.lineage)) }
                        td { (or_none(&snapshot.candidate.lineage)) }
                    }
                    (row("SHA-256 of the weights", |side| {
                        side.content_hash.chars().take(16).collect()
                    }))
                }
            }
        }
    }
}

fn findings(findings: &[ReportFinding]) -> Markup {
    let group = |title: &str, class: &str, mark: &str, wanted: Direction| {
        let of_group: Vec<&ReportFinding> = findings
            .iter()
            .filter(|finding| finding.direction == wanted)
            .collect();
        html! {
            @if !of_group.is_empty() {
                h3 { (title) }
                ul.report__findings {
                    @for finding in of_group {
                        li class=(class) {
                            span.report__mark aria-hidden="true" { (mark) }
                            span { (finding.sentence) }
                        }
                    }
                }
            }
        }
    };
    html! {
        section.report__section {
            h2 { "What changed" }
            (group("Worse", "report__finding report__finding--worse", "▼", Direction::Worse))
            (group("Not decided", "report__finding", "◆", Direction::Undecided))
            (group("Better", "report__finding report__finding--better", "▲", Direction::Better))
            (group("Kept", "report__finding", "＝", Direction::Kept))
        }
    }
}

fn clauses(snapshot: &ReportSnapshot) -> Markup {
    html! {
        @if !snapshot.clauses.is_empty() {
            section.report__section {
                h2 { "Clauses" }
                div.report__scroll {
                    table.report__table {
                        thead {
                            tr {
                                th scope="col" { "Clause" }
                                th scope="col" { "Baseline" }
                                th scope="col" { "Candidate" }
                                th scope="col" { "Difference" }
                                th scope="col" { "Corrected" }
                            }
                        }
                        tbody {
                            @for clause in &snapshot.clauses {
                                tr {
                                    th scope="row" {
                                        code { (clause.key) }
                                        p.report__note { (clause.text) }
                                    }
                                    td { (counts(&clause.baseline)) }
                                    td { (counts(&clause.candidate)) }
                                    td { (interval(&clause.difference, snapshot.confidence)) }
                                    td { (clause.difference.corrected_p_value.map_or_else(String::new, p_value)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn methods(snapshot: &ReportSnapshot) -> Markup {
    let level = snapshot.confidence * 100.0;
    let decoding = &snapshot.decoding;
    html! {
        section.report__section.report__methods {
            h2 { "How it was computed" }
            ul {
                li {
                    "Both models answered the same items, so every difference is paired: candidate \
                     minus baseline, in percentage points."
                }
                li {
                    "Rates have Wilson's interval, differences Tango's score interval, both at "
                    (format!("{level:.0} %")) "."
                }
                li {
                    "P-values are of the exact McNemar test, corrected by Holm over the "
                    (snapshot.hypotheses) " suites and clauses that are named. Checks and slices \
                     are shown for exploration and are not corrected."
                }
                li {
                    "A guard passes only if the lower end of the interval lies above minus its \
                     margin, so a suite that is too small to tell does not pass. Goals and guards \
                     were locked with their suites."
                }
                @if let Some(baseline) = &snapshot.baseline_decoding {
                    li { "The baseline's answers: " (drawn(baseline)) }
                    li { "The candidate's answers: " (drawn(decoding)) }
                } @else {
                    li { "Answers: " (drawn(decoding)) }
                }
                @if snapshot.baseline.choice.is_some() || snapshot.candidate.choice.is_some() {
                    li {
                        "Tokens of an answer are those of the one that was chosen; the others were \
                         written, too. Its time is that of all of them and their scores."
                    }
                }
            }
        }
    }
}

/// How answers were generated, as a sentence.
fn drawn(decoding: &Decoding) -> String {
    let most = decoding.max_new_tokens;
    if decoding.temperature == 0.0 {
        return format!("at most {most} tokens, the most probable token each time.");
    }
    format!(
        "at most {most} tokens, temperature {}, top-p {}, seed {}.",
        decoding.temperature, decoding.top_p, decoding.seed
    )
}

fn answers(choice: Option<&ChoiceOfAnswers>) -> String {
    choice.map_or_else(|| "one to each input".to_owned(), ToString::to_string)
}
