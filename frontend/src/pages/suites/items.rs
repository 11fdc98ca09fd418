//! The items of a suite, by page.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use serde_json::Value;
use shared::{ids::SuiteId, suite::SuiteItemContent};

use crate::{
    address::{Address, Place},
    api,
    components::{Badge, Card, CodeBlock, Language, Pager, turns::long_text},
    frame::CurrentProject,
    pages::checks::check_list,
    remote::{Loaded, Remote},
    words::material as words,
};

/// How many items a page has.
const PAGE: usize = 25;

/// The items; which page is in the address.
#[component]
pub fn ItemsCard(
    /// Of which suite.
    id: SuiteId,
    /// How many there are.
    count: Memo<i64>,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let query = use_query_map();
    let offset = Memo::new(move |_| {
        query
            .with(|query| {
                query
                    .get("offset")
                    .and_then(|text| text.parse::<usize>().ok())
            })
            .unwrap_or(0)
    });
    let items = Remote::new({
        let slug = slug.clone();
        move || api::suites::list_suite_items(&slug, id, offset.get(), PAGE)
    });
    let pager = move || {
        let at = offset.get();
        let end = at.saturating_add(PAGE);
        let has_more = i64::try_from(end).is_ok_and(|end| end < count.get());
        let page = |offset: usize| {
            let address = Address::at(&slug, Place::Suite(id));
            address.with("offset", offset).to_string()
        };
        let first = (at > 0).then(|| Address::at(&slug, Place::Suite(id)).to_string());
        let next = has_more.then(|| page(end));
        view! { <Pager label="Pages of items" first next_label="Next items" next /> }
    };
    view! {
        <Card title="Items">
            <Loaded remote=items let:list>
                <ol class="row-list">
                    {move || list.get().iter().map(|item| item_view(&item.content)).collect_view()}
                </ol>
            </Loaded>
            {pager}
        </Card>
    }
}

/// One item to be read.
#[must_use]
pub fn item_view(item: &SuiteItemContent) -> AnyView {
    let chips = item.tags.iter().cloned();
    let chips = chips.map(|word| view! { <span class="chip">{word}</span> });
    let clauses = item.clauses.iter().cloned();
    let clauses = clauses.map(|key| view! { <span class="chip chip--clause">{key}</span> });
    let expected = item.expected.as_ref().map(|value| {
        let shown = match value {
            Value::String(text) => long_text(text),
            other => {
                // What came as JSON goes back to it.
                let text = serde_json::to_string_pretty(other).unwrap_or_default();
                view! { <CodeBlock label="Expected" text language=Language::Json /> }.into_any()
            }
        };
        view! {
            <div class="turn">
                <p class="turn__who">"Expected"</p>
                {shown}
            </div>
        }
    });
    let checks = (!item.checks.is_empty()).then(|| check_list(&item.checks));
    view! {
        <li class="row-card">
            <div class="line">
                <code>{item.key.clone()}</code>
                <Badge
                    tone=words::coverage_tone(item.coverage)
                    text=item.coverage.as_str()
                />
                {clauses.collect_view()}
                {chips.collect_view()}
            </div>
            <div class="turns">
                <div class="turn">
                    <p class="turn__who">"Input"</p>
                    {long_text(&item.input)}
                </div>
                {expected}
            </div>
            {checks}
        </li>
    }
    .into_any()
}
