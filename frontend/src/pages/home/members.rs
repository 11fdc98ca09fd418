//! Who works here.

use leptos::prelude::*;
use shared::account::{Member, Role};

use crate::{
    address::{Address, SettingsTab},
    components::{ButtonKind, Card, LinkButton, Person},
    frame::CurrentProject,
    remote::{Loaded, Remote},
    words,
};

/// How many people are listed before the rest is a number.
const SHOWN: usize = 8;

/// The members of the project.
#[component]
pub fn MembersCard(
    /// The members.
    members: Remote<Vec<Member>>,
) -> impl IntoView {
    let current = CurrentProject::expect();
    let href = Address::settings(current.slug(), SettingsTab::Members).to_string();
    let actions = move || {
        let verb = if current.allows(Role::Owner) {
            "Manage"
        } else {
            "See all"
        };
        view! { <LinkButton kind=ButtonKind::Quiet href=href.clone()>{verb}</LinkButton> }
    };
    view! {
        <Card title="Members" actions>
            <Loaded remote=members let:list>
                <ul class="people">{move || list.get().into_iter().take(SHOWN).map(row).collect_view()}</ul>
                {move || rest(list.with(Vec::len))}
            </Loaded>
        </Card>
    }
}

fn row(member: Member) -> impl IntoView {
    view! {
        <li>
            <Person name=member.user.name detail=words::role(member.role) />
        </li>
    }
}

fn rest(count: usize) -> impl IntoView {
    let more = count.saturating_sub(SHOWN);
    (more > 0).then(|| view! { <p class="note">{format!("and {more} more")}</p> })
}
