//! One dataset: its draft, its versions, its imports.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use shared::{
    account::Role,
    dataset::{Dataset, RowCounts},
    ids::DatasetId,
};

use super::{
    cut::CutVersion, draft::DraftTab, imports::ImportsTab, list::state_of, versions::VersionsTab,
};
use crate::{
    address::{Address, Place},
    api,
    components::{Button, ButtonKind, Icon, LinkButton, PageHeader, SkeletonShape, Tab, Tabs},
    frame::CurrentProject,
    keys::{Command, use_command},
    remote::{Loaded, Remote},
    words::material as words,
};

/// What the parts of the page share.
#[derive(Clone, Copy, Debug)]
pub struct DatasetState {
    /// Which one.
    pub id: DatasetId,
    /// The dataset.
    pub dataset: Remote<Dataset>,
    /// What its draft holds.
    pub counts: Remote<RowCounts>,
}

impl DatasetState {
    /// Reads again what a change of the draft has changed.
    pub fn changed(self) {
        self.dataset.reload();
        self.counts.reload();
    }
}

const TABS: [(&str, &str); 3] = [
    ("", "Draft"),
    ("versions", "Versions"),
    ("imports", "Imports"),
];

/// The page of one dataset.
#[component]
pub fn DatasetPage(
    /// Which one.
    id: DatasetId,
) -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    let dataset = Remote::new({
        let slug = slug.clone();
        move || api::datasets::get_dataset(&slug, id)
    });
    let counts = Remote::new({
        let slug = slug.clone();
        move || api::datasets::count_draft(&slug, id)
    });
    let state = DatasetState {
        id,
        dataset,
        counts,
    };
    let cutting = RwSignal::new(false);
    let may_write = untrack(|| current.allows(Role::Engineer));
    if may_write {
        use_command(Command::new("Cut a version", move || cutting.set(true)).key("v"));
    }
    let title = Signal::derive(move || {
        dataset.with(|state| {
            state
                .value
                .as_ref()
                .map(|d| d.name.clone())
                .unwrap_or_default()
        })
    });
    let lead = Signal::derive(move || dataset.get().map(|d| answer(&d)).unwrap_or_default());
    let import = Address::at(&slug, Place::Import)
        .with("dataset", id)
        .to_string();
    let actions = may_write.then(|| {
        view! {
            <LinkButton icon=Icon::Upload href=import>
                "Import a file"
            </LinkButton>
            <Button kind=ButtonKind::Primary on_press=move |()| cutting.set(true)>
                "Cut a version"
            </Button>
        }
    });
    let query = use_query_map();
    let tab = Memo::new(move |_| query.with(|query| query.get("tab").unwrap_or_default()));
    let tabs = TABS.map(|(word, label)| Tab {
        label,
        href: Address::at(&slug, Place::Dataset(id))
            .with("tab", word)
            .to_string(),
        is_current: Signal::derive(move || tab.with(|tab| tab == word)),
    });
    let content = move || match tab.get().as_str() {
        "versions" => view! { <VersionsTab id /> }.into_any(),
        "imports" => view! { <ImportsTab id /> }.into_any(),
        _ => view! { <DraftTab state /> }.into_any(),
    };
    view! {
        <div class="page">
            <PageHeader title lead>
                {actions}
            </PageHeader>
            <Loaded remote=dataset shape=SkeletonShape::Text let:value>
                {move || {
                    let text = value.with(|dataset| dataset.description.clone());
                    (!text.is_empty()).then(|| view! { <p class="prose">{text}</p> })
                }}
            </Loaded>
            <Tabs label="Dataset" tabs=tabs.to_vec() />
            {content}
        </div>
        <CutVersion open=cutting state />
    }
}

fn answer(dataset: &Dataset) -> String {
    let rows = words::rows(dataset.draft_row_count);
    match dataset.latest_version {
        None => format!("{rows} in the draft. Cut a version, and a run can learn from it."),
        Some(_) => format!("{rows} in the draft. {}.", state_of(dataset).1),
    }
}
