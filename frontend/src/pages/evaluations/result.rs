//! One answer: what was asked, what came, what was expected, and why each check passed or failed.

use leptos::prelude::*;
use serde_json::Value;
use shared::{check::CheckResult, evaluation::EvaluationResult};

use crate::components::{Badge, CodeBlock, Language, Tone};

/// The answer, folded out if it failed.
pub fn view(result: EvaluationResult) -> AnyView {
    let (tone, word) = if result.passed {
        (Tone::Positive, "Passed")
    } else {
        (Tone::Negative, "Failed")
    };
    let content = result.item.content;
    let expected = content.expected.map(|expected| match expected {
        Value::String(text) => text,
        value => value.to_string(),
    });
    let score = result.reward_score;
    let score = score.map_or_else(String::new, |score| {
        format!("Score {score:.2}, the highest. ")
    });
    let spent = format!(
        "{score}{} tokens of prompt, {} of answer, {:.1} s{}",
        result.prompt_tokens,
        result.output_tokens,
        result.latency_ms / 1000.0,
        if result.cut_off {
            ", cut at the limit"
        } else {
            ""
        }
    );
    view! {
        <li class="answer">
            <details open=!result.passed>
                <summary class="answer__summary">
                    <Badge tone text=word />
                    <code>{content.key}</code>
                    <span class="answer__input">{content.input.clone()}</span>
                </summary>
                <p class="answer__full">{content.input}</p>
                <div class="answer__sides">
                    <figure>
                        <figcaption class="note">"Answer"</figcaption>
                        <CodeBlock label="Answer" text=result.output language=Language::Json />
                    </figure>
                    {expected
                        .map(|text| {
                            view! {
                                <figure>
                                    <figcaption class="note">"Expected"</figcaption>
                                    <CodeBlock label="Expected" text language=Language::Json />
                                </figure>
                            }
                        })}
                </div>
                <ul class="answer__checks">{result.checks.into_iter().map(check).collect_view()}</ul>
                <p class="note">{spent}</p>
            </details>
        </li>
    }
    .into_any()
}

fn check(check: CheckResult) -> impl IntoView {
    let tone = if check.passed {
        Tone::Positive
    } else {
        Tone::Negative
    };
    view! {
        <li class="answer__check">
            <Badge tone text=check.name />
            <span>{check.detail}</span>
        </li>
    }
}
