//! Code and JSON: monospaced, coloured, folded when long.

use leptos::prelude::*;

use super::copy_button::CopyButton;
use crate::highlight::{Part, json};

/// What a block holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Any text.
    #[default]
    Plain,
    /// JSON, or something like it.
    Json,
}

/// Blocks with more lines than this are folded.
const LONG: usize = 24;

/// A text as it is, to be read and copied.
#[component]
pub fn CodeBlock(
    /// What it is, for readers.
    #[prop(into)]
    label: String,
    /// The text.
    #[prop(into)]
    text: String,
    /// What it holds.
    #[prop(optional)]
    language: Language,
) -> impl IntoView {
    let lines = text.lines().count();
    let parts = match language {
        Language::Plain => vec![(Part::Plain, text.clone())],
        Language::Json => json(&text),
    };
    let spans = parts.into_iter().map(|(part, text)| match part.class() {
        Some(class) => view! { <span class=class>{text}</span> }.into_any(),
        None => text.into_any(),
    });
    let block = view! {
        <pre class="code__text" tabindex="0" role="region" aria-label=label><code>{spans.collect_view()}</code></pre>
    };
    let block = if lines > LONG {
        let summary = format!("{lines} lines");
        view! {
            <details class="code__fold">
                <summary class="code__summary">{summary}</summary>
                {block}
            </details>
        }
        .into_any()
    } else {
        block.into_any()
    };
    view! {
        <div class="code">
            {block} <div class="code__actions">
                <CopyButton text />
            </div>
        </div>
    }
}
