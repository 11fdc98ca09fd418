//! The palette: any project, page or action by a few letters.

use leptos::{html, prelude::*};
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate},
};
use web_sys::KeyboardEvent;

use super::{
    palette::{EntryKind, rank},
    projects::ProjectList,
    rail::{everywhere, of_project},
};
use crate::{
    address::Address,
    components::{KeyHint, dialog::use_modal},
    keys::{Command, Commands},
};

/// Entries beyond these are found by typing more.
const SHOWN: usize = 12;

#[derive(Clone)]
enum Target {
    Address(Address),
    Command(Command),
}

#[derive(Clone)]
struct Entry {
    label: String,
    kind: EntryKind,
    target: Target,
}

/// What is typed, what fits, and which of it is chosen.
#[derive(Clone, Copy)]
struct Search {
    query: RwSignal<String>,
    chosen: RwSignal<usize>,
    fitting: Memo<Vec<Entry>>,
}

/// The dialog, opened by Ctrl K or Command K anywhere.
#[component]
pub fn PaletteDialog(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    let dialog = use_modal(open);
    let handle = window_event_listener(leptos::ev::keydown, move |event| {
        let is_palette = (event.ctrl_key() || event.meta_key()) && !event.shift_key();
        if is_palette && event.key().eq_ignore_ascii_case("k") {
            event.prevent_default();
            open.update(|open| *open = !*open);
        }
    });
    on_cleanup(move || handle.remove());
    let press_outside = move |event: web_sys::MouseEvent| {
        if event.target() == event.current_target() {
            open.set(false);
        }
    };
    view! {
        <dialog
            class="dialog palette"
            node_ref=dialog
            aria-label="Go to"
            on:close=move |_| open.set(false)
            on:click=press_outside
        >
            {move || open.get().then(|| view! { <Palette open /> })}
        </dialog>
    }
}

#[component]
fn Palette(open: RwSignal<bool>) -> impl IntoView {
    let search = use_search();
    let run = use_entry(open);
    let on_key = move |event: KeyboardEvent| {
        let count = search.fitting.with_untracked(Vec::len);
        let step = match event.key().as_str() {
            "ArrowDown" => 1,
            "ArrowUp" => count.saturating_sub(1),
            "Enter" => {
                event.prevent_default();
                let at = search.chosen.get_untracked();
                run(search.fitting.with_untracked(|all| all.get(at).cloned()));
                return;
            }
            _ => return,
        };
        event.prevent_default();
        search.chosen.update(|at| *at = (*at + step) % count.max(1));
    };
    let input = NodeRef::<html::Input>::new();
    input.on_load(|input| {
        request_animation_frame(move || {
            let _ = input.focus();
        });
    });
    let active = move || {
        let is_any = search.fitting.with(|all| !all.is_empty());
        is_any.then(|| option_id(search.chosen.get()))
    };
    view! {
        <input
            class="palette__input"
            node_ref=input
            type="text"
            role="combobox"
            placeholder="Go to a project, a page or an action"
            aria-label="Go to a project, a page or an action"
            aria-expanded="true"
            aria-controls="palette-options"
            aria-activedescendant=active
            autocomplete="off"
            spellcheck="false"
            prop:value=search.query
            on:input=move |event| search.query.set(event_target_value(&event))
            on:keydown=on_key
        />
        <Options search open />
    }
}

fn option_id(at: usize) -> String {
    format!("palette-option-{at}")
}

#[component]
fn Options(search: Search, open: RwSignal<bool>) -> impl IntoView {
    let run = use_entry(open);
    let option = move |(at, entry): (usize, Entry)| {
        let run = run.clone();
        let (label, kind) = (entry.label.clone(), entry.kind.label());
        let key = match &entry.target {
            Target::Command(command) => command.key,
            Target::Address(_) => None,
        };
        let is_chosen = move || search.chosen.get() == at;
        view! {
            <li
                class="palette__option"
                id=option_id(at)
                role="option"
                aria-selected=move || is_chosen().to_string()
                on:pointermove=move |_| search.chosen.set(at)
                on:click=move |_| run(Some(entry.clone()))
            >
                <span class="palette__label">{label}</span>
                {key.map(|keys| view! { <KeyHint keys /> })}
                <span class="palette__kind">{kind}</span>
            </li>
        }
    };
    let options = move || {
        let fitting = search.fitting.get();
        fitting
            .into_iter()
            .enumerate()
            .map(option.clone())
            .collect_view()
    };
    let nothing = move || {
        let is_empty = search.fitting.with(Vec::is_empty);
        is_empty.then(|| view! { <p class="palette__nothing">"Nothing fits these letters."</p> })
    };
    view! {
        <ul class="palette__options" id="palette-options" role="listbox" aria-label="Results">
            {options}
        </ul>
        <div role="status">{nothing}</div>
    }
}

fn use_search() -> Search {
    let query = RwSignal::new(String::new());
    let chosen = RwSignal::new(0);
    let commands = Commands::expect();
    let projects = ProjectList::expect();
    let path = use_location().pathname;
    let fitting = Memo::new_with_compare(
        move |_| {
            let slug = path.with(|path| Address::slug_of_path(path).map(str::to_owned));
            let entries = entries(commands, projects, slug.as_deref());
            let labels = entries.iter().map(|entry| entry.label.as_str());
            let order = query.with(|query| rank(query, labels));
            let found = order.into_iter().filter_map(|at| entries.get(at).cloned());
            found.take(SHOWN).collect::<Vec<_>>()
        },
        |_, _| true,
    );
    Effect::new(move |_| {
        query.track();
        chosen.set(0);
    });
    Search {
        query,
        chosen,
        fitting,
    }
}

fn entries(commands: Commands, projects: ProjectList, slug: Option<&str>) -> Vec<Entry> {
    let to = |kind| {
        move |label: String, address| Entry {
            label,
            kind,
            target: Target::Address(address),
        }
    };
    let (page, project) = (to(EntryKind::Page), to(EntryKind::Project));
    let actions = commands.list().into_iter().map(|command| Entry {
        label: command.label.clone(),
        kind: EntryKind::Action,
        target: Target::Command(command),
    });
    let own = slug
        .and_then(|slug| projects.find(slug))
        .map(|project| of_project(&project.slug, project.role))
        .unwrap_or_default();
    let pages = own.into_iter().chain(everywhere());
    let list = projects.remote().get().unwrap_or_default();
    let mut entries: Vec<Entry> = pages
        .map(|item| page(item.label.to_owned(), item.address))
        .chain(
            list.into_iter()
                .map(|known| project(known.name, Address::project(known.slug))),
        )
        .collect();
    entries.extend(actions);
    entries
}

/// Closes the palette and does what an entry stands for.
fn use_entry(open: RwSignal<bool>) -> impl Fn(Option<Entry>) + Clone + 'static {
    let navigate = use_navigate();
    move |entry| {
        let Some(entry) = entry else {
            return;
        };
        open.set(false);
        match entry.target {
            Target::Address(address) => navigate(&address.to_string(), NavigateOptions::default()),
            // After the dialog has closed, because the command may open another one.
            Target::Command(command) => request_animation_frame(move || command.run()),
        }
    }
}
