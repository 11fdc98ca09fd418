//! Rates of both models by suite, as a dumbbell chart: a hollow mark for the baseline, a full one
//! for the candidate, thin lines for the intervals.

use maud::{Markup, html};
use shared::{evaluation::Rate, report::SuiteComparison};

use crate::services::reports::words::percent;

/// Width of the drawing, in its own units.
const WIDTH: f64 = 720.0;
/// Where 0 % is.
const LEFT: f64 = 20.0;
/// Where 100 % is.
const RIGHT: f64 = 700.0;
/// Height of a suite: its name, and below it the line of each model.
const ROW: f64 = 68.0;
/// Height of the axis at the bottom.
const AXIS: f64 = 26.0;

/// The chart with a description for those who do not see it; the numbers are in the tables below.
pub(super) fn dumbbells(suites: &[SuiteComparison]) -> Markup {
    let height = suites.len() as f64 * ROW;
    html! {
        figure.report__chart {
            svg viewBox=(format!("0 0 {WIDTH} {}", height + AXIS)) role="img"
                aria-label=(describe(suites)) {
                @for step in 0..=4_u8 {
                    @let share = f64::from(step) / 4.0;
                    line.report__grid x1=(x(share)) x2=(x(share)) y1="0" y2=(height) {}
                    text.report__tick x=(x(share)) y=(height + 18.0) text-anchor="middle" {
                        (format!("{:.0} %", share * 100.0))
                    }
                }
                @for (index, suite) in suites.iter().enumerate() {
                    (row(suite, index as f64 * ROW))
                }
            }
            figcaption.report__note {
                "○ baseline, ● candidate; thin lines are 95 % intervals."
            }
        }
    }
}

fn row(suite: &SuiteComparison, top: f64) -> Markup {
    let (upper, lower) = (top + 34.0, top + 52.0);
    html! {
        text.report__label x=(LEFT) y=(top + 18.0) { (suite.name) }
        line.report__link x1=(x(suite.baseline.rate)) x2=(x(suite.candidate.rate))
            y1=(upper) y2=(lower) {}
        (mark(&suite.baseline, upper, "report__baseline"))
        (mark(&suite.candidate, lower, "report__candidate"))
    }
}

fn mark(rate: &Rate, y: f64, class: &str) -> Markup {
    // The number stands where there is room for it.
    let (at, anchor) = if rate.upper > 0.85 {
        (x(rate.lower) - 8.0, "end")
    } else {
        (x(rate.upper) + 8.0, "start")
    };
    html! {
        g class=(class) {
            line.report__interval x1=(x(rate.lower)) x2=(x(rate.upper)) y1=(y) y2=(y) {}
            circle cx=(x(rate.rate)) cy=(y) r="6" {}
            text.report__value x=(at) y=(y + 4.0) text-anchor=(anchor) { (percent(rate.rate)) }
        }
    }
}

fn x(share: f64) -> f64 {
    LEFT + share * (RIGHT - LEFT)
}

fn describe(suites: &[SuiteComparison]) -> String {
    let sentences = suites.iter().map(|suite| {
        format!(
            "{}: baseline {}, candidate {}.",
            suite.name,
            percent(suite.baseline.rate),
            percent(suite.candidate.rate)
        )
    });
    sentences.collect::<Vec<_>>().join(" ")
}
