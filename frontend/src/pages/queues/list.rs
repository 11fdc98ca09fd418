//! The queues of a project.

use leptos::prelude::*;
use shared::{account::Role, queue::Queue};

use super::{new::NewQueue, words};
use crate::{
    address::{Address, Place},
    api,
    components::{
        Align, Button, ButtonKind, Cell, Column, EmptyState, Icon, LinkButton, PageHeader,
        ProgressBar, Table, TimeAgo, row_key,
    },
    frame::CurrentProject,
    keys::{Command, use_command},
    remote::{Loaded, Remote},
};

/// The list.
#[component]
pub fn QueuesPage() -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    let queues = Remote::new(move || api::queues::list_queues(&slug));
    let is_making = RwSignal::new(false);
    let may_make = untrack(|| current.allows(Role::Engineer));
    if may_make {
        use_command(Command::new("New queue", move || is_making.set(true)).key("n"));
    }
    let title = Signal::stored("Queues".to_owned());
    let lead = Signal::derive(move || queues.get().map(|list| answer(&list)).unwrap_or_default());
    let make = move || {
        may_make.then(|| {
            view! {
                <Button kind=ButtonKind::Primary icon=Icon::Add on_press=move |()| is_making.set(true)>
                    "New queue"
                </Button>
            }
        })
    };
    view! {
        <div class="page">
            <PageHeader title lead>
                {make()}
            </PageHeader>
            <Loaded remote=queues let:list>
                {move || table(list.get(), may_make)}
            </Loaded>
        </div>
        <NewQueue open=is_making />
    }
}

/// The first line: what there is to judge.
fn answer(queues: &[Queue]) -> String {
    let left: i64 = queues
        .iter()
        .map(|queue| queue.progress.wanted - queue.progress.done)
        .sum();
    match (queues.len(), left) {
        (0, _) => "Nothing to judge yet.".to_owned(),
        (_, 0) => "Everything is judged.".to_owned(),
        (_, left) => format!(
            "{} to make.",
            words::number(left, "judgement", "judgements")
        ),
    }
}

fn table(queues: Vec<Queue>, may_make: bool) -> AnyView {
    if queues.is_empty() {
        let text = if may_make {
            "A queue holds pairs of responses for people to compare. Make one with New queue, then fill it from a file or by sampling a model."
        } else {
            "A queue holds pairs of responses to compare. An engineer of the project makes the first one."
        };
        return view! { <EmptyState title="No queues yet" text /> }.into_any();
    }
    let columns = vec![
        Column::text("Queue"),
        Column::text("Judged"),
        Column::number("Flags"),
        Column::text("Made"),
        Column::actions(),
    ];
    view! {
        <Table caption="Queues, newest first" columns>
            <For each=move || queues.clone() key=row_key let:queue>
                {row(queue, may_make)}
            </For>
        </Table>
    }
    .into_any()
}

fn row(queue: Queue, may_make: bool) -> AnyView {
    let slug = CurrentProject::expect().slug();
    let own = Address::at(&slug, Place::Queue(queue.id)).to_string();
    let annotate = Address::at(&slug, Place::Annotate(queue.id)).to_string();
    let href = if may_make { own } else { annotate.clone() };
    let name = queue.name.clone();
    let bar = words::share(queue.progress).map(|share| {
        let label = format!("Judged of {}", queue.name);
        view! { <ProgressBar label value=Signal::stored(Some(share)) /> }
    });
    let (terms, flagged, made) = (
        words::terms(&queue),
        queue.progress.flagged,
        queue.created_at,
    );
    let has_work = queue.progress.done < queue.progress.wanted;
    let counts = format!("{} of {}", queue.progress.done, queue.progress.wanted);
    let action = if has_work {
        view! { <LinkButton href=annotate>"Annotate"</LinkButton> }.into_any()
    } else {
        let word = if queue.progress.pairs == 0 {
            "Empty"
        } else {
            "Done"
        };
        view! { <span class="note">{word}</span> }.into_any()
    };
    view! {
        <tr role="row">
            <Cell>
                <a class="table__main" href=href>{name}</a>
                <span class="table__note">{terms}</span>
            </Cell>
            <Cell label="Judged">
                {bar}
                <span class="table__note">{counts}</span>
            </Cell>
            <Cell label="Flags" align=Align::End>{flagged}</Cell>
            <Cell label="Made">
                <TimeAgo at=made />
            </Cell>
            <Cell align=Align::End>{action}</Cell>
        </tr>
    }
    .into_any()
}
