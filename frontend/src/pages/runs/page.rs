//! One run: is it working? Live while it goes, and the whole story afterwards.

use leptos::prelude::*;
use shared::{
    account::Role,
    job::{Job, JobState},
    run::{LiveMessage, Run, RunHistory, RunSummary},
};

use super::{curves::Curves, events::Events, live::Stream, samples::Samples, story::Story, words};
use crate::{
    address::{Address, Place},
    api,
    components::{
        Badge, Button, Card, CodeBlock, Language, LinkButton, Notice, NoticeKind, PageHeader,
        ProgressBar, SkeletonShape, Toasts, toast::complain,
    },
    frame::{Activity, CurrentProject},
    remote::{Loaded, Remote},
    submit::Submit,
    words::{job_state, job_tone},
};

/// A run.
#[component]
pub fn RunPage(
    /// Its number.
    number: i64,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let opened = Remote::new(move || {
        let run = api::runs::get_run(&slug, number);
        let history = api::runs::get_run_history(&slug, number);
        async move { Ok((run.await?, history.await?)) }
    });
    let page = move |value: Signal<(Run, RunHistory)>| {
        let (run, history) = untrack(|| value.get());
        story_of(opened, run, history)
    };
    view! {
        <div class="page page--wide">
            <Loaded remote=opened shape=SkeletonShape::Page children=page />
        </div>
    }
}

fn story_of(opened: Remote<(Run, RunHistory)>, run: Run, history: RunHistory) -> AnyView {
    let summary = RwSignal::new(run.summary.clone());
    let story = RwSignal::new(Story::from_history(history));
    // Read again, as after a resume: what is known is replaced by what is.
    Effect::new(move |last: Option<()>| {
        let read = opened.get();
        if let (Some(()), Some((run, history))) = (last, read) {
            summary.set(run.summary);
            story.set(Story::from_history(history));
        }
    });
    let stream = listen(&run.summary, summary, story);
    let title = Signal::stored(format!("Run {} {}", run.summary.number, run.summary.name));
    let lead =
        Signal::derive(move || summary.with(|summary| story.with(|story| story.answer(summary))));
    let total = Signal::derive(move || summary.with(|summary| summary.total_steps));
    let state = Memo::new(move |_| summary.with(|summary| summary.state));
    let lost = move || {
        stream.is_lost.get().then(|| {
            let text = "The server is not heard at the moment: what you see may be out of date. It goes on by itself once the server is back.";
            view! { <Notice kind=NoticeKind::Warning text /> }
        })
    };
    let progress = move || {
        let value = Signal::derive(move || summary.with(share));
        (state.get() == JobState::Running)
            .then(|| view! { <ProgressBar label="Steps made" value /> })
    };
    let warnings = Memo::new(move |_| story.with(Story::warnings));
    let warned = move || {
        let texts = warnings.get().into_iter();
        texts
            .map(|text| view! { <Notice kind=NoticeKind::Warning text /> })
            .collect_view()
    };
    // Where there are no answers to show, nothing else is as wide as what happened is long.
    let lineage = lineage(&run);
    let (beside, below) = if run.summary.method.answers_rows() {
        (view! { <Samples story /> }.into_any(), Some(lineage))
    } else {
        (lineage, None)
    };
    let badge = move || {
        let state = state.get();
        view! { <Badge tone=job_tone(state) text=job_state(state) /> }
    };
    let others = Address::at(CurrentProject::expect().slug(), Place::Runs)
        .with("ticked", run.summary.number)
        .to_string();
    view! {
        <PageHeader title lead>
            {badge}
            <LinkButton href=others>"Compare with others"</LinkButton>
            {control(opened, state, summary)}
        </PageHeader>
        {lost}
        {progress}
        {warned}
        <Curves story total />
        <div class="columns">
            <div class="columns__main">
                {beside}
            </div>
            <div class="columns__side">
                <Events story />
            </div>
        </div>
        {below}
    }
    .into_any()
}

fn share(summary: &RunSummary) -> Option<f64> {
    let total = summary.total_steps.filter(|total| *total > 0);
    total.map_or(summary.progress, |total| {
        Some(summary.step as f64 / total as f64)
    })
}

fn listen(run: &RunSummary, summary: RwSignal<RunSummary>, story: RwSignal<Story>) -> Stream {
    let (slug, number) = (CurrentProject::expect().slug(), run.number);
    let path = move || {
        let seq = story
            .try_with_untracked(|story| story.seq)
            .unwrap_or_default();
        api::runs::live_path(&slug, number, seq)
    };
    // Events come in bursts; the page is drawn once for all that came since the last frame.
    let waiting = StoredValue::new_local(Vec::new());
    let draw = move || {
        let events = waiting.try_update_value(std::mem::take).unwrap_or_default();
        story.try_update(|story| {
            for event in events {
                story.take(event);
            }
        });
    };
    let stream = Stream::new(path, move |message| match message {
        LiveMessage::Event(event) => {
            let is_first = waiting.try_update_value(|waiting| {
                waiting.push(*event);
                waiting.len() == 1
            });
            if is_first == Some(true) {
                request_animation_frame(draw);
            }
        }
        LiveMessage::Run(run) => {
            let _ = summary.try_set(*run);
        }
    });
    let is_open = Memo::new(move |_| summary.with(|summary| summary.state.is_open()));
    Effect::new(move |_| {
        if is_open.get() {
            stream.begin();
        } else {
            stream.end();
        }
    });
    stream
}

/// Cancels a run that goes on, and lets one that was stopped go on.
fn control(
    opened: Remote<(Run, RunHistory)>,
    state: Memo<JobState>,
    summary: RwSignal<RunSummary>,
) -> AnyView {
    let current = CurrentProject::expect();
    if !untrack(|| current.allows(Role::Engineer)) {
        return ().into_any();
    }
    let (slug, toasts, activity) = (current.slug(), Toasts::expect(), Activity::expect());
    let job = summary.with_untracked(|summary| summary.job_id);
    let cancel = Submit::new(
        move |()| api::jobs::cancel_job(slug.clone(), job),
        move |job: Job| {
            activity.reload();
            if !job.state.is_open() {
                opened.reload();
            }
            toasts.tell("The run was asked to end. It keeps its best state so far.");
        },
    );
    complain(cancel.message(&[]), toasts);
    let (slug, number) = (current.slug(), summary.with_untracked(|run| run.number));
    let resume = Submit::new(
        move |()| api::runs::resume_run(slug.clone(), number),
        move |run: Run| {
            activity.reload();
            summary.set(run.summary);
            opened.reload();
            toasts.tell("The run goes on from its newest checkpoint.");
        },
    );
    complain(resume.message(&[]), toasts);
    let button = move || match state.get() {
        JobState::Queued | JobState::Running => view! {
            <Button pending=cancel.is_pending() on_press=move |()| cancel.send(())>"Cancel"</Button>
        }
        .into_any(),
        JobState::Failed | JobState::Cancelled => view! {
            <Button pending=resume.is_pending() on_press=move |()| resume.send(())>"Resume"</Button>
        }
        .into_any(),
        JobState::Succeeded => ().into_any(),
    };
    button.into_any()
}

/// What decided the run, to the last setting.
fn lineage(run: &Run) -> AnyView {
    let entry = |name: &'static str, value: String| {
        view! {
            <div class="facts__row">
                <dt>{name}</dt>
                <dd>{value}</dd>
            </div>
        }
        .into_any()
    };
    let method = words::method(run.summary.method);
    let preflight = &run.preflight;
    let mut facts = vec![
        entry("Teaches", format!("{method} ({})", run.summary.method)),
        entry(
            "Trains",
            words::trained(run.request.config.adapter.is_whole()).to_owned(),
        ),
        entry(
            "Base",
            format!("{}, {}", run.base_name, words::hash(&run.base_hash)),
        ),
        entry(
            "Data",
            format!("{}, {}", run.dataset_name, words::hash(&run.dataset_hash)),
        ),
        entry(
            "Rows",
            format!(
                "{} to learn, {} held back, {} cut",
                preflight.train_rows, preflight.validation_rows, preflight.truncated_rows
            ),
        ),
        entry("Attempts", run.attempt.to_string()),
    ];
    if let Some(hub) = &run.base_hub {
        facts.insert(2, entry("Base on the hub", hub.to_string()));
    }
    if let Some(reason) = &run.request.suite_override {
        facts.push(entry("Started without a locked suite", reason.clone()));
    }
    // What came as JSON goes back to it.
    let text = serde_json::to_string_pretty(&run.request).unwrap_or_default();
    view! {
        <Card title="Configuration and lineage" lead="With the same inputs the same run can be made again.">
            <dl class="facts">{facts}</dl>
            <CodeBlock label="The whole request" text language=Language::Json />
        </Card>
    }
    .into_any()
}
