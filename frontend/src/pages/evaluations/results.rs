//! The answers of an evaluation, those that failed first; which ones is in the address.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use shared::{evaluation::EvaluationResult, page::Page};

use super::result;
use crate::{
    address::{Address, Place, encode},
    api,
    components::{Card, EmptyState, Pager, Tab, Tabs},
    frame::CurrentProject,
    remote::{Loaded, Remote},
};

/// How many answers a page shows.
const LIMIT: u32 = 20;

/// The words of the address that narrow the list, as the server knows them.
const FILTERS: [&str; 4] = ["category", "check", "clause", "coverage"];

/// The answers.
#[component]
pub fn Results(
    /// The evaluation.
    number: i64,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let query = use_query_map();
    let filters = Memo::new(move |_| {
        let given = FILTERS.into_iter().filter_map(|name| {
            let value = query.with(|query| query.get(name))?;
            Some((name, value))
        });
        given.collect::<Vec<_>>()
    });
    let all = Memo::new(move |_| query.with(|query| query.get_str("show") == Some("all")));
    let after = Memo::new(move |_| query.with(|query| query.get("after")));
    let results = Remote::new({
        let slug = slug.clone();
        move || {
            let failed = (!all.get()).then(|| ("passed", "false".to_owned()));
            let after = after.get().map(|after| ("after", after));
            let words = filters.get().into_iter().chain(failed).chain(after);
            let words = words.map(|(name, value)| format!("&{name}={}", encode(&value)));
            let asked = format!("limit={LIMIT}{}", words.collect::<String>());
            api::evaluations::list_results(&slug, number, &asked)
        }
    });
    let own = Address::at(&slug, Place::Evaluation(number));
    let tab = |label, href, wanted: bool| Tab {
        label,
        href,
        is_current: Signal::derive(move || all.get() == wanted),
    };
    let tabs = vec![
        tab("Failed", own.to_string(), false),
        tab("All", own.clone().with("show", "all").to_string(), true),
    ];
    let narrowed =
        {
            let own = own.to_string();
            move || {
                let filters = filters.get();
                (!filters.is_empty()).then(|| {
                let words = filters.iter().map(|(name, value)| format!("{name} {value}"));
                let words = words.collect::<Vec<_>>().join(", ");
                view! {
                    <p class="note">
                        {format!("Only {words}. ")} <a href=own.clone()>"Show all failed ones"</a>
                    </p>
                }
            })
            }
        };
    view! {
        <Card title="Answers">
            <Tabs label="Which answers" tabs />
            {narrowed}
            <Loaded remote=results let:page>
                {list(page, own.clone(), filters, all, after)}
            </Loaded>
        </Card>
    }
}

fn list(
    page: Signal<Page<EvaluationResult>>,
    own: Address,
    filters: Memo<Vec<(&'static str, String)>>,
    all: Memo<bool>,
    after: Memo<Option<String>>,
) -> AnyView {
    (move || {
        let Page { items, next } = page.get();
        if items.is_empty() {
            let text = "Nothing here: either all passed, or no item fits.";
            return view! { <EmptyState title="No such answers" text /> }.into_any();
        }
        let at = |after: Option<String>| {
            let show = all.get_untracked().then(|| ("show", "all".to_owned()));
            let words = filters.get_untracked().into_iter().chain(show);
            let words = words.chain(after.map(|after| ("after", after)));
            let at = words.fold(own.clone(), |at, (name, value)| at.with(name, value));
            at.to_string()
        };
        let first = after.get_untracked().map(|_| at(None));
        let next = next.map(|after| at(Some(after)));
        view! {
            <ol class="answers">{items.into_iter().map(result::view).collect_view()}</ol>
            <Pager label="Pages of answers" first next_label="Next" next />
        }
        .into_any()
    })
    .into_any()
}
