//! The keys of the page in view, and the actions that the palette offers: one list for both.
//!
//! # Adding a key to a page
//! ```text
//! use_command(Command::new("Add a member", move || dialog.open()).key("a"));
//! ```
//! It is there as long as the page is. A command without a key is in the palette only.

use std::sync::Arc;

use leptos::prelude::*;
use web_sys::{HtmlElement, KeyboardEvent};

use crate::browser;

/// Something a person can do on this page.
#[derive(Clone)]
pub struct Command {
    /// What it does, beginning with a verb.
    pub label: String,
    /// The key, as in `KeyboardEvent.key`; single letters without modifiers.
    pub key: Option<&'static str>,
    /// Whether the frame offers it on every page, so that the page's own come first.
    pub is_global: bool,
    /// Whether the page listens to the key itself, so that it is only told about.
    is_told_only: bool,
    run: Arc<dyn Fn() + Send + Sync>,
    id: u32,
}

impl std::fmt::Debug for Command {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Command")
            .field("label", &self.label)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl Command {
    /// A command of the page that makes it.
    pub fn new(label: impl Into<String>, run: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            label: label.into(),
            key: None,
            is_global: false,
            is_told_only: false,
            run: Arc::new(run),
            id: 0,
        }
    }

    /// Gives it a key.
    #[must_use]
    pub const fn key(mut self, key: &'static str) -> Self {
        self.key = Some(key);
        self
    }

    /// Tells about a key that the page listens to itself.
    #[must_use]
    pub const fn told(mut self, key: &'static str) -> Self {
        self.is_told_only = true;
        self.key(key)
    }

    /// Makes it one of the frame's.
    #[must_use]
    pub const fn global(mut self) -> Self {
        self.is_global = true;
        self
    }

    /// Does it.
    pub fn run(&self) {
        (self.run)();
    }
}

/// The commands in view, shared by context.
#[derive(Clone, Copy, Debug)]
pub struct Commands {
    list: RwSignal<Vec<Command>>,
    next: StoredValue<u32>,
    is_enabled: RwSignal<bool>,
}

/// The storage key of the choice to have no single keys.
const OFF_KEY: &str = "temper-single-keys-off";

impl Commands {
    /// Makes the list known to all below, and listens to the keyboard.
    pub fn provide() -> Self {
        let commands = Self {
            list: RwSignal::new(Vec::new()),
            next: StoredValue::new(0),
            is_enabled: RwSignal::new(browser::stored(OFF_KEY).is_none()),
        };
        provide_context(commands);
        let is_enabled = commands.is_enabled;
        Effect::new(move |_| browser::store(OFF_KEY, (!is_enabled.get()).then_some("1")));
        let handle = window_event_listener(leptos::ev::keydown, move |event| {
            commands.on_key(&event);
        });
        on_cleanup(move || handle.remove());
        commands
    }

    /// The list that [`Commands::provide`] made.
    #[must_use]
    pub fn expect() -> Self {
        expect_context()
    }

    /// The commands in view, the page's own first; tracks changes.
    #[must_use]
    pub fn list(self) -> Vec<Command> {
        let mut list = self.list.get();
        list.sort_by_key(|command| command.is_global);
        list
    }

    /// Whether single keys do anything, which speech input may not bear.
    #[must_use]
    pub const fn is_enabled(self) -> RwSignal<bool> {
        self.is_enabled
    }

    fn add(self, mut command: Command) -> u32 {
        let id = self.next.get_value();
        self.next.set_value(id.wrapping_add(1));
        command.id = id;
        self.list.update(|list| list.push(command));
        id
    }

    fn remove(self, id: u32) {
        self.list
            .try_update(|list| list.retain(|command| command.id != id));
    }

    fn on_key(self, event: &KeyboardEvent) {
        let has_modifier = event.ctrl_key() || event.meta_key() || event.alt_key();
        if has_modifier || event.repeat() || event.default_prevented() {
            return;
        }
        if !self.is_enabled.get_untracked() || is_typing(event) || browser::has_open_dialog() {
            return;
        }
        let key = event.key();
        let found = self.list.with_untracked(|list| {
            // The command that came last is the one of the innermost page.
            list.iter()
                .rev()
                .find(|command| !command.is_told_only && command.key == Some(key.as_str()))
                .cloned()
        });
        if let Some(command) = found {
            event.prevent_default();
            command.run();
        }
    }
}

/// Offers a command as long as the component that calls this is there.
pub fn use_command(command: Command) {
    let commands = Commands::expect();
    let id = commands.add(command);
    on_cleanup(move || commands.remove(id));
}

/// Whether a key goes into a field.
#[must_use]
pub fn is_typing(event: &KeyboardEvent) -> bool {
    use wasm_bindgen::JsCast;

    let target = event.target();
    let Some(element) = target.and_then(|target| target.dyn_into::<HtmlElement>().ok()) else {
        return false;
    };
    let name = element.tag_name();
    matches!(name.as_str(), "INPUT" | "TEXTAREA" | "SELECT") || element.is_content_editable()
}
