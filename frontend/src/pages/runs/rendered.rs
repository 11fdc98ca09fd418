//! Rows as the model will see them: token by token, with what it learns to say marked.

use leptos::prelude::*;
use shared::{
    run::{CreateRun, RenderRows, RenderedRow, RenderedText},
    training::Lesson,
};

use crate::{
    api,
    components::{Button, ProblemView, Skeleton},
    frame::CurrentProject,
    remote::Remote,
};

/// Rows on one page.
const COUNT: i64 = 3;

/// The rendered rows of a run as it would be asked for.
#[component]
pub fn Rendered(
    /// The run.
    run: CreateRun,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let skip = RwSignal::new(0_i64);
    let meaning = match run.config.method.lesson() {
        Lesson::Comparisons => " text is where the score is read; the rest the model only reads.",
        Lesson::Prompts => " text is what the model's own answers come behind.",
        _ => " text is what the model learns to say; the rest it only reads.",
    };
    let names: fn(usize) -> String = match run.config.method.lesson() {
        Lesson::Texts => |place| format!("Piece {}", place + 1),
        _ => |place| {
            ["Better", "Worse"]
                .get(place)
                .copied()
                .unwrap_or_default()
                .to_owned()
        },
    };
    let rows = Remote::new(move || {
        let request = RenderRows {
            run: run.clone(),
            skip: skip.get(),
            count: COUNT,
        };
        api::runs::render_rows(slug.clone(), request)
    });
    let content = move || {
        rows.with(|state| match (&state.value, &state.error) {
            (_, Some(error)) => {
                let retry = Callback::new(move |()| rows.reload());
                view! { <ProblemView problem=error.problem() on_retry=retry /> }.into_any()
            }
            (None, None) => view! { <Skeleton /> }.into_any(),
            (Some(rows), None) if rows.is_empty() => {
                view! { <p class="note">"There are no more rows."</p> }.into_any()
            }
            (Some(rows), None) => {
                let rows = rows.iter().map(|one| row(one, names));
                rows.collect::<Vec<_>>().into_any()
            }
        })
    };
    view! {
        <p class="dialog__text">
            <mark class="token token--learned">"Marked"</mark>
            {meaning}
        </p>
        {content}
        <div class="dialog__actions">
            <Button
                disabled=Signal::derive(move || skip.get() == 0)
                on_press=move |()| skip.update(|skip| *skip = (*skip - COUNT).max(0))
            >
                "Earlier rows"
            </Button>
            <Button on_press=move |()| skip.update(|skip| *skip += COUNT)>"Further rows"</Button>
        </div>
    }
}

/// A row; where it has several texts, each with its name.
fn row(row: &RenderedRow, names: fn(usize) -> String) -> AnyView {
    let has_several = row.texts.len() > 1;
    let texts = row.texts.iter().enumerate().map(|(place, text)| {
        let name = has_several.then(|| view! { <p class="note">{names(place)}</p> });
        view! {
            {name}
            {rendered(text)}
        }
        .into_any()
    });
    let texts = texts.collect::<Vec<_>>();
    let further = (row.further_pieces > 0).then(|| {
        let text = format!("{} more pieces follow.", row.further_pieces);
        view! { <p class="note">{text}</p> }
    });
    view! {
        <section class="rendered">
            <h3 class="rendered__name">{format!("Row {}", row.position)}</h3>
            {texts}
            {further}
        </section>
    }
    .into_any()
}

fn rendered(text: &RenderedText) -> AnyView {
    let tokens = text.tokens.iter().map(|token| {
        let class = if token.learned {
            "token token--learned"
        } else {
            "token"
        };
        view! { <span class=class>{token.text.clone()}</span> }.into_any()
    });
    let tokens = tokens.collect::<Vec<_>>();
    let cut = (text.truncated > 0).then(|| {
        let text = format!("{} more tokens are cut off.", text.truncated);
        view! { <p class="note">{text}</p> }
    });
    view! {
        <pre class="rendered__text" tabindex="0">{tokens}</pre>
        {cut}
    }
    .into_any()
}
