//! Finds the page of a path below a project's: queues and runs.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::{
    annotate::AnnotatePage,
    not_found::NotFoundPage,
    queues::{QueuePage, QueuesPage},
    runs::{NewRunPage, RunPage, RunsPage},
};
use crate::address::Work;

/// The page at the rest of the address.
#[component]
pub fn WorkPage() -> impl IntoView {
    let params = use_params_map();
    let work = Memo::new(move |_| {
        params.with(|params| Work::from_path(params.get_str("rest").unwrap_or_default()))
    });
    move || match work.get() {
        Some(Work::Queues) => view! { <QueuesPage /> }.into_any(),
        Some(Work::Queue(id)) => view! { <QueuePage id /> }.into_any(),
        Some(Work::Annotate(id)) => view! { <AnnotatePage id /> }.into_any(),
        Some(Work::Runs) => view! { <RunsPage /> }.into_any(),
        Some(Work::NewRun) => view! { <NewRunPage /> }.into_any(),
        Some(Work::Run(number)) => view! { <RunPage number /> }.into_any(),
        None => view! { <NotFoundPage /> }.into_any(),
    }
}
