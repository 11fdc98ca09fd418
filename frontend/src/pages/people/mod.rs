//! Who has an account on this server?

pub mod add;
pub mod change;
pub mod password;

use leptos::prelude::*;
use shared::account::User;

use crate::{
    api,
    components::{
        Align, Badge, Button, ButtonKind, Cell, Column, Icon, PageHeader, Person, Problem,
        ProblemView, Table, TimeAgo, Tone, row_key,
    },
    keys::{Command, use_command},
    remote::{Loaded, Remote},
    session::CurrentSession,
    words,
};
use add::AddPerson;
use change::ChangeButtons;

/// The accounts, for administrators.
#[component]
pub fn PeoplePage() -> impl IntoView {
    if !untrack(|| CurrentSession::expect().is_admin()) {
        let problem = Problem {
            title: "For administrators".to_owned(),
            detail: "Only an administrator can see and change the accounts of this server."
                .to_owned(),
            request_id: None,
            may_retry: false,
        };
        return view! { <div class="page"><ProblemView problem /></div> }.into_any();
    }
    view! { <People /> }.into_any()
}

#[component]
fn People() -> impl IntoView {
    let people = Remote::new(api::users::list_users);
    let adding = RwSignal::new(false);
    use_command(Command::new("Add a person", move || adding.set(true)).key("a"));
    let title = Signal::stored("People".to_owned());
    let lead = Signal::derive(move || people.get().map(|list| answer(&list)).unwrap_or_default());
    view! {
        <div class="page">
            <PageHeader title lead>
                <Button kind=ButtonKind::Primary icon=Icon::Add on_press=move |()| adding.set(true)>
                    "Add a person"
                </Button>
            </PageHeader>
            <Loaded remote=people let:list>
                <PeopleTable people list />
            </Loaded>
        </div>
        <AddPerson open=adding people />
    }
}

/// The first line: how many accounts there are, and how many of them can do everything.
fn answer(list: &[User]) -> String {
    let admins = list
        .iter()
        .filter(|user| user.is_admin && user.is_active)
        .count();
    let closed = list.iter().filter(|user| !user.is_active).count();
    let accounts = words::count(list.len(), "account", "accounts");
    let admins = words::count(admins, "administrator", "administrators");
    match closed {
        0 => format!("{accounts}, {admins}."),
        closed => format!("{accounts}, {admins}, {closed} deactivated."),
    }
}

#[component]
fn PeopleTable(people: Remote<Vec<User>>, list: Signal<Vec<User>>) -> impl IntoView {
    let columns = vec![
        Column::text("Person"),
        Column::text("Account"),
        Column::text("Made"),
        Column::actions(),
    ];
    view! {
        <Table caption="Accounts by name" columns>
            <For each=move || list.get() key=row_key let:user>
                {row(people, user)}
            </For>
        </Table>
    }
}

fn row(people: Remote<Vec<User>>, user: User) -> impl IntoView {
    let me = untrack(|| CurrentSession::expect().user());
    let is_self = me.is_some_and(|me| me.id == user.id);
    let (tone, word) = match (user.is_active, user.is_admin) {
        (false, _) => (Tone::Warning, "Deactivated"),
        (true, true) => (Tone::Positive, "Administrator"),
        (true, false) => (Tone::Neutral, "Member"),
    };
    let (name, email, made) = (user.name.clone(), user.email.clone(), user.created_at);
    view! {
        <tr role="row">
            <Cell>
                <Person name detail=email is_self />
            </Cell>
            <Cell label="Account">
                <Badge tone text=word />
            </Cell>
            <Cell label="Made">
                <TimeAgo at=made />
            </Cell>
            <Cell align=Align::End>
                <ChangeButtons people user />
            </Cell>
        </tr>
    }
}

#[cfg(test)]
pub mod tests {
    use chrono::DateTime;
    use shared::ids::UserId;

    use super::*;

    fn user(is_admin: bool, is_active: bool) -> User {
        User {
            id: "01890000-0000-7000-8000-000000000000"
                .parse::<UserId>()
                .unwrap(),
            name: "Ann".to_owned(),
            email: "ann@example.com".to_owned(),
            is_admin,
            is_active,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_first_line_counts_what_matters() {
        assert_eq!(answer(&[user(true, true)]), "1 account, 1 administrator.");
        let list = [user(true, true), user(true, false), user(false, true)];
        assert_eq!(answer(&list), "3 accounts, 1 administrator, 1 deactivated.");
    }
}
