//! How an import goes, and how it went.

use leptos::prelude::*;
use shared::{
    account::Role,
    dataset::Import,
    ids::{DatasetId, ImportId},
    job::JobState,
};

use super::rejections::RejectionsCard;
use crate::{
    address::{Address, Place},
    api,
    components::{
        Badge, Button, ButtonKind, Card, Confirm, LinkButton, Notice, PageHeader, ProgressBar,
        Stat, Stats, Toasts, Tone, toast::complain,
    },
    frame::{Activity, CurrentProject},
    remote::{Loaded, Remote, follow},
    submit::Submit,
    words::material as words,
};

/// The report of one import.
#[component]
pub fn ImportReportPage(
    /// Into which dataset.
    dataset: DatasetId,
    /// Which import.
    import: ImportId,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let report = Remote::new({
        let slug = slug.clone();
        move || api::imports::get_import(&slug, dataset, import)
    });
    let is_open = Memo::new(move |_| report.get().is_some_and(|import| import.state.is_open()));
    follow(is_open, move || report.reload());
    let title = Signal::derive(move || {
        let import = report.get();
        import.map_or("Import".to_owned(), |import| {
            format!("Import of {}", import.file_name)
        })
    });
    let lead = Signal::derive(move || {
        report
            .get()
            .map(|import| answer(&import))
            .unwrap_or_default()
    });
    let draft = Address::at(&slug, Place::Dataset(dataset)).to_string();
    let next = move || {
        let imported = report.get().is_some_and(|import| import.imported > 0);
        let kind = if imported && !is_open.get() {
            ButtonKind::Primary
        } else {
            ButtonKind::Secondary
        };
        let href = draft.clone();
        view! { <LinkButton kind href>"Look at the draft"</LinkButton> }
    };
    view! {
        <div class="page">
            <PageHeader title lead>
                {next}
            </PageHeader>
            <Loaded remote=report let:value>
                <ReportCard report value is_open />
            </Loaded>
            <RejectionsCard
                dataset
                import
                count=Memo::new(move |_| report.get().map_or(0, |import| import.rejected))
            />
        </div>
    }
}

fn answer(import: &Import) -> String {
    let rows = words::rows(import.imported);
    if import.taken_back {
        return "Taken back: none of its rows is in the draft any more.".to_owned();
    }
    match import.state {
        JobState::Queued => "Waiting for a free runner.".to_owned(),
        JobState::Running => format!("Under way: {rows} so far. You can leave this page."),
        JobState::Succeeded => {
            let rejected = match import.rejected {
                0 => "nothing was rejected".to_owned(),
                more => words::count(more, "record was rejected", "records were rejected"),
            };
            format!("Done: {rows} imported, {rejected}.")
        }
        JobState::Failed => format!("Failed: {}. {rows} came in before that.", import.message),
        JobState::Cancelled => format!("Cancelled after {rows}."),
    }
}

fn stats(import: &Import) -> Vec<Stat> {
    let rejected = if import.rejected > 0 {
        Tone::Warning
    } else {
        Tone::Neutral
    };
    vec![
        Stat::new("Imported", words::number(import.imported)),
        Stat::new("Rejected", words::number(import.rejected)).tone(rejected),
        Stat::new("Duplicates", words::number(import.duplicates)),
        Stat::new("File", words::size(import.size_bytes)),
    ]
}

#[component]
fn ReportCard(report: Remote<Import>, value: Signal<Import>, is_open: Memo<bool>) -> impl IntoView {
    let may_write = untrack(|| CurrentProject::expect().allows(Role::Engineer));
    let state = move || {
        let import = value.get();
        let tone = crate::words::job_tone(import.state);
        view! { <Badge tone text=crate::words::job_state(import.state) /> }
    };
    let progress = move || {
        is_open.get().then(|| {
            let value = Signal::derive(move || value.with(|import| import.progress));
            view! { <ProgressBar label="The import" value /> }
        })
    };
    let mapping = move || {
        let import = value.get();
        let uses = import.mapping.columns.iter();
        let uses = uses.map(|each| format!("{}: {}", each.column, words::row_field(each.field)));
        let uses: Vec<String> = uses.collect();
        format!(
            "{}. {}.",
            words::row_kind(import.mapping.kind),
            uses.join(", ")
        )
    };
    let duplicates = move || {
        (value.with(|import| import.duplicates) > 0).then(|| {
            let text = "Duplicates have the same content as a row that the draft had already. They were left out if the import was asked to, and are otherwise in the draft too.";
            view! { <Notice text /> }
        })
    };
    let action = move || {
        let may = may_write && !value.with(|import| import.taken_back);
        may.then(|| {
            if is_open.get() {
                view! { <CancelButton report value /> }.into_any()
            } else {
                view! { <TakeBack report value /> }.into_any()
            }
        })
    };
    view! {
        <Card title="Outcome" actions=action>
            <div class="stack">
                <p class="line">
                    {state} <span class="note">{move || value.with(|import| import.message.clone())}</span>
                </p>
                {progress}
                <Stats stats=Signal::derive(move || value.with(stats)) />
                <p class="note">{mapping}</p>
                {duplicates}
            </div>
        </Card>
    }
}

#[component]
fn CancelButton(report: Remote<Import>, value: Signal<Import>) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let activity = Activity::expect();
    let cancel = Submit::new(
        move |()| {
            let job = value.with_untracked(|import| import.job_id);
            api::jobs::cancel_job(slug.clone(), job)
        },
        move |_| {
            activity.reload();
            report.reload();
        },
    );
    complain(cancel.message(&[]), Toasts::expect());
    view! {
        <Button pending=cancel.is_pending() on_press=move |()| cancel.send(())>
            "Cancel the import"
        </Button>
    }
}

#[component]
fn TakeBack(report: Remote<Import>, value: Signal<Import>) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let open = RwSignal::new(false);
    let toasts = Toasts::expect();
    let take_back = Submit::new(
        move |()| {
            let import = value.get_untracked();
            api::imports::take_back_import(slug.clone(), import.dataset_id, import.id)
        },
        move |import: Import| {
            open.set(false);
            toasts.tell("The rows were taken out of the draft.");
            report.put(import);
        },
    );
    let text = Signal::derive(move || {
        let rows = words::rows(value.with(|import| import.imported));
        format!(
            "{rows} of this import leave the draft, also those that were edited since. Versions \
             that were cut keep them. To have them again, import the file again."
        )
    });
    view! {
        <Button kind=ButtonKind::Quiet on_press=move |()| open.set(true)>"Take back"</Button>
        <Confirm
            open
            title=Signal::stored("Take this import back?".to_owned())
            text
            action="Take back"
            pending=take_back.is_pending()
            message=take_back.message(&[])
            on_confirm=move |()| take_back.send(())
        />
    }
}
