//! Two versions of the spec side by side.

use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_query_map};
use shared::spec::{Clause, ClauseChange, SpecComparison, SpecVersionSummary};

use super::clause::clause_view;
use crate::{
    address::{Address, Place},
    api::{self, ApiResult},
    components::{
        Badge, Choice, EmptyState, LinkButton, PageHeader, Select, SkeletonShape, Tone,
        text_diff::text_diff,
    },
    frame::{CurrentProject, in_place},
    remote::{Loaded, Remote},
    words,
};

#[derive(Clone, Debug, PartialEq)]
struct Compared {
    versions: Vec<SpecVersionSummary>,
    before: i64,
    after: i64,
    comparison: SpecComparison,
}

async fn read(slug: String, before: Option<i64>, after: Option<i64>) -> ApiResult<Compared> {
    let versions = api::specs::list_spec_versions(&slug).await?;
    let newest = versions.first().map_or(1, |version| version.number);
    let after = after.unwrap_or(newest);
    let before = before.unwrap_or_else(|| (after - 1).max(1));
    let comparison = api::specs::compare_spec_versions(&slug, before, after).await?;
    Ok(Compared {
        versions,
        before,
        after,
        comparison,
    })
}

/// The page; which versions is in the address.
#[component]
pub fn CompareSpecPage() -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let query = use_query_map();
    let number = move |name: &str| query.with(|query| query.get(name)?.parse::<i64>().ok());
    let pair = Memo::new(move |_| (number("before"), number("after")));
    let compared = Remote::new({
        let slug = slug.clone();
        move || {
            let (before, after) = pair.get();
            read(slug.clone(), before, after)
        }
    });
    let lead = Signal::derive(move || compared.get().map(|c| answer(&c)).unwrap_or_default());
    let back = Address::at(&slug, Place::Spec).to_string();
    view! {
        <div class="page">
            <PageHeader title=Signal::stored("Compare versions of the spec".to_owned()) lead>
                <LinkButton href=back>"The newest version"</LinkButton>
            </PageHeader>
            <Loaded remote=compared shape=SkeletonShape::Page let:value>
                {move || content(value.get())}
            </Loaded>
        </div>
    }
}

fn answer(compared: &Compared) -> String {
    let comparison = &compared.comparison;
    format!(
        "From v{} to v{}: {} added, {} removed, {} changed, {} the same.",
        compared.before,
        compared.after,
        words::count(comparison.added.len(), "clause", "clauses"),
        comparison.removed.len(),
        comparison.changed.len(),
        comparison.unchanged
    )
}

fn content(compared: Compared) -> AnyView {
    let choose = choose(&compared);
    let SpecComparison {
        added,
        removed,
        changed,
        ..
    } = compared.comparison;
    let is_empty = added.is_empty() && removed.is_empty() && changed.is_empty();
    let nothing = is_empty.then(|| {
        let text = "Both versions have the same clauses; their order may differ.";
        view! { <EmptyState title="No difference" text /> }
    });
    let whole = |tone: Tone, word: &'static str, clause: &Clause| {
        view! {
            <li class="clause">
                <Badge tone text=word />
                {clause_view(clause)}
            </li>
        }
        .into_any()
    };
    let added = added
        .iter()
        .map(|clause| whole(Tone::Positive, "Added", clause));
    let removed = removed
        .iter()
        .map(|clause| whole(Tone::Negative, "Removed", clause));
    let changed = changed.iter().map(changed_view);
    let list: Vec<AnyView> = changed.chain(added).chain(removed).collect();
    view! {
        {choose}
        {nothing}
        <ol class="clauses">{list}</ol>
    }
    .into_any()
}

fn choose(compared: &Compared) -> AnyView {
    let slug = CurrentProject::expect().slug();
    let navigate = use_navigate();
    let (before, after) = (compared.before, compared.after);
    let go = Callback::new(move |(before, after): (i64, i64)| {
        let address = Address::at(&slug, Place::CompareSpec)
            .with("before", before)
            .with("after", after);
        navigate(&address.to_string(), in_place());
    });
    let choices = || {
        let versions = compared.versions.iter();
        let one = |version: &SpecVersionSummary| {
            Choice::new(version.number.to_string(), format!("v{}", version.number))
        };
        versions.map(one).collect::<Vec<_>>()
    };
    let number = |word: String| word.parse::<i64>().unwrap_or(1);
    view! {
        <div class="line">
            <Select
                label="Earlier"
                choices=choices()
                value=Signal::stored(before.to_string())
                on_change=move |word| go.run((number(word), after))
            />
            <Select
                label="Later"
                choices=choices()
                value=Signal::stored(after.to_string())
                on_change=move |word| go.run((before, number(word)))
            />
        </div>
    }
    .into_any()
}

fn changed_view(change: &ClauseChange) -> AnyView {
    let ClauseChange {
        fields,
        before,
        after,
    } = change;
    let fields: Vec<String> = fields.iter().map(|field| field.replace('_', " ")).collect();
    let only_text = fields == ["text"];
    let body = if only_text {
        text_diff(&before.text, &after.text)
    } else {
        view! {
            <div class="turns__sides">
                <div class="clause__side">{clause_view(before)}</div>
                <div class="clause__side">{clause_view(after)}</div>
            </div>
        }
        .into_any()
    };
    view! {
        <li class="clause">
            <div class="line">
                <Badge tone=Tone::Warning text="Changed" />
                <code class="clause__key">{after.key.clone()}</code>
                <span class="note">{fields.join(", ")}</span>
            </div>
            {body}
        </li>
    }
    .into_any()
}
