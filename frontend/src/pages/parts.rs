//! The parts that the build splits from the program; see
//! [`project_page`](super::project_page) for how they are found and fetched.

use leptos::{prelude::*, wasm_split::wasm_split};

use super::{
    annotate::AnnotatePage,
    data::{DataPage, DatasetPage, ImportPage, ImportReportPage, VersionPage},
    evaluations::{EvaluationPage, EvaluationsPage, NewEvaluationPage},
    models::{ChatPage, ModelPage, ModelsPage},
    not_found::NotFoundPage,
    prompts::{PromptPage, PromptsPage},
    queues::{QueuePage, QueuesPage},
    reports::{NewReportPage, ReportPage, ReportsPage},
    runs::{CompareRunsPage, NewRunPage, RunPage, RunsPage},
    settings::SettingsPage,
    spec::{CompareSpecPage, EditSpecPage, SpecPage},
    suites::{NewSuitePage, SuitePage, SuitesPage},
};
use crate::{address::Place, api::ApiError};

/// Draws a page of a part. For a page of another one it says that there is none, which
/// [`Part::of`](super::project_page) keeps from happening.
#[derive(Clone, Copy)]
pub(super) struct Draw(fn(Place) -> AnyView);

impl Draw {
    pub(super) fn page(self, place: Place) -> AnyView {
        (self.0)(place)
    }
}

impl PartialEq for Draw {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::fn_addr_eq(self.0, other.0)
    }
}

#[wasm_split(groundwork, wasm_split_path = leptos::wasm_split, fallible)]
pub(super) fn groundwork() -> Result<Draw, ApiError> {
    Ok(Draw(|place| match place {
        Place::Spec => view! { <SpecPage /> }.into_any(),
        Place::EditSpec => view! { <EditSpecPage /> }.into_any(),
        Place::CompareSpec => view! { <CompareSpecPage /> }.into_any(),
        Place::Data => view! { <DataPage /> }.into_any(),
        Place::Import => view! { <ImportPage /> }.into_any(),
        Place::Dataset(id) => view! { <DatasetPage id /> }.into_any(),
        Place::ImportReport(dataset, import) => {
            view! { <ImportReportPage dataset import /> }.into_any()
        }
        Place::DatasetVersion(dataset, number) => {
            view! { <VersionPage dataset number /> }.into_any()
        }
        Place::Suites => view! { <SuitesPage /> }.into_any(),
        Place::NewSuite => view! { <NewSuitePage /> }.into_any(),
        Place::Suite(id) => view! { <SuitePage id /> }.into_any(),
        Place::Prompts => view! { <PromptsPage /> }.into_any(),
        Place::Prompt(id) => view! { <PromptPage id /> }.into_any(),
        Place::Settings => view! { <SettingsPage /> }.into_any(),
        _ => view! { <NotFoundPage /> }.into_any(),
    }))
}

#[wasm_split(queues, wasm_split_path = leptos::wasm_split, fallible)]
pub(super) fn queues() -> Result<Draw, ApiError> {
    Ok(Draw(|place| match place {
        Place::Queues => view! { <QueuesPage /> }.into_any(),
        Place::Queue(id) => view! { <QueuePage id /> }.into_any(),
        Place::Annotate(id) => view! { <AnnotatePage id /> }.into_any(),
        _ => view! { <NotFoundPage /> }.into_any(),
    }))
}

#[wasm_split(runs, wasm_split_path = leptos::wasm_split, fallible)]
pub(super) fn runs() -> Result<Draw, ApiError> {
    Ok(Draw(|place| match place {
        Place::Runs => view! { <RunsPage /> }.into_any(),
        Place::NewRun => view! { <NewRunPage /> }.into_any(),
        Place::CompareRuns => view! { <CompareRunsPage /> }.into_any(),
        Place::Run(number) => view! { <RunPage number /> }.into_any(),
        _ => view! { <NotFoundPage /> }.into_any(),
    }))
}

#[wasm_split(results, wasm_split_path = leptos::wasm_split, fallible)]
pub(super) fn results() -> Result<Draw, ApiError> {
    Ok(Draw(|place| match place {
        Place::Evaluations => view! { <EvaluationsPage /> }.into_any(),
        Place::NewEvaluation => view! { <NewEvaluationPage /> }.into_any(),
        Place::Evaluation(number) => view! { <EvaluationPage number /> }.into_any(),
        Place::Reports => view! { <ReportsPage /> }.into_any(),
        Place::NewReport => view! { <NewReportPage /> }.into_any(),
        Place::Report(number) => view! { <ReportPage number /> }.into_any(),
        Place::Models => view! { <ModelsPage /> }.into_any(),
        Place::Model(id) => view! { <ModelPage id /> }.into_any(),
        Place::Chat(id) => view! { <ChatPage id /> }.into_any(),
        _ => view! { <NotFoundPage /> }.into_any(),
    }))
}
