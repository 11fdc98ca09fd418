//! A version of the spec, to be read: by people who label as much as by people who build.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use shared::{
    account::Role,
    spec::{Clause, Priority, SpecVersion, SpecVersionSummary},
};

use super::{clause::clause_view, versions::VersionsCard};
use crate::{
    address::{Address, Place},
    api::{self, ApiResult},
    components::{ButtonKind, EmptyState, LinkButton, PageHeader, SkeletonShape},
    frame::CurrentProject,
    keys::{Command, use_command},
    remote::{Loaded, Remote},
    words,
};

/// What the page reads: every version in short, and one with its clauses.
#[derive(Clone, Debug, PartialEq)]
pub struct SpecInView {
    /// All versions, newest first.
    pub versions: Vec<SpecVersionSummary>,
    /// The one in view; absent where there is none yet.
    pub current: Option<SpecVersion>,
}

/// Reads the versions, and of one of them its clauses: the newest unless another is named.
pub async fn read_spec(slug: String, number: Option<i64>) -> ApiResult<SpecInView> {
    let versions = api::specs::list_spec_versions(&slug).await?;
    let newest = versions.first().map(|version| version.number);
    let current = match number.or(newest) {
        Some(number) => Some(api::specs::get_spec_version(&slug, number).await?),
        None => None,
    };
    Ok(SpecInView { versions, current })
}

/// The page.
#[component]
pub fn SpecPage() -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    let query = use_query_map();
    let number = Memo::new(move |_| query.with(|query| query.get("version")?.parse::<i64>().ok()));
    let spec = Remote::new({
        let slug = slug.clone();
        move || read_spec(slug.clone(), number.get())
    });
    let may_write = untrack(|| current.allows(Role::Engineer));
    let edit = Address::at(&slug, Place::EditSpec).to_string();
    if may_write {
        let (navigate, edit) = (leptos_router::hooks::use_navigate(), edit.clone());
        let go = move || navigate(&edit, leptos_router::NavigateOptions::default());
        use_command(Command::new("Edit the spec", go).key("e"));
    }
    let lead = Signal::derive(move || spec.get().map(|spec| answer(&spec)).unwrap_or_default());
    let verb = move || {
        let newest = spec.with(|s| Some(s.value.as_ref()?.versions.first()?.number));
        newest.map_or("Write the first version".to_owned(), |newest| {
            format!("Edit into v{}", newest + 1)
        })
    };
    let action = may_write.then(|| {
        let href = edit.clone();
        view! {
            <LinkButton kind=ButtonKind::Primary href>
                {verb}
            </LinkButton>
        }
    });
    view! {
        <div class="page">
            <PageHeader title=Signal::stored("Spec".to_owned()) lead>
                {action}
            </PageHeader>
            <Loaded remote=spec shape=SkeletonShape::Page let:value>
                {move || content(value.get())}
            </Loaded>
        </div>
    }
}

fn answer(spec: &SpecInView) -> String {
    let Some(current) = &spec.current else {
        return "Nothing is specified yet.".to_owned();
    };
    let is_newest = spec
        .versions
        .first()
        .is_some_and(|newest| newest.number == current.summary.number);
    let old = if is_newest {
        ""
    } else {
        " This is not the newest version."
    };
    let must = current.clauses.iter();
    let must = must
        .filter(|clause| clause.priority == Priority::Must)
        .count();
    let unchecked = current.clauses.iter();
    let unchecked = unchecked.filter(|clause| clause.checks.is_empty()).count();
    format!(
        "v{}: {}, {must} of them must hold; {} only by a person.{old}",
        current.summary.number,
        words::count(current.clauses.len(), "clause", "clauses"),
        words::count(unchecked, "can be decided", "can be decided"),
    )
}

fn content(spec: SpecInView) -> AnyView {
    let Some(current) = spec.current else {
        let text = "A spec is a list of clauses: each says one thing about the output that can be observed, with examples that keep it and break it, and checks for what needs no person. Everything later refers to it: labels, suites, evaluations, reports.";
        return view! { <EmptyState title="No spec yet" text /> }.into_any();
    };
    let number = current.summary.number;
    let clauses = current.clauses.iter().map(|clause: &Clause| {
        view! { <li class="clause">{clause_view(clause)}</li> }
    });
    view! {
        <div class="columns">
            <div class="columns__main">
                <ol class="clauses">{clauses.collect_view()}</ol>
            </div>
            <div class="columns__side">
                <VersionsCard versions=spec.versions number />
            </div>
        </div>
    }
    .into_any()
}
