//! The runs of a project.

use std::time::Duration;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use shared::{
    account::Role,
    job::JobState,
    page::{DEFAULT_PAGE_SIZE, Page},
    run::RunSummary,
};

use super::{compare::ticks::Ticks, words};
use crate::{
    address::{Address, Place},
    api, browser,
    components::{
        Align, Badge, ButtonKind, Cell, Column, EmptyState, Icon, LinkButton, PageHeader, Pager,
        ProgressBar, Table, TimeAgo, chart::short, row_key,
    },
    frame::CurrentProject,
    remote::{Loaded, Remote},
    words::{count, job_state, job_tone},
};

/// How often to look while a run goes.
const LOOK: Duration = Duration::from_secs(4);

/// The list.
#[component]
pub fn RunsPage() -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    let query = use_query_map();
    let after = Memo::new(move |_| query.with(|query| query.get("after")));
    let runs = Remote::new({
        let slug = slug.clone();
        move || after.with(|after| api::runs::list_runs(&slug, after.as_deref(), DEFAULT_PAGE_SIZE))
    });
    let look = move || {
        let goes_on = runs.with(|state| state.value.as_ref().is_some_and(|page| open(page) > 0));
        if goes_on && browser::is_visible() {
            runs.reload();
        }
    };
    if let Ok(interval) = set_interval_with_handle(move || untrack(look), LOOK) {
        on_cleanup(move || interval.clear());
    }
    let title = Signal::stored("Runs".to_owned());
    let lead = Signal::derive(move || runs.get().map(|page| answer(&page)).unwrap_or_default());
    let may_start = untrack(|| current.allows(Role::Engineer));
    let new = Address::at(&slug, Place::NewRun).to_string();
    let start = may_start.then(|| {
        view! {
            <LinkButton kind=ButtonKind::Primary icon=Icon::Add href=new>"New run"</LinkButton>
        }
    });
    view! {
        <div class="page">
            <PageHeader title lead>
                {start}
            </PageHeader>
            <Loaded remote=runs let:page>
                {list(page, after)}
            </Loaded>
        </div>
    }
}

fn open(page: &Page<RunSummary>) -> usize {
    let goes_on = |run: &&RunSummary| run.state.is_open();
    page.items.iter().filter(goes_on).count()
}

/// The first line: what goes on.
fn answer(page: &Page<RunSummary>) -> String {
    match (page.items.len(), open(page)) {
        (0, _) => "Nothing was taught yet.".to_owned(),
        (_, 0) => "No run is going on.".to_owned(),
        (_, open) => format!("{} waiting or going on.", count(open, "run is", "runs are")),
    }
}

fn list(page: Signal<Page<RunSummary>>, after: Memo<Option<String>>) -> AnyView {
    let ticks = Ticks::of_address();
    let is_empty = Memo::new(move |_| page.with(|page| page.items.is_empty()));
    let content = move || {
        if is_empty.get() {
            let text = "A run teaches a base model what a dataset version shows, and makes a new model version. Cut a dataset version first, then start one with New run.";
            return view! { <EmptyState title="No runs yet" text /> }.into_any();
        }
        table(page, after, ticks)
    };
    content.into_any()
}

fn table(page: Signal<Page<RunSummary>>, after: Memo<Option<String>>, ticks: Ticks) -> AnyView {
    let slug = CurrentProject::expect().slug();
    let columns = vec![
        Column::text("Compare"),
        Column::text("Run"),
        Column::text("State"),
        Column::number("Step"),
        Column::number("Loss"),
        Column::number("Validation loss"),
        Column::text("Asked for"),
    ];
    let own = Address::at(&slug, Place::Runs);
    let pager = move || {
        let own = own.clone();
        let at = |after: String| {
            let page = own
                .clone()
                .with("after", after)
                .with("ticked", ticks.word());
            page.to_string()
        };
        let first = after.get().is_some().then(|| at(String::new()));
        let next = page.with(|page| page.next.clone()).map(at);
        view! { <Pager label="Pages of the runs" first next_label="Older" next /> }
    };
    let runs = move || page.with(|page| page.items.clone());
    view! {
        {ticks.bar()}
        <Table caption="Runs, newest first" columns>
            // A row that did not change stays, and with it the focus on its box.
            <For each=runs key=row_key let:run>
                {row(&slug, run, ticks)}
            </For>
        </Table>
        {pager}
    }
    .into_any()
}

fn row(slug: &str, run: RunSummary, ticks: Ticks) -> AnyView {
    let href = Address::at(slug, Place::Run(run.number)).to_string();
    let steps = run.total_steps.map_or_else(
        || run.step.to_string(),
        |total| format!("{} of {total}", run.step),
    );
    let loss = run.loss.map(short).unwrap_or_default();
    let validation = run.best_validation_loss.or(run.validation_loss);
    let validation = validation.map(short).unwrap_or_default();
    let bar = (run.state == JobState::Running).then(|| {
        let label = format!("Run {}", run.number);
        view! { <ProgressBar label value=Signal::stored(run.progress) /> }
    });
    let note = format!("{} ({})", words::method(run.method), run.method);
    view! {
        <tr role="row">
            <Cell label="Compare">{ticks.tick_box(run.number)}</Cell>
            <Cell>
                <a class="table__main" href=href>{format!("{} {}", run.number, run.name)}</a>
                <span class="table__note">{note}</span>
            </Cell>
            <Cell label="State">
                <Badge tone=job_tone(run.state) text=job_state(run.state) />
                {bar}
            </Cell>
            <Cell label="Step" align=Align::End>{steps}</Cell>
            <Cell label="Loss" align=Align::End>{loss}</Cell>
            <Cell label="Validation" align=Align::End>{validation}</Cell>
            <Cell label="Asked for">
                <TimeAgo at=run.created_at />
            </Cell>
        </tr>
    }
    .into_any()
}
