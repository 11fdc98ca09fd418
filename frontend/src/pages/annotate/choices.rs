//! The verdicts, each with its key.

use leptos::prelude::*;
use shared::queue::ShownChoice;

use super::{desk::Desk, keys::key_of, words};
use crate::components::KeyHint;

/// A button for each verdict, in reach wherever the page is scrolled to.
#[component]
pub fn Choices(
    /// The desk.
    desk: Desk,
) -> impl IntoView {
    // For fingers, which hold no Shift.
    let strongly = RwSignal::new(false);
    Effect::new(move |_| {
        desk.shown.track();
        strongly.set(false);
    });
    let can_undo = Memo::new(move |_| desk.can_undo());
    view! {
        <div class="choices" role="group" aria-label="Your verdict">
            {button(desk, ShownChoice::Left, strongly)}
            <div class="choices__middle">
                {button(desk, ShownChoice::Tie, strongly)}
                {button(desk, ShownChoice::BothBad, strongly)}
                {button(desk, ShownChoice::Skip, strongly)}
                {button(desk, ShownChoice::Flag, strongly)}
                <button
                    class="choice choice--undo"
                    type="button"
                    disabled=move || !can_undo.get()
                    on:click=move |_| desk.undo()
                >
                    <span class="choice__name">"Undo"</span>
                    <KeyHint keys="U" />
                </button>
            </div>
            {button(desk, ShownChoice::Right, strongly)}
            <button
                class="choices__strongly"
                type="button"
                aria-pressed=move || strongly.get().to_string()
                on:click=move |_| strongly.update(|strongly| *strongly = !*strongly)
            >
                "By far"
            </button>
        </div>
    }
}

fn button(desk: Desk, choice: ShownChoice, by_far: RwSignal<bool>) -> AnyView {
    let is_side = matches!(choice, ShownChoice::Left | ShownChoice::Right);
    let class = match choice {
        ShownChoice::Left => "choice choice--left",
        ShownChoice::Right => "choice choice--right",
        _ => "choice",
    };
    let chosen = Memo::new(move |_| {
        let chosen = desk.chosen.get().filter(|chosen| chosen.choice == choice);
        chosen.map(|chosen| if chosen.strongly { "strongly" } else { "yes" })
    });
    let press = move |event: web_sys::MouseEvent| {
        let strongly = is_side && (event.shift_key() || by_far.get_untracked());
        desk.judge(choice, strongly);
    };
    view! {
        <button
            class=class
            type="button"
            title=words::help(choice)
            data-chosen=chosen
            on:click=press
        >
            <span class="choice__name">{words::choice(choice)}</span>
            <KeyHint keys=key_of(choice) />
        </button>
    }
    .into_any()
}
