//! What changed here lately.

use leptos::prelude::*;
use shared::{page::Page, project::AuditEntry};

use crate::{
    address::{Address, SettingsTab},
    components::{ButtonKind, Card, LinkButton, TimeAgo},
    frame::CurrentProject,
    remote::{Loaded, Remote},
    words,
};

/// The newest changes.
#[component]
pub fn RecentCard(
    /// The newest changes.
    recent: Remote<Page<AuditEntry>>,
) -> impl IntoView {
    let href = Address::settings(CurrentProject::expect().slug(), SettingsTab::Audit).to_string();
    let actions = move || view! { <LinkButton kind=ButtonKind::Quiet href=href.clone()>"See all"</LinkButton> };
    view! {
        <Card title="Recent changes" actions>
            <Loaded remote=recent let:page>
                <ol class="feed">{move || page.get().items.into_iter().map(row).collect_view()}</ol>
            </Loaded>
        </Card>
    }
}

fn row(entry: AuditEntry) -> impl IntoView {
    let detail = (!entry.detail.is_empty()).then(|| {
        view! { <span class="feed__detail">{entry.detail.clone()}</span> }
    });
    view! {
        <li class="feed__item">
            <p class="feed__line">
                <span class="feed__deed">{words::deed(&entry.action)}</span>
                {detail}
            </p>
            <p class="feed__meta">{words::actor(&entry)} ", " <TimeAgo at=entry.at /></p>
        </li>
    }
}
