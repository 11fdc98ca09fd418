//! Conversations and the rows made of them, set as text to be read.

use leptos::prelude::*;
use shared::{
    dataset::RowContent,
    message::{Message, Speaker},
};

use super::{
    badge::{Badge, Tone},
    button::{Button, ButtonKind},
    code_block::{CodeBlock, Language},
};
use crate::{highlight::json, words::material as words};

/// Texts with more characters than this are cut until somebody wants all.
const LONG: usize = 900;

/// How much of a long text is shown first.
const HEAD: usize = 600;

/// A text in paragraphs; a long one is cut, with a button that shows the rest.
#[must_use]
pub fn long_text(text: &str) -> AnyView {
    if is_json(text) {
        let spans = json(text)
            .into_iter()
            .map(|(part, text)| match part.class() {
                Some(class) => view! { <span class=class>{text}</span> }.into_any(),
                None => text.into_any(),
            });
        return view! { <pre class="turn__code"><code>{spans.collect_view()}</code></pre> }
            .into_any();
    }
    let Some(head) = head(text) else {
        return view! { <p class="turn__text">{text.to_owned()}</p> }.into_any();
    };
    let is_open = RwSignal::new(false);
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let all = format!(
        "Show all {}",
        words::count(length, "character", "characters")
    );
    let (head, text) = (format!("{head} ..."), text.to_owned());
    let shown = move || {
        if is_open.get() {
            text.clone()
        } else {
            head.clone()
        }
    };
    let word = move || {
        if is_open.get() {
            "Show less".to_owned()
        } else {
            all.clone()
        }
    };
    view! {
        <p class="turn__text">{shown}</p>
        <Button kind=ButtonKind::Quiet on_press=move |()| is_open.update(|open| *open = !*open)>
            {word}
        </Button>
    }
    .into_any()
}

/// Whether a text is an object or a list in JSON as a whole, to be set like code.
fn is_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
        && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// The beginning of a text that is too long to be shown at once.
fn head(text: &str) -> Option<&str> {
    text.char_indices().nth(LONG)?;
    let (end, _) = text.char_indices().nth(HEAD)?;
    Some(&text[..end])
}

/// One turn: who speaks, and what.
#[must_use]
pub fn turn(message: &Message) -> AnyView {
    let class = match message.role {
        Speaker::Assistant => "turn turn--assistant",
        Speaker::System => "turn turn--system",
        Speaker::User | Speaker::Tool => "turn",
    };
    let other = (!message.other.is_empty()).then(|| {
        // What came as JSON goes back to it.
        let text = serde_json::to_string_pretty(&message.other).unwrap_or_default();
        view! { <CodeBlock label="Further keys of the turn" text language=Language::Json /> }
    });
    let text = (!message.content.is_empty()).then(|| long_text(&message.content));
    view! {
        <div class=class>
            <p class="turn__who">{words::speaker(message.role)}</p>
            {text}
            {other}
        </div>
    }
    .into_any()
}

fn turns(messages: &[Message]) -> AnyView {
    messages.iter().map(turn).collect_view().into_any()
}

/// What a row says.
#[must_use]
pub fn row_content(content: &RowContent) -> AnyView {
    let side = |tone, name: &'static str, messages: &[Message]| {
        view! {
            <div class="turns__side">
                <Badge tone text=name />
                {turns(messages)}
            </div>
        }
    };
    let view = match content {
        RowContent::Completion { prompt, completion } => {
            view! { {turns(prompt)} {turns(completion)} }.into_any()
        }
        RowContent::Conversation { messages } => turns(messages),
        RowContent::Preference {
            prompt,
            chosen,
            rejected,
            votes,
            margin,
        } => view! {
            {turns(prompt)}
            {words::judgement(*votes, *margin).map(|said| view! { <p class="note">{said}</p> })}
            <div class="turns__sides">
                {side(Tone::Positive, "Better", chosen)} {side(Tone::Negative, "Worse", rejected)}
            </div>
        }
        .into_any(),
        RowContent::Unpaired {
            prompt,
            completion,
            desirable,
        } => {
            let (tone, name) = if *desirable {
                (Tone::Positive, "Wanted")
            } else {
                (Tone::Negative, "Not wanted")
            };
            view! { {turns(prompt)} {side(tone, name, completion)} }.into_any()
        }
        RowContent::Text { text } => long_text(text),
    };
    view! { <div class="turns">{view}</div> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_json_is_set_like_code() {
        assert!(is_json("{\"a\": 1}"));
        assert!(!is_json("[sic] it says") && !is_json("Here: {}") && !is_json("12"));
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(head("short"), None);
        let long = "ü".repeat(LONG + 1);
        assert_eq!(head(&long).map(|head| head.chars().count()), Some(HEAD));
    }
}
