//! The members of a project and their roles.

use leptos::prelude::*;
use shared::account::{Member, PutMember, Role, User};

use super::add_member::AddMember;
use crate::{
    api,
    components::{
        Align, Badge, Button, ButtonKind, Card, Cell, Choice, Column, Icon, Person, Select, Table,
        Toasts,
    },
    frame::CurrentProject,
    keys::{Command, use_command},
    remote::{Loaded, Remote},
    session::CurrentSession,
    submit::Submit,
    words,
};

/// The members, and for an owner the means to change them.
#[component]
pub fn MembersTab() -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    let members = Remote::new(move || api::members::list_members(&slug));
    let adding = RwSignal::new(false);
    let is_owner = untrack(|| current.allows(Role::Owner));
    if is_owner {
        use_command(Command::new("Add a member", move || adding.set(true)).key("a"));
    }
    let actions = move || {
        is_owner.then(|| {
            view! {
                <Button kind=ButtonKind::Primary icon=Icon::Add on_press=move |()| adding.set(true)>
                    "Add a member"
                </Button>
            }
        })
    };
    view! {
        <Card title="Members" lead="Each role may do all that the ones below it may." actions>
            <Loaded remote=members let:list>
                <MemberTable members list />
            </Loaded>
            <RoleHelp />
        </Card>
        <AddMember open=adding members />
    }
}

#[component]
fn RoleHelp() -> impl IntoView {
    let row = |role: &Role| {
        view! {
            <div class="roles__row">
                <dt>{words::role(*role)}</dt>
                <dd>{words::role_help(*role)}</dd>
            </div>
        }
    };
    view! { <dl class="roles">{Role::ALL.iter().map(row).collect_view()}</dl> }
}

#[component]
fn MemberTable(members: Remote<Vec<Member>>, list: Signal<Vec<Member>>) -> impl IntoView {
    let is_owner = untrack(|| CurrentProject::expect().allows(Role::Owner));
    let mut columns = vec![Column::text("Person"), Column::text("Role")];
    if is_owner {
        columns.push(Column::actions());
    }
    view! {
        <Table caption="Members by name" columns>
            <For each=move || list.get() key=|member| member.user.id let:member>
                <MemberRow members member is_owner />
            </For>
        </Table>
    }
}

#[component]
fn MemberRow(members: Remote<Vec<Member>>, member: Member, is_owner: bool) -> impl IntoView {
    let me = untrack(|| CurrentSession::expect().user());
    let is_self = me.is_some_and(|me| me.id == member.user.id);
    let role = role_of(members, &member);
    let (name, email, user) = (
        member.user.name.clone(),
        member.user.email.clone(),
        member.user.clone(),
    );
    view! {
        <tr role="row">
            <Cell>
                <Person name detail=email is_self />
            </Cell>
            <Cell label="Role">
                {if is_owner {
                    view! { <RoleSelect members role user /> }.into_any()
                } else {
                    (move || view! { <Badge text=words::role(role.get()) /> }).into_any()
                }}
            </Cell>
            {is_owner
                .then(|| {
                    view! {
                        <Cell align=Align::End>
                            <RemoveMember members member />
                        </Cell>
                    }
                })}
        </tr>
    }
}

#[component]
fn RoleSelect(members: Remote<Vec<Member>>, role: Memo<Role>, user: User) -> impl IntoView {
    let put = use_put(members);
    let choices = Role::ALL
        .iter()
        .map(|role| Choice::new(*role, words::role(*role)))
        .collect();
    let label = format!("Role of {}", user.name);
    let change = move |role| {
        put.send(PutMember {
            email: user.email.clone(),
            role,
        });
    };
    view! {
        <Select
            label
            choices
            value=role
            on_change=change
            bare=true
            disabled=put.is_pending()
        />
    }
}

/// The role that a member has now; the row stays when it changes, and with it the focus.
fn role_of(members: Remote<Vec<Member>>, member: &Member) -> Memo<Role> {
    let (id, first) = (member.user.id, member.role);
    Memo::new(move |_| {
        members.with(|state| {
            let list = state.value.map_or(&[][..], Vec::as_slice);
            list.iter()
                .find(|member| member.user.id == id)
                .map_or(first, |member| member.role)
        })
    })
}

/// Gives a role, keeps the list to the answer, and says when it was refused.
fn use_put(members: Remote<Vec<Member>>) -> Submit<PutMember> {
    let slug = CurrentProject::expect().slug();
    let toasts = Toasts::expect();
    let put = Submit::new(
        move |request| api::members::put_member(slug.clone(), request),
        move |_: Member| members.reload(),
    );
    complain(put.message(&[]), members, toasts);
    put
}

#[component]
fn RemoveMember(members: Remote<Vec<Member>>, member: Member) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let toasts = Toasts::expect();
    let Member { user, role } = member;
    let label = format!("Remove {}", user.name);
    let bring_back = {
        let (slug, email) = (slug.clone(), user.email.clone());
        move || {
            undo(
                members,
                toasts,
                slug.clone(),
                PutMember {
                    email: email.clone(),
                    role,
                },
            );
        }
    };
    let text = format!("{} was removed from the project.", user.name);
    let remove = Submit::new(
        move |()| api::members::delete_member(slug.clone(), user.id),
        move |()| {
            members.edit(|list| list.retain(|member| member.user.id != user.id));
            toasts.offer_undo(text.clone(), bring_back.clone());
        },
    );
    complain(remove.message(&[]), members, toasts);
    view! {
        <Button
            kind=ButtonKind::Quiet
            label
            pending=remove.is_pending()
            on_press=move |()| remove.send(())
        >
            "Remove"
        </Button>
    }
}

fn undo(members: Remote<Vec<Member>>, toasts: Toasts, slug: String, request: PutMember) {
    leptos::task::spawn_local(async move {
        match api::members::put_member(slug, request).await {
            Ok(_) => members.reload(),
            Err(error) => toasts.complain(error.problem().text()),
        }
    });
}

/// A refused change of a row: the list is read again, so that the row shows what is.
fn complain(message: Signal<Option<String>>, members: Remote<Vec<Member>>, toasts: Toasts) {
    Effect::new(move |_| {
        if let Some(message) = message.get() {
            toasts.complain(message);
            members.reload();
        }
    });
}
