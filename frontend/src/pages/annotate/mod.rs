//! Which of these two responses is better?
//!
//! Made for hours of work: one key a verdict, the next pair at once, nothing lost without a
//! connection. Names and models never reach this page.

pub mod book;
pub mod choices;
pub mod desk;
pub mod guide;
pub mod keys;
pub mod pair;
pub mod words;

use std::time::Duration;

use leptos::{html, prelude::*};
use shared::{
    ids::QueueId,
    queue::{Queue, ShownChoice},
    spec::Clause,
};

use crate::{
    address::{Address, Place},
    api::{self, ApiResult},
    browser,
    components::{
        Button, ButtonKind, EmptyState, Icon, IconView, LinkButton, Notice, NoticeKind,
        ProblemView, Skeleton, SkeletonShape, page_header::use_title,
    },
    frame::CurrentProject,
    keys::{Command, Commands, is_typing, use_command},
    remote::{Loaded, Remote},
    session::CurrentSession,
};
use choices::Choices;
use desk::Desk;
use guide::Guide;
use keys::{Wish, wish};
use pair::PairView;

/// How often to look whether the time of the pair in view ran out.
const LOOK: Duration = Duration::from_secs(20);

/// A queue with the clauses it is judged by.
#[derive(Clone, Debug, PartialEq)]
struct Material {
    queue: Queue,
    clauses: Vec<Clause>,
}

/// Judging the pairs of a queue.
#[component]
pub fn AnnotatePage(
    /// The queue.
    id: QueueId,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let material = Remote::new(move || {
        let queue = api::queues::get_queue(&slug, id);
        let slug = slug.clone();
        async move { read(slug, queue.await?).await }
    });
    use_title(Signal::stored("Annotate".to_owned()));
    view! {
        <div class="annotate">
            <Loaded remote=material shape=SkeletonShape::Page let:material>
                {move || {
                    let Material { queue, clauses } = material.get();
                    bench(queue, clauses)
                }}
            </Loaded>
        </div>
    }
}

async fn read(slug: String, queue: Queue) -> ApiResult<Material> {
    let mut clauses = Vec::new();
    if let Some(spec) = queue.spec_version_id {
        let versions = api::specs::list_spec_versions(&slug).await?;
        if let Some(version) = versions.iter().find(|version| version.id == spec) {
            let version = api::specs::get_spec_version(&slug, version.number).await?;
            clauses = version.clauses;
        }
    }
    Ok(Material { queue, clauses })
}

fn bench(queue: Queue, clauses: Vec<Clause>) -> AnyView {
    let slug = CurrentProject::expect().slug();
    let Some(user) = untrack(|| CurrentSession::expect().user()) else {
        return ().into_any();
    };
    let desk = Desk::open(&slug, user.id, queue.id);
    let note = NodeRef::<html::Textarea>::new();
    let names: Vec<String> = clauses.iter().map(|clause| clause.key.clone()).collect();
    listen(desk, names, note);
    tell_keys(desk);
    let back = Address::at(&slug, Place::Queues).to_string();
    let has_pairs = queue.progress.pairs > 0;
    // What is drawn changes with the kind of state only; the pair itself changes inside.
    let state = Memo::new(move |_| {
        let has_pair = desk.shown.with(Option::is_some);
        match () {
            () if has_pair => State::Pair,
            () if desk.failure.with(Option::is_some) => State::Failed,
            () if desk.is_exhausted.get() => State::End,
            () => State::Waiting,
        }
    });
    let content = move || match state.get() {
        State::Pair => {
            let clauses = clauses.clone();
            view! {
                <div class="annotate__body">
                    <div class="annotate__work">
                        <PairView desk />
                        <Choices desk />
                    </div>
                    <Guide desk clauses note />
                </div>
            }
            .into_any()
        }
        State::Failed => {
            let problem = desk.failure.get_untracked().map(|error| error.problem());
            let retry = Callback::new(move |()| desk.retry());
            problem
                .map(|problem| view! { <ProblemView problem on_retry=retry /> })
                .into_any()
        }
        State::End => end(desk, has_pairs, back.clone()),
        State::Waiting => view! { <Skeleton shape=SkeletonShape::Page /> }.into_any(),
    };
    view! {
        {head(desk, queue.name, Address::at(&slug, Place::Queues).to_string())}
        {move || {
            let is_offline = desk.is_offline.get();
            is_offline.then(|| {
                let text = words::kept(desk.unsent());
                view! { <Notice kind=NoticeKind::Warning text /> }
            })
        }}
        {move || desk.notice.get().map(|text| view! { <Notice text /> })}
        {content}
    }
    .into_any()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Pair,
    End,
    Failed,
}

fn head(desk: Desk, name: String, back: String) -> AnyView {
    let share = move || {
        let standing = desk.standing.get()?;
        let wanted = standing.queue.wanted.max(1) as f64;
        Some(standing.queue.done as f64 / wanted)
    };
    let counted = move || {
        desk.standing.get().map(|standing| {
            let (queue, mine) = (standing.queue, standing.mine);
            format!("{} of {} judged, {mine} by you", queue.done, queue.wanted)
        })
    };
    view! {
        <header class="annotate__head">
            <a class="annotate__back" href=back>
                <IconView icon=Icon::Back />
                <span class="visually-hidden">"Back to the queues"</span>
            </a>
            <h1 class="annotate__title">{name}</h1>
            <p class="annotate__last" role="status">{desk.last}</p>
            <p class="annotate__count">{counted}</p>
            <progress
                class="annotate__progress"
                aria-label="Judged of this queue"
                max="1"
                value=move || share().map(|share| share.to_string())
            ></progress>
        </header>
    }
    .into_any()
}

fn end(desk: Desk, has_pairs: bool, back: String) -> AnyView {
    let mine = desk
        .standing
        .get_untracked()
        .map_or(0, |standing| standing.mine);
    let (title, text) = if !has_pairs && mine == 0 {
        (
            "No pairs yet",
            "This queue is empty. An engineer of the project fills it.".to_owned(),
        )
    } else {
        (
            "Nothing left for you",
            format!("You judged {mine} in this queue. Thank you: every one is on the server."),
        )
    };
    let undo = move || {
        desk.can_undo().then(|| {
            view! {
                <Button on_press=move |()| desk.undo()>"Undo the last one"</Button>
            }
        })
    };
    view! {
        <EmptyState title text>
            <div class="annotate__ways">
                <LinkButton kind=ButtonKind::Primary href=back>"Back to the queues"</LinkButton>
                <Button on_press=move |()| desk.refill()>"Look again"</Button>
                {undo}
            </div>
        </EmptyState>
    }
    .into_any()
}

/// Listens to the keyboard, the connection and the clock as long as the page is there.
fn listen(desk: Desk, clauses: Vec<String>, note: NodeRef<html::Textarea>) {
    let is_enabled = Commands::expect().is_enabled();
    let keys = window_event_listener(leptos::ev::keydown, move |event| {
        let has_modifier = event.ctrl_key() || event.meta_key() || event.alt_key();
        if has_modifier || event.default_prevented() || !is_enabled.get_untracked() {
            return;
        }
        if is_typing(&event) || browser::has_open_dialog() {
            return;
        }
        let Some(wish) = wish(&event.key(), event.shift_key()) else {
            return;
        };
        event.prevent_default();
        // A key that is held down says nothing more than it did at first.
        if event.repeat() {
            return;
        }
        match wish {
            Wish::Judge { choice, strongly } => desk.judge(choice, strongly),
            Wish::Undo => desk.undo(),
            Wish::Clause(at) => {
                if let Some(clause) = clauses.get(at) {
                    desk.toggle(clause);
                }
            }
            Wish::Note => {
                if let Some(note) = note.get_untracked() {
                    let _ = note.focus();
                }
            }
        }
    });
    let online = window_event_listener(leptos::ev::online, move |_| desk.retry());
    let clock = set_interval_with_handle(move || desk.check_time(), LOOK).ok();
    on_cleanup(move || {
        keys.remove();
        online.remove();
        if let Some(clock) = clock {
            clock.clear();
        }
    });
}

/// Names the keys in the help of this page.
fn tell_keys(desk: Desk) {
    for choice in ShownChoice::ALL {
        let choice = *choice;
        let run = move || desk.judge(choice, false);
        use_command(Command::new(words::choice(choice), run).told(keys::key_of(choice)));
    }
    use_command(Command::new("Undo the last verdict", move || desk.undo()).told("U"));
    use_command(Command::new("Mark a clause that decides", || {}).told("1 … 9"));
    use_command(Command::new("Write a note", || {}).told("N"));
    use_command(Command::new("By far: hold it with a side", || {}).told("Shift"));
}
