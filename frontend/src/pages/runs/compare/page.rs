//! The page that lays runs over each other.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use shared::run::Run;

use super::{
    super::{sources::Sources, words},
    chosen::Chosen,
    overlay::{Overlay, overlays},
    read::{Compared, Told, read},
    results, settings,
    table::table,
    verdict::{answer, caution, going_on, left_out},
};
use crate::{
    address::{Address, Place},
    components::{
        Button, EmptyState, Icon, LinkButton, Notice, NoticeKind, PageHeader, SkeletonShape,
        Swatch, chart::Chart,
    },
    frame::CurrentProject,
    remote::{Loaded, Remote},
};

/// The page; which runs is in the address.
#[component]
pub fn CompareRunsPage() -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let query = use_query_map();
    let chosen = Memo::new(move |_| {
        query.with(|query| Chosen::from_text(query.get_str("runs").unwrap_or_default()))
    });
    let compared = Remote::new({
        let slug = slug.clone();
        move || read(slug.clone(), chosen.get())
    });
    let lead = Signal::derive(move || compared.get().map(|c| lead(&c)).unwrap_or_default());
    let others = Signal::derive(move || {
        let ticked = chosen.get();
        Address::at(&slug, Place::Runs)
            .with("ticked", ticked)
            .to_string()
    });
    let choose = move || view! { <LinkButton href=others.get()>"Choose other runs"</LinkButton> };
    let content = move |value: Signal<Compared>| {
        move || {
            let value = value.get();
            let notices = notices(&value, compared);
            if value.runs.len() < 2 {
                return view! {
                    {notices}
                    {too_few(others.get_untracked())}
                }
                .into_any();
            }
            view! {
                {notices}
                {side_by_side(&value)}
            }
            .into_any()
        }
    };
    view! {
        <div class="page page--wide">
            <PageHeader title=Signal::stored("Compare runs".to_owned()) lead>
                {choose}
            </PageHeader>
            <Loaded remote=compared shape=SkeletonShape::Page children=content />
        </div>
    }
}

fn asked(runs: &[Told]) -> Vec<&Run> {
    runs.iter().map(|told| &told.run).collect()
}

fn lead(compared: &Compared) -> String {
    let Compared { runs, sources, .. } = compared;
    if runs.len() < 2 {
        return "There is nothing to compare yet.".to_owned();
    }
    answer(runs, settings::differing(&asked(runs), sources).len())
}

fn too_few(href: String) -> AnyView {
    let text = "A comparison lays the curves of runs over each other and shows only the settings that differ. Tick two runs or more in the list of runs.";
    view! {
        <EmptyState title="Two runs are needed" text>
            <LinkButton icon=Icon::Run href>"To the list of runs"</LinkButton>
        </EmptyState>
    }
    .into_any()
}

/// What of the address is not shown, and what may be out of date.
fn notices(compared: &Compared, remote: Remote<Compared>) -> AnyView {
    let left_out = left_out(compared).into_iter();
    let left_out =
        left_out.map(|text| view! { <Notice kind=NoticeKind::Warning text /> }.into_any());
    let left_out: Vec<AnyView> = left_out.collect();
    let going_on = going_on(&compared.runs).map(|text| {
        view! {
            <div class="line">
                <Notice text />
                <Button icon=Icon::Retry on_press=move |()| remote.reload()>"Read again"</Button>
            </div>
        }
    });
    view! {
        {left_out}
        {going_on}
    }
    .into_any()
}

fn side_by_side(compared: &Compared) -> AnyView {
    let Compared { runs, sources, .. } = compared;
    let caution = caution(&asked(runs)).map(|text| view! { <Notice text /> });
    let charts: Vec<AnyView> = overlays(runs).into_iter().map(chart).collect();
    view! {
        {legend(runs)}
        {caution}
        <div class="compare__curves">{charts}</div>
        {tables(runs, sources)}
    }
    .into_any()
}

fn tables(runs: &[Told], sources: &Sources) -> AnyView {
    let results = results::rows(runs, sources);
    table(runs, results, settings::differing(&asked(runs), sources))
}

fn chart(overlay: Overlay) -> AnyView {
    let Overlay { title, plot } = overlay;
    view! { <Chart title x_name="step" plot=Signal::stored(plot) small=true /> }.into_any()
}

/// Which line is which run.
fn legend(runs: &[Told]) -> AnyView {
    let slug = CurrentProject::expect().slug();
    let one = |(at, told): (usize, &Told)| {
        let summary = &told.run.summary;
        let href = Address::at(&slug, Place::Run(summary.number)).to_string();
        view! {
            <li class="compare__key">
                <Swatch at />
                <span>
                    <a href=href>{format!("{} {}", summary.number, summary.name)}</a>
                    " "
                    <span class="note">{words::method(summary.method)}</span>
                </span>
            </li>
        }
        .into_any()
    };
    let keys: Vec<AnyView> = runs.iter().enumerate().map(one).collect();
    view! { <ul class="compare__legend" aria-label="Which line is which run">{keys}</ul> }
        .into_any()
}
