//! One report, as the server wrote it, with what can be done about it.

use leptos::prelude::*;
use shared::{account::Role, report::ReportSummary};

use super::share::ShareDialog;
use crate::{
    address::{Address, Place},
    api,
    components::{Button, ButtonKind, LinkButton, page_header::use_title},
    frame::CurrentProject,
    pages::models::promote::Promote,
    remote::{Loaded, Remote},
};

/// A report.
#[component]
pub fn ReportPage(
    /// Its number in the project.
    number: i64,
) -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    let page = Remote::new({
        let slug = slug.clone();
        move || api::reports::get_report_page(&slug, number)
    });
    // For the actions only: the page says everything that is read.
    let reports = Remote::new({
        let slug = slug.clone();
        move || api::reports::list_reports(&slug)
    });
    let summary = Memo::new(move |_| {
        let mut list = reports.get()?.into_iter();
        list.find(|report| report.number == number)
    });
    use_title(Signal::derive(move || {
        summary.with(|summary| {
            summary
                .as_ref()
                .map_or_else(|| "Report".to_owned(), |report| report.name.clone())
        })
    }));
    let back = Address::at(&slug, Place::Reports).to_string();
    view! {
        <div class="page">
            <div class="report-actions">
                <LinkButton kind=ButtonKind::Quiet href=back>"All reports"</LinkButton>
                {move || summary.get().map(|report| actions(current, report))}
            </div>
            <Loaded remote=page let:html>
                <div class="report-frame" inner_html=move || html.get()></div>
            </Loaded>
        </div>
    }
}

fn actions(current: CurrentProject, report: ReportSummary) -> AnyView {
    let sharing = RwSignal::new(false);
    let number = report.number;
    let print = move |()| {
        // Where printing is not possible, nothing happens.
        let _ = window().print();
    };
    // Going against a report is possible, but not what is offered first.
    let kind = if report.passed {
        ButtonKind::Primary
    } else {
        ButtonKind::Secondary
    };
    let of_engineer = current.allows(Role::Engineer).then(|| {
        view! {
            <Button on_press=move |()| sharing.set(true)>"Share"</Button>
            <Promote version=report.candidate_id report=Some(report) kind />
        }
    });
    view! {
        <Button on_press=print>"Print"</Button>
        {of_engineer}
        <ShareDialog open=sharing number />
    }
    .into_any()
}
