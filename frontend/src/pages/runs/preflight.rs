//! What is known of a run before it starts: numbers, then errors and warnings.

use leptos::prelude::*;
use shared::run::{Finding, Preflight, Severity};

use super::story::about;
use crate::{
    api::{ApiError, error::sentence},
    components::{Notice, NoticeKind},
    words::material::size,
};

/// The answer of a preflight, or why there is none.
#[must_use]
pub fn preflight(known: Option<&Preflight>, error: Option<&ApiError>, is_asking: bool) -> AnyView {
    let problem = error.map(|error| {
        let text = error.problem().text();
        view! { <Notice kind=NoticeKind::Negative text /> }
    });
    let content = known.map(|known| {
        let findings = known.findings.iter().map(finding).collect::<Vec<_>>();
        view! {
            <dl class="facts">{numbers(known)}</dl>
            <div class="findings">{findings}</div>
        }
    });
    let state = match (is_asking, known) {
        (true, _) => "Looking ...",
        (false, None) => {
            "Choose data and base, and correct what is marked, to see what the run will need."
        }
        (false, Some(known)) if known.can_start() => "Nothing stands in its way.",
        (false, Some(_)) => "It can not start like this.",
    };
    view! {
        <p class="preflight__state" role="status">{state}</p>
        {problem}
        {content}
    }
    .into_any()
}

fn finding(finding: &Finding) -> AnyView {
    let kind = match finding.severity {
        Severity::Error => NoticeKind::Negative,
        Severity::Warning => NoticeKind::Warning,
    };
    view! { <Notice kind text=sentence(&finding.message) /> }.into_any()
}

fn numbers(known: &Preflight) -> Vec<AnyView> {
    let mut rows = vec![
        (
            "Rows",
            format!(
                "{} to learn, {} held back",
                known.train_rows, known.validation_rows
            ),
        ),
        ("Tokens", tokens(known)),
        (
            "Longest row",
            format!("{} tokens", grouped(known.longest_row)),
        ),
    ];
    if known.truncated_rows > 0 {
        rows.push(("Cut", format!("{} rows", known.truncated_rows)));
    }
    if known.dropped_rows > 0 {
        rows.push(("Left out", format!("{} rows", known.dropped_rows)));
    }
    rows.push(("Steps", grouped(known.steps)));
    rows.push(("Trained numbers", grouped(known.trainable_parameters)));
    let memory = size(known.memory_bytes);
    rows.push((
        "Memory",
        match known.available_memory_bytes {
            Some(available) => format!("about {memory} of {}", size(available)),
            None => format!("about {memory}"),
        },
    ));
    if let Some(seconds) = known.seconds {
        rows.push(("Time", about(seconds)));
    }
    let row = |(name, value): (&'static str, String)| {
        view! {
            <div class="facts__row">
                <dt>{name}</dt>
                <dd>{value}</dd>
            </div>
        }
        .into_any()
    };
    rows.into_iter().map(row).collect()
}

/// A count with its thousands parted.
#[must_use]
pub fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        let left = digits.len() - at;
        if at > 0 && left.is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// How many tokens there are, and how many of them are learned, where tokens are.
fn tokens(known: &Preflight) -> String {
    let all = grouped(known.train_tokens);
    match known.loss_tokens {
        0 => all,
        learned => format!("{all}, {} of them learned", grouped(learned)),
    }
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_parted() {
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(-123_456), "-123,456");
        assert_eq!(grouped(999), "999");
    }
}
