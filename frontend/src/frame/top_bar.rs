//! The bar at the top: which project, finding anything, what is running, who is signed in.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::{account_menu::AccountMenu, activity_menu::ActivityMenu, projects::ProjectList};
use crate::{
    address::Address,
    browser,
    components::{Icon, IconView, KeyHint, Menu},
};

/// The bar.
#[component]
pub fn TopBar(
    /// Opens the palette.
    palette_open: RwSignal<bool>,
) -> impl IntoView {
    let keys = if browser::is_mac() { "⌘ K" } else { "Ctrl K" };
    view! {
        <header class="top-bar">
            <a class="top-bar__brand" href=Address::Projects.to_string()>
                <Brand />
            </a>
            <ProjectSwitcher />
            <button
                class="top-bar__search"
                type="button"
                aria-haspopup="dialog"
                on:click=move |_| palette_open.set(true)
            >
                <IconView icon=Icon::Search />
                <span class="visually-hidden">"Palette: "</span>
                <span class="top-bar__search-text">"Go to"</span>
                <span class="top-bar__search-keys" aria-hidden="true">
                    <KeyHint keys />
                </span>
            </button>
            <ActivityMenu />
            <AccountMenu />
        </header>
    }
}

/// The mark and the name.
#[component]
pub fn Brand() -> impl IntoView {
    view! {
        <svg class="brand__mark" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
            <rect class="brand__straw" x="2" y="3" width="16" height="3.2" rx="1" />
            <rect class="brand__bronze" x="5" y="7" width="10" height="3.2" rx="1" />
            <rect class="brand__violet" x="7.5" y="11" width="5" height="3.2" rx="1" />
            <rect class="brand__blue" x="7.5" y="15" width="5" height="3.2" rx="1" />
        </svg>
        <span class="brand__name">"Temper"</span>
    }
}

#[component]
fn ProjectSwitcher() -> impl IntoView {
    let open = RwSignal::new(false);
    let projects = ProjectList::expect();
    let path = use_location().pathname;
    let slug = Memo::new(move |_| path.with(|path| Address::slug_of_path(path).map(str::to_owned)));
    let name = move || {
        let current = slug.get().and_then(|slug| projects.find(&slug));
        current.map_or_else(|| "Choose a project".to_owned(), |project| project.name)
    };
    let button = move || {
        view! {
            <span class="top-bar__project">{name}</span>
            <IconView icon=Icon::Down />
        }
    };
    let links = move || {
        let list = projects.remote().get().unwrap_or_default();
        let link = move |project: shared::project::Project| {
            let href = Address::project(&project.slug).to_string();
            let is_current = slug.get().as_deref() == Some(project.slug.as_str());
            view! {
                <li>
                    <a class="menu__item" href=href aria-current=is_current.then_some("true")>
                        <span class="menu__text">{project.name}</span>
                        {is_current.then(|| view! { <IconView icon=Icon::Done /> })}
                    </a>
                </li>
            }
        };
        list.into_iter().map(link).collect_view()
    };
    view! {
        <Menu label="Project" open button>
            <ul class="menu__list">{links}</ul>
            <ul class="menu__list">
                <li>
                    <a class="menu__item" href=Address::Projects.to_string()>
                        <IconView icon=Icon::Projects />
                        "All projects"
                    </a>
                </li>
                <li>
                    <a class="menu__item" href=Address::NewProject.to_string()>
                        <IconView icon=Icon::Add />
                        "New project"
                    </a>
                </li>
            </ul>
        </Menu>
    }
}
