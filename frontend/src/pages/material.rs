//! The pages of spec, data, suites and prompts, found by their [`Place`].
//!
//! One route leads here, because every route of its own costs the whole router once more.
//!
//! # Adding a page
//! A variant of [`Place`] with its path, and its line below.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::{
    data::{DataPage, DatasetPage, ImportPage, ImportReportPage, VersionPage},
    prompts::{PromptPage, PromptsPage},
    spec::{CompareSpecPage, EditSpecPage, SpecPage},
    suites::{NewSuitePage, SuitePage, SuitesPage},
    work::WorkPage,
};
use crate::address::Place;

/// The page at the rest of the address.
#[component]
pub fn MaterialPages() -> impl IntoView {
    let params = use_params_map();
    let place = Memo::new(move |_| {
        let rest = params.with(|params| params.get("rest"));
        rest.and_then(|rest| Place::from_path(&rest))
    });
    move || match place.get() {
        Some(Place::Spec) => view! { <SpecPage /> }.into_any(),
        Some(Place::EditSpec) => view! { <EditSpecPage /> }.into_any(),
        Some(Place::CompareSpec) => view! { <CompareSpecPage /> }.into_any(),
        Some(Place::Data) => view! { <DataPage /> }.into_any(),
        Some(Place::Import) => view! { <ImportPage /> }.into_any(),
        Some(Place::Dataset(id)) => view! { <DatasetPage id /> }.into_any(),
        Some(Place::ImportReport(dataset, import)) => {
            view! { <ImportReportPage dataset import /> }.into_any()
        }
        Some(Place::DatasetVersion(dataset, number)) => {
            view! { <VersionPage dataset number /> }.into_any()
        }
        Some(Place::Suites) => view! { <SuitesPage /> }.into_any(),
        Some(Place::NewSuite) => view! { <NewSuitePage /> }.into_any(),
        Some(Place::Suite(id)) => view! { <SuitePage id /> }.into_any(),
        Some(Place::Prompts) => view! { <PromptsPage /> }.into_any(),
        Some(Place::Prompt(id)) => view! { <PromptPage id /> }.into_any(),
        // Queues and runs have their own list of pages.
        None => view! { <WorkPage /> }.into_any(),
    }
}
