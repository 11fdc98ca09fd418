//! Turns of a conversation as a form: added, removed, spoken by somebody else.

use leptos::prelude::*;
use serde_json::{Map, Value};
use shared::message::{Message, Speaker};

use crate::{
    components::{Button, ButtonKind, Choice, Icon, Select},
    lasting::lasting,
    words::material as words,
};

/// One turn that is being written. Copies share it.
#[derive(Clone, Copy, Debug)]
pub struct TurnDraft {
    id: u32,
    role: RwSignal<String>,
    content: RwSignal<String>,
    /// Further keys are kept as they are.
    other: StoredValue<Map<String, Value>>,
}

/// Turns that are being written. Copies share them.
#[derive(Clone, Copy, Debug)]
pub struct TurnsDraft {
    list: RwSignal<Vec<TurnDraft>>,
    next: StoredValue<u32>,
}

impl TurnsDraft {
    /// A form with these turns.
    #[must_use]
    pub fn new(messages: &[Message]) -> Self {
        let turns = Self {
            list: RwSignal::new(Vec::new()),
            next: StoredValue::new(0),
        };
        for message in messages {
            turns.push(message);
        }
        turns
    }

    fn push(self, message: &Message) {
        let id = self.next.get_value();
        self.next.set_value(id.wrapping_add(1));
        let turn = lasting(|| TurnDraft {
            id,
            role: RwSignal::new(message.role.to_string()),
            content: RwSignal::new(message.content.clone()),
            other: StoredValue::new(message.other.clone()),
        });
        self.list.update(|list| list.push(turn));
    }

    /// The turns as they are now.
    #[must_use]
    pub fn messages(self) -> Vec<Message> {
        let read = |turn: &TurnDraft| Message {
            role: turn
                .role
                .with_untracked(|role| role.parse().unwrap_or(Speaker::User)),
            content: turn.content.get_untracked(),
            other: turn.other.get_value(),
        };
        self.list
            .with_untracked(|list| list.iter().map(read).collect())
    }
}

/// The form of some turns under a heading.
#[must_use]
pub fn turn_list(title: &'static str, turns: TurnsDraft, usual: Speaker) -> AnyView {
    let add = move |()| turns.push(&Message::new(usual, String::new()));
    view! {
        <fieldset class="group">
            <legend class="field__label">{title}</legend>
            <For each=move || turns.list.get() key=|turn| turn.id let:turn>
                {turn_form(title, turns, turn)}
            </For>
            <Button kind=ButtonKind::Quiet icon=Icon::Add on_press=add>
                "Add a turn"
            </Button>
        </fieldset>
    }
    .into_any()
}

fn turn_form(title: &'static str, turns: TurnsDraft, turn: TurnDraft) -> AnyView {
    let speakers = Speaker::ALL
        .iter()
        .map(|each| Choice::new(each.to_string(), words::speaker(*each)));
    let remove = move |()| {
        turns
            .list
            .update(|list| list.retain(|each| each.id != turn.id));
    };
    view! {
        <div class="turn-form">
            <div class="line">
                <Select
                    label="Who speaks"
                    choices=speakers.collect()
                    value=turn.role
                    on_change=move |role| turn.role.set(role)
                    bare=true
                />
                <Button kind=ButtonKind::Quiet on_press=remove>
                    "Remove"
                </Button>
            </div>
            <textarea
                class="input input--area"
                aria-label=format!("{title}: text")
                rows="2"
                prop:value=turn.content
                on:input=move |event| turn.content.set(event_target_value(&event))
            ></textarea>
        </div>
    }
    .into_any()
}
