//! What the judgements of a queue come to, and what to do with the queue.

use leptos::prelude::*;
use shared::queue::{Queue, QueueResults};

use super::{dataset::MakeDataset, sample::SampleForm, upload::AddPairsForm, words};
use crate::{
    api,
    components::{Button, Card, Dialog},
    frame::CurrentProject,
    keys::{Command, use_command},
    remote::{Loaded, Remote},
};

/// The first tab of a queue.
#[component]
pub fn ResultsTab(
    /// The queue, to be read again after a change.
    queue: Remote<Queue>,
    /// The queue as it is.
    value: Signal<Queue>,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let id = value.with_untracked(|queue| queue.id);
    let results = Remote::new({
        let slug = slug.clone();
        move || {
            // Whatever changes the queue changes its results.
            value.track();
            api::queues::get_queue_results(&slug, id)
        }
    });
    let [adding, sampling, making] = std::array::from_fn(|_| RwSignal::new(false));
    use_command(Command::new("Add pairs from a file", move || adding.set(true)).key("a"));
    view! {
        <Card title="Results" lead="What the judgements of each pair come to.">
            <Loaded remote=results let:results>
                {move || table(&results.get())}
            </Loaded>
        </Card>
        <Card title="Fill it" lead="Pairs are judged in the order in which they are added.">
            <div class="actions">
                <Button on_press=move |()| adding.set(true)>"Add pairs from a file"</Button>
                <Button on_press=move |()| sampling.set(true)>"Sample pairs from models"</Button>
            </div>
            <p class="note">{move || value.with(words::terms)}</p>
        </Card>
        <Card
            title="Use it"
            lead="Pairs with a preferred side become rows that a run can learn from."
        >
            <div class="actions">
                <Button on_press=move |()| making.set(true)>"Make a preference dataset"</Button>
                <super::judgements::ExportButton id />
            </div>
        </Card>
        <Dialog open=adding title="Add pairs from a file".to_owned()>
            <AddPairsForm open=adding queue id />
        </Dialog>
        <Dialog open=sampling title="Sample pairs from models".to_owned()>
            <SampleForm open=sampling id />
        </Dialog>
        <Dialog open=making title="Make a preference dataset".to_owned()>
            <MakeDataset open=making id />
        </Dialog>
    }
}

fn table(results: &QueueResults) -> AnyView {
    let total =
        results.decided + results.ties + results.both_bad + results.splits + results.unfinished;
    let rows = [
        (
            "Decided",
            results.decided,
            "More than half prefer the same side: rows of a preference dataset.",
        ),
        (
            "Ties",
            results.ties,
            "More than half call them equally good.",
        ),
        (
            "Both bad",
            results.both_bad,
            "More than half find neither side acceptable: candidates for a correction.",
        ),
        (
            "Splits",
            results.splits,
            "No verdict has more than half: the spec may say too little.",
        ),
        (
            "Unfinished",
            results.unfinished,
            "Fewer judgements than wanted.",
        ),
    ];
    let row = |(name, count, help): (&'static str, i64, &'static str)| {
        let share = if total == 0 {
            0.0
        } else {
            count as f64 / total as f64
        };
        view! {
            <div class="tally__row">
                <dt class="tally__name">{name}</dt>
                <dd class="tally__count">{count}</dd>
                <dd class="tally__bar">
                    <progress class="progress__bar" aria-hidden="true" max="1" value=share.to_string()></progress>
                </dd>
                <dd class="tally__help">{help}</dd>
            </div>
        }
    };
    view! { <dl class="tally">{rows.map(row).collect_view()}</dl> }.into_any()
}
