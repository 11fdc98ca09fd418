//! The versions of the spec, newest first, each with what it changed one click away.

use leptos::prelude::*;
use shared::spec::SpecVersionSummary;

use crate::{
    address::{Address, Place},
    components::{Card, TimeAgo},
    frame::CurrentProject,
    words,
};

/// The list.
#[component]
pub fn VersionsCard(
    /// All versions, newest first.
    versions: Vec<SpecVersionSummary>,
    /// The one in view.
    number: i64,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let row = |version: SpecVersionSummary| {
        let at = version.number;
        let href = Address::at(&slug, Place::Spec)
            .with("version", at)
            .to_string();
        let compare = Address::at(&slug, Place::CompareSpec)
            .with("before", at - 1)
            .with("after", at)
            .to_string();
        let changes = (at > 1).then(|| {
            view! {
                ", "
                <a href=compare>"changes"</a>
            }
        });
        let clauses = usize::try_from(version.clause_count).unwrap_or_default();
        let note =
            (!version.note.is_empty()).then(|| view! { <p class="feed__line">{version.note}</p> });
        view! {
            <li class="feed__item">
                <p class="feed__line">
                    <a
                        class="feed__deed"
                        href=href
                        aria-current=(at == number).then_some("true")
                    >
                        {format!("v{at}")}
                    </a>
                    {(at == number).then_some("in view")}
                </p>
                {note}
                <p class="feed__meta">
                    {words::count(clauses, "clause", "clauses")} ", "
                    <TimeAgo at=version.created_at />
                    {changes}
                </p>
            </li>
        }
    };
    let rows = versions.into_iter().map(row).collect_view();
    view! {
        <Card title="Versions" lead="A version never changes.">
            <ol class="feed">{rows}</ol>
        </Card>
    }
}
