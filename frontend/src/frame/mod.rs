//! What surrounds every page of a signed-in person: the bar at the top, the rail at the left (at
//! the bottom on a phone), the palette, the keys of the page.
//!
//! # Adding a page to the rail
//! One line in [`rail`], once the page exists; its route is added in [`app`](crate::app).

pub mod account_menu;
pub mod activity;
pub mod activity_menu;
pub mod gate;
pub mod go_to;
pub mod keys_help;
pub mod palette;
pub mod palette_view;
pub mod project_frame;
pub mod projects;
pub mod rail;
pub mod top_bar;

use leptos::prelude::*;
use leptos_router::{components::Outlet, hooks::use_navigate};

pub use activity::{Activity, JobList};
pub use activity_menu::{CancelJob, JobBadge, JobEntry, JobProgress};
pub use gate::Gate;
pub use go_to::{GoTo, go_to, in_place};
pub use project_frame::{CurrentProject, ProjectFrame};
pub use projects::ProjectList;

use crate::{
    address::Address,
    components::{ToastStack, Toasts},
    keys::{Command, Commands, use_command},
};
use keys_help::KeysHelp;
use palette_view::PaletteDialog;
use rail::{Rail, everywhere};
pub use top_bar::Brand;
use top_bar::TopBar;

/// The frame, once somebody is signed in.
#[component]
pub fn Frame() -> impl IntoView {
    view! {
        <Gate>
            <SignedInFrame />
        </Gate>
    }
}

#[component]
fn SignedInFrame() -> impl IntoView {
    Toasts::provide();
    Commands::provide();
    ProjectList::provide();
    Activity::provide();
    let palette_open = RwSignal::new(false);
    let keys_open = RwSignal::new(false);
    global_commands(keys_open);
    view! {
        <a class="skip-link" href="#main">"Skip to the content"</a>
        <div class="frame">
            <TopBar palette_open />
            <Outlet />
        </div>
        <PaletteDialog open=palette_open />
        <KeysHelp open=keys_open />
        <ToastStack />
    }
}

/// The frame of pages that belong to no project.
#[component]
pub fn GlobalFrame() -> impl IntoView {
    let items = Signal::derive(everywhere);
    view! {
        <Rail label="Pages" items />
        <main class="frame__main" id="main" tabindex="-1">
            <Outlet />
        </main>
    }
}

/// What can be done on every page.
fn global_commands(keys_open: RwSignal<bool>) {
    let navigate = use_navigate();
    let go = move |address: Address| {
        let navigate = navigate.clone();
        move || {
            navigate(
                &address.to_string(),
                leptos_router::NavigateOptions::default(),
            );
        }
    };
    use_command(Command::new("Make a project", go(Address::NewProject)).global());
    use_command(Command::new("Make an API token", go(Address::Tokens)).global());
    use_command(
        Command::new("Show the keys of this page", move || keys_open.set(true))
            .key("?")
            .global(),
    );
}
