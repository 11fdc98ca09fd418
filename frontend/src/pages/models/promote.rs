//! Puts a version into production: by a passed report, or with a reason that is recorded.

use leptos::prelude::*;
use shared::{
    account::Role,
    ids::ModelVersionId,
    model::{Alias, MoveAlias},
    report::ReportSummary,
};

use crate::{
    api,
    components::{
        Button, ButtonKind, Confirm, Dialog, Form, FormActions, Notice, NoticeKind, TextArea,
        Toasts,
    },
    frame::CurrentProject,
    remote::{Loaded, Remote},
    submit::Submit,
};

/// A button that opens the question.
#[component]
pub fn Promote(
    /// The version.
    version: ModelVersionId,
    /// The report to go by; without one, the newest that was passed is looked for.
    report: Option<ReportSummary>,
    /// The button's weight.
    #[prop(default = ButtonKind::Primary)]
    kind: ButtonKind,
) -> impl IntoView {
    let open = RwSignal::new(false);
    view! {
        <Button kind on_press=move |()| open.set(true)>"Put into production"</Button>
        <Dialog open title="Put into production".to_owned()>
            <Grounds open version report=report.clone() />
        </Dialog>
    }
}

#[component]
fn Grounds(
    open: RwSignal<bool>,
    version: ModelVersionId,
    report: Option<ReportSummary>,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let reports = Remote::new(move || {
        let listed = report.is_none().then(|| api::reports::list_reports(&slug));
        let given = report.clone();
        async move {
            match listed {
                Some(listed) => Ok(listed.await?),
                None => Ok(given.into_iter().collect()),
            }
        }
    });
    view! {
        <Loaded remote=reports let:list>
            {
                let mut of_version = list.get_untracked();
                of_version.retain(|report| report.candidate_id == version);
                let passed = of_version.iter().position(ReportSummary::allows_promotion);
                let report = of_version.into_iter().nth(passed.unwrap_or(0));
                view! { <Question open version report /> }
            }
        </Loaded>
    }
}

#[component]
fn Question(
    open: RwSignal<bool>,
    version: ModelVersionId,
    report: Option<ReportSummary>,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let aliases = use_context::<Remote<Vec<Alias>>>();
    let toasts = Toasts::expect();
    let reason = RwSignal::new(String::new());
    let promote = Submit::new(
        move |request| api::models::move_production(slug.clone(), request),
        move |alias: Alias| {
            open.set(false);
            toasts.tell("It is in production now.".to_owned());
            if let Some(aliases) = aliases {
                aliases.put(vec![alias]);
            }
        },
    );
    let number = report.as_ref().map(|report| report.number);
    let is_passed = report.as_ref().is_some_and(ReportSummary::allows_promotion);
    let text = match &report {
        Some(ReportSummary {
            candidate_best_of: Some(answers),
            number,
            verdict,
            ..
        }) => format!(
            "Report {number} is of the best of {answers} answers, which the version alone does not \
             give: {verdict}"
        ),
        Some(report) => format!("Report {}: {}", report.number, report.verdict),
        None => "No report compares this version with a baseline.".to_owned(),
    };
    let kind = if is_passed {
        NoticeKind::Info
    } else {
        NoticeKind::Warning
    };
    let submit = move |()| {
        let reason = reason.get_untracked();
        promote.send(MoveAlias {
            model_version_id: version,
            report: number,
            override_reason: (!reason.trim().is_empty()).then_some(reason),
        });
    };
    let why = (!is_passed).then(|| {
        view! {
            <TextArea
                label="Reason"
                help="Why it goes into production all the same. It is recorded with your name."
                value=reason
                error=promote.field("override_reason")
            />
        }
    });
    view! {
        <Notice kind text />
        <Form on_submit=submit message=promote.message(&["override_reason"])>
            {why}
            <FormActions>
                <Button kind=ButtonKind::Primary submit=true pending=promote.is_pending()>
                    "Put into production"
                </Button>
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
            </FormActions>
        </Form>
    }
}

/// Goes back to what was in production before.
#[component]
pub fn RollBack() -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    let aliases = use_context::<Remote<Vec<Alias>>>();
    let open = RwSignal::new(false);
    let back = Submit::new(
        move |()| api::models::roll_back_production(slug.clone()),
        move |alias: Alias| {
            open.set(false);
            if let Some(aliases) = aliases {
                aliases.put(vec![alias]);
            }
        },
    );
    let text = "The version that was in production before is served again. Nothing is lost; the move is recorded.";
    current.allows(Role::Engineer).then(|| {
        view! {
            <Button on_press=move |()| open.set(true)>"Roll back"</Button>
            <Confirm
                open
                title=Signal::stored("Roll back?".to_owned())
                text=Signal::stored(text.to_owned())
                action="Roll back"
                pending=back.is_pending()
                message=back.message(&[])
                on_confirm=move |()| back.send(())
            />
        }
    })
}
