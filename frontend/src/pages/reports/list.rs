//! The reports of a project.

use leptos::prelude::*;
use shared::{account::Role, report::ReportSummary};

use crate::{
    address::{Address, Place},
    api,
    components::{
        Badge, ButtonKind, Cell, Column, EmptyState, Icon, LinkButton, PageHeader, Table, TimeAgo,
        Tone,
    },
    frame::CurrentProject,
    remote::{Loaded, Remote},
    words,
};

/// The list of reports.
#[component]
pub fn ReportsPage() -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    let reports = Remote::new({
        let slug = slug.clone();
        move || api::reports::list_reports(&slug)
    });
    let lead = Signal::derive(move || reports.get().map(|list| answer(&list)).unwrap_or_default());
    let new = Address::at(&slug, Place::NewReport).to_string();
    let action = move || {
        let href = new.clone();
        current.allows(Role::Engineer).then(|| {
            view! {
                <LinkButton kind=ButtonKind::Primary icon=Icon::Add href>
                    "New report"
                </LinkButton>
            }
        })
    };
    view! {
        <div class="page">
            <PageHeader title=Signal::stored("Reports".to_owned()) lead>
                {action}
            </PageHeader>
            <Loaded remote=reports let:list>
                {table(list, slug.clone())}
            </Loaded>
        </div>
    }
}

fn answer(list: &[ReportSummary]) -> String {
    match list.first() {
        None => "No candidate was compared yet.".to_owned(),
        Some(newest) => format!(
            "{}. The newest: {}",
            words::count(list.len(), "report", "reports"),
            newest.verdict
        ),
    }
}

fn table(list: Signal<Vec<ReportSummary>>, slug: String) -> AnyView {
    (move || {
        let list = list.get();
        if list.is_empty() {
            let text = "A report compares the evaluations of a candidate with those of a baseline and says whether every goal and guard was met.";
            return view! { <EmptyState title="No reports yet" text /> }.into_any();
        }
        let columns = vec![
            Column::text("Report"),
            Column::text("Verdict"),
            Column::text("Candidate and baseline"),
            Column::text("Made"),
        ];
        let rows = list.into_iter().map(|report| row(&slug, report));
        let rows = rows.collect_view();
        view! {
            <Table caption="Reports, newest first" columns>
                {rows}
            </Table>
        }
        .into_any()
    })
    .into_any()
}

fn row(slug: &str, report: ReportSummary) -> impl IntoView + use<> {
    let href = Address::at(slug, Place::Report(report.number)).to_string();
    let (tone, text) = if report.passed {
        (Tone::Positive, "Passed")
    } else {
        (Tone::Negative, "Not passed")
    };
    view! {
        <tr role="row">
            <Cell>
                <a class="table__main" href=href>
                    {report.name}
                </a>
                <span class="table__note">{format!("Report {}", report.number)}</span>
            </Cell>
            <Cell label="Verdict">
                <Badge tone text />
            </Cell>
            <Cell label="Candidate and baseline">
                <span class="table__main">{report.candidate_name}</span>
                <span class="table__note">{format!("against {}", report.baseline_name)}</span>
            </Cell>
            <Cell label="Made">
                <TimeAgo at=report.created_at />
            </Cell>
        </tr>
    }
}
