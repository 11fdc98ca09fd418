//! The keys of the page in view.

use leptos::prelude::*;

use crate::{
    browser,
    components::{Checkbox, Dialog, KeyHint},
    keys::{Command, Commands},
};

/// Lists the keys, and lets a person turn the single ones off.
#[component]
pub fn KeysHelp(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let commands = Commands::expect();
    let palette = if browser::is_mac() { "⌘ K" } else { "Ctrl K" };
    let is_enabled = commands.is_enabled();
    let row = |keys: String, label: String| {
        view! {
            <div class="keys-help__row">
                <dt><KeyHint keys /></dt>
                <dd>{label}</dd>
            </div>
        }
    };
    let rows = move || {
        let with_key = |command: Command| command.key.map(|key| row(key.to_owned(), command.label));
        commands
            .list()
            .into_iter()
            .filter_map(with_key)
            .collect_view()
    };
    view! {
        <Dialog open title="Keys of this page">
            <dl class="keys-help">
                {rows} {row(palette.to_owned(), "Go to a project, a page or an action".to_owned())}
                {row("Esc".to_owned(), "Close what is open".to_owned())}
            </dl>
            <Checkbox
                label="Single keys"
                help="Turn them off if a screen reader or speech input needs the letters."
                value=is_enabled
            />
        </Dialog>
    }
}
