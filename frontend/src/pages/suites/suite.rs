//! One version of a suite: what it holds a candidate to, and its items.

use leptos::prelude::*;
use shared::{account::Role, check::PassRule, ids::SuiteId, suite::Suite};

use super::{
    items::ItemsCard,
    list::lock_state,
    lock::{DeleteSuite, LockSuite},
};
use crate::{
    address::{Address, Place},
    api,
    components::{
        Badge, ButtonKind, Card, LinkButton, PageHeader, SkeletonShape, Stat, Stats, TimeAgo,
    },
    frame::CurrentProject,
    pages::checks::check_list,
    remote::{Loaded, Remote},
    words::material as words,
};

/// The page of one version.
#[component]
pub fn SuitePage(
    /// Which one.
    id: SuiteId,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let suite = Remote::new({
        let slug = slug.clone();
        move || api::suites::get_suite(&slug, id)
    });
    let title = Signal::derive(move || {
        let suite = suite.get();
        suite.map_or_else(String::new, |suite| {
            format!("{} v{}", suite.name, suite.version)
        })
    });
    let lead = Signal::derive(move || suite.get().map(|suite| answer(&suite)).unwrap_or_default());
    let may_write = untrack(|| CurrentProject::expect().allows(Role::Engineer));
    let next = Address::at(&slug, Place::NewSuite)
        .with("from", id)
        .to_string();
    let actions = move || {
        let value = suite.get().filter(|_| may_write)?;
        let href = next.clone();
        let change = (value.locked_at.is_none()).then(|| {
            view! {
                <DeleteSuite suite=value.clone() />
                <LockSuite suite=value.clone() remote=suite />
            }
        });
        Some(view! {
            <LinkButton kind=ButtonKind::Secondary href>
                "Next version"
            </LinkButton>
            {change}
        })
    };
    view! {
        <div class="page">
            <PageHeader title lead>
                {actions}
            </PageHeader>
            <Loaded remote=suite shape=SkeletonShape::Page let:value>
                {move || about(&value.get())}
                <ItemsCard id count=Memo::new(move |_| value.with(|suite| suite.item_count)) />
            </Loaded>
        </div>
    }
}

fn answer(suite: &Suite) -> String {
    let items = words::count(suite.item_count, "item", "items");
    if suite.locked_at.is_some() {
        format!("{items}, locked: this can never be changed, and a run can be judged by it.")
    } else {
        format!("{items}, not locked yet. Lock it before you train, or its verdict proves little.")
    }
}

/// When an item counts as passed, in a sentence.
#[must_use]
pub fn pass_rule(rule: PassRule) -> String {
    match rule {
        PassRule::AllChecks => "An item passes when all its checks pass.".to_owned(),
        PassRule::WeightedScore { threshold } => format!(
            "An item passes when the weighted share of passed checks is at least {}.",
            words::percent(threshold)
        ),
    }
}

fn about(suite: &Suite) -> AnyView {
    let suite = suite.clone();
    let (tone, state) = lock_state(&suite);
    let since = suite.locked_at.unwrap_or(suite.created_at);
    let verb = if suite.locked_at.is_some() {
        "Locked "
    } else {
        "Made "
    };
    let checks = (!suite.checks.is_empty()).then(|| {
        view! {
            <p class="note">"Every item has these checks besides its own:"</p>
            {check_list(&suite.checks)}
        }
    });
    let numbers = vec![
        Stat::new("Items", words::number(suite.item_count)),
        Stat::new("Kind", words::suite_kind(suite.kind)),
        Stat::new("Version", format!("v{}", suite.version)),
    ];
    view! {
        <Card title="What it decides">
            <div class="stack">
                <p class="line">
                    <Badge tone text=state />
                    <code>{suite.key.clone()}</code>
                    <span class="note">{verb} <TimeAgo at=since /></span>
                </p>
                <Stats stats=Signal::stored(numbers) />
                <p class="prose">
                    {words::suite_kind_help(suite.kind)} " " {words::gate(suite.gate)} ". "
                    {pass_rule(suite.pass_rule)}
                </p>
                {checks}
            </div>
        </Card>
    }
    .into_any()
}
