//! The pairs of a queue with what was said of them: all, or those that wait for an engineer.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use shared::{
    ids::{PairId, QueueId},
    page::Page,
    queue::{Judgement, Queue, QueuePair},
};

use super::words;
use crate::{
    address::{Address, Place},
    api,
    components::{
        Badge, Button, EmptyState, ModelText, Pager, TimeAgo, Toasts, Tone, toast::complain,
    },
    frame::CurrentProject,
    remote::{Loaded, Remote},
    submit::Submit,
};

/// Pairs on one page.
const LIMIT: u32 = 20;

/// A list of pairs, page by page.
#[component]
pub fn PairsTab(
    /// The queue, read again when a flag goes.
    queue: Remote<Queue>,
    /// Its id.
    id: QueueId,
    /// Whether to show only those that wait.
    only_flagged: bool,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let query = use_query_map();
    let after = Memo::new(move |_| query.with(|query| query.get("after")));
    let pairs = Remote::new({
        let slug = slug.clone();
        move || {
            after.with(|after| {
                api::queues::list_pairs(&slug, id, only_flagged, after.as_deref(), LIMIT)
            })
        }
    });
    let unflag = {
        let slug = slug.clone();
        let toasts = Toasts::expect();
        let unflag = Submit::new(
            move |pair| api::queues::unflag_pair(slug.clone(), id, pair),
            move |()| {
                pairs.reload();
                queue.reload();
                toasts.tell("The pair is judged again.");
            },
        );
        complain(unflag.message(&[]), toasts);
        unflag
    };
    let shown = move |page: Signal<Page<QueuePair>>| {
        let slug = slug.clone();
        move || {
            list(
                &slug,
                id,
                only_flagged,
                page.get(),
                after.get().is_some(),
                unflag,
            )
        }
    };
    view! { <Loaded remote=pairs children=shown /> }
}

fn list(
    slug: &str,
    id: QueueId,
    only_flagged: bool,
    page: Page<QueuePair>,
    is_later: bool,
    unflag: Submit<PairId>,
) -> AnyView {
    if page.items.is_empty() {
        let (title, text) = if only_flagged {
            (
                "Nothing is flagged",
                "When an annotator flags a pair, it waits here and is judged by nobody until you let it.",
            )
        } else {
            (
                "No pairs here",
                "Add some from a file, or sample them from a model: under Results.",
            )
        };
        return view! { <EmptyState title text /> }.into_any();
    }
    let tab = if only_flagged { "flagged" } else { "pairs" };
    let own = Address::at(slug, Place::Queue(id)).with("tab", tab);
    let first = is_later.then(|| own.to_string());
    let next = page.next.map(|next| own.with("after", next).to_string());
    let items = page.items.into_iter().map(|item| pair(item, unflag));
    view! {
        <ol class="pairs">{items.collect_view()}</ol>
        <Pager label="Pages of the pairs" first next_label="Further" next />
    }
    .into_any()
}

fn pair(item: QueuePair, unflag: Submit<PairId>) -> AnyView {
    let QueuePair {
        id,
        pair,
        flagged,
        judgements,
        consensus,
    } = item;
    let asked = pair
        .messages
        .last()
        .map(|last| last.content.clone())
        .unwrap_or_default();
    let (tone, word) = words::consensus(consensus);
    let flag = flagged.then(|| {
        view! {
            <Badge tone=Tone::Warning text="Flagged" />
            <Button pending=unflag.is_pending() on_press=move |()| unflag.send(id)>
                "Let it be judged"
            </Button>
        }
    });
    let said = judgements.iter().map(said).collect_view();
    view! {
        <li class="pair">
            <div class="pair__head">
                <Badge tone text=word />
                {flag}
            </div>
            <div class="pair__asked">
                <ModelText text=Signal::stored(asked) />
            </div>
            <div class="pair__sides">
                {side("A", pair.source_a, pair.response_a)}
                {side("B", pair.source_b, pair.response_b)}
            </div>
            <ul class="pair__said">{said}</ul>
        </li>
    }
    .into_any()
}

fn side(name: &'static str, source: String, text: String) -> AnyView {
    let source = if source.is_empty() {
        "source unknown".to_owned()
    } else {
        source
    };
    view! {
        <section class="response">
            <h3 class="response__name">{name} <span class="note">" from " {source}</span></h3>
            <ModelText text=Signal::stored(text) />
        </section>
    }
    .into_any()
}

fn said(judgement: &Judgement) -> AnyView {
    let clauses = judgement.clauses.join(", ");
    let because = (!clauses.is_empty()).then(|| format!(" because of {clauses}"));
    let note = (!judgement.note.is_empty()).then(|| format!(": {}", judgement.note));
    view! {
        <li>
            <strong>{words::verdict(judgement)}</strong>
            {because}
            {note}
            " "
            <TimeAgo at=judgement.created_at />
        </li>
    }
    .into_any()
}
