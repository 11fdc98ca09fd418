//! One queue: how far it is, what came of it, what waits for an engineer.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use shared::{account::Role, ids::QueueId, queue::Queue};

use super::{judgements::JudgementsTab, pairs::PairsTab, results::ResultsTab, words};
use crate::{
    address::{Address, Place},
    api,
    components::{ButtonKind, LinkButton, PageHeader, ProgressBar, SkeletonShape, Tab, Tabs},
    frame::{CurrentProject, go_to},
    remote::{Loaded, Remote},
};

/// The parts of the page, by their word in the address.
const TABS: [(&str, &str); 4] = [
    ("", "Results"),
    ("flagged", "Flagged"),
    ("pairs", "Pairs"),
    ("judgements", "Judgements"),
];

/// A queue, for engineers. Others are led to its pairs.
#[component]
pub fn QueuePage(
    /// The queue.
    id: QueueId,
) -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    if !untrack(|| current.allows(Role::Engineer)) {
        return go_to(&Address::at(slug, Place::Annotate(id)));
    }
    let queue = Remote::new({
        let slug = slug.clone();
        move || api::queues::get_queue(&slug, id)
    });
    let page = move |value: Signal<Queue>| content(queue, value, slug.clone());
    view! {
        <div class="page">
            <Loaded remote=queue shape=SkeletonShape::Page children=page />
        </div>
    }
    .into_any()
}

fn content(remote: Remote<Queue>, queue: Signal<Queue>, slug: String) -> AnyView {
    let id = queue.with_untracked(|queue| queue.id);
    let query = use_query_map();
    let tab = Memo::new(move |_| query.with(|query| query.get("tab").unwrap_or_default()));
    let own = Address::at(&slug, Place::Queue(id));
    let tabs = TABS.map(|(word, label)| Tab {
        label,
        href: own.clone().with("tab", word).to_string(),
        is_current: Signal::derive(move || tab.with(|tab| tab == word)),
    });
    let part = move || match tab.get().as_str() {
        "flagged" => view! { <PairsTab queue=remote id only_flagged=true /> }.into_any(),
        "pairs" => view! { <PairsTab queue=remote id only_flagged=false /> }.into_any(),
        "judgements" => view! { <JudgementsTab id /> }.into_any(),
        _ => view! { <ResultsTab queue=remote value=queue /> }.into_any(),
    };
    let title = Signal::derive(move || queue.with(|queue| queue.name.clone()));
    let lead = Signal::derive(move || words::progress(queue.with(|queue| queue.progress)));
    let share = Signal::derive(move || words::share(queue.with(|queue| queue.progress)));
    let annotate = Address::at(&slug, Place::Annotate(id)).to_string();
    view! {
        <PageHeader title lead>
            <LinkButton kind=ButtonKind::Primary href=annotate>"Annotate"</LinkButton>
        </PageHeader>
        <ProgressBar label="Judgements made" value=share />
        <Tabs label="Parts of the queue" tabs=tabs.to_vec() />
        {part}
    }
    .into_any()
}
