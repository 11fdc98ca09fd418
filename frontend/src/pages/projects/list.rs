//! The projects of the person who is signed in.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::project::Project;

use crate::{
    address::Address,
    components::{Badge, ButtonKind, EmptyState, Icon, LinkButton, PageHeader, TimeAgo},
    frame::{ProjectList, go_to},
    keys::{Command, use_command},
    remote::Loaded,
    words,
};

/// The start: leads to the only project, or to the list.
#[component]
pub fn StartPage() -> impl IntoView {
    let projects = ProjectList::expect();
    let lead_on = move |list: Signal<Vec<Project>>| match untrack(|| list.get()).as_slice() {
        [only] => go_to(&Address::project(&only.slug)),
        _ => go_to(&Address::Projects),
    };
    view! { <Loaded remote=projects.remote() children=lead_on /> }
}

/// The list of projects.
#[component]
pub fn ProjectsPage() -> impl IntoView {
    let projects = ProjectList::expect();
    let navigate = use_navigate();
    use_command(
        Command::new("New project", move || {
            navigate(&Address::NewProject.to_string(), NavigateOptions::default());
        })
        .key("n"),
    );
    let title = Signal::stored("Projects".to_owned());
    let lead = Signal::derive(move || {
        let count = projects.remote().get().map(|list| list.len());
        count.map_or_else(String::new, |count| match count {
            0 => "You are in no project yet.".to_owned(),
            count => format!("You are in {}.", words::count(count, "project", "projects")),
        })
    });
    view! {
        <div class="page">
            <PageHeader title lead>
                <LinkButton
                    kind=ButtonKind::Primary
                    icon=Icon::Add
                    href=Address::NewProject.to_string()
                >
                    "New project"
                </LinkButton>
            </PageHeader>
            <Loaded remote=projects.remote() let:list>
                <Cards list />
            </Loaded>
        </div>
    }
}

#[component]
fn Cards(list: Signal<Vec<Project>>) -> impl IntoView {
    let is_empty = Memo::new(move |_| list.with(Vec::is_empty));
    let empty = move || {
        is_empty.get().then(|| {
            view! {
                <EmptyState
                    title="No projects yet"
                    text="A project teaches one behaviour to one model: from its spec and data to the version that serves it."
                >
                    <LinkButton href=Address::NewProject.to_string()>"Make the first one"</LinkButton>
                </EmptyState>
            }
        })
    };
    view! {
        {empty}
        <ul class="project-list">
            <For each=move || list.get() key=|project| project.clone().slug + &project.name let:project>
                {card(project)}
            </For>
        </ul>
    }
}

fn card(project: Project) -> impl IntoView {
    let description = if project.description.is_empty() {
        "No description yet.".to_owned()
    } else {
        project.description
    };
    view! {
        <li class="project-list__item">
            <a class="project-list__link" href=Address::project(&project.slug).to_string()>
                {project.name}
            </a>
            <p class="project-list__description">{description}</p>
            <p class="project-list__meta">
                <Badge text=words::role(project.role) />
                <span>"Made " <TimeAgo at=project.created_at /></span>
            </p>
        </li>
    }
}
