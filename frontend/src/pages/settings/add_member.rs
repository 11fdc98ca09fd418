//! Adds somebody with an account to a project.

use leptos::prelude::*;
use shared::account::{Member, PutMember, Role};

use crate::{
    api,
    components::{
        Button, ButtonKind, Choice, Dialog, Form, FormActions, InputKind, Select, TextInput, Toasts,
    },
    frame::CurrentProject,
    remote::Remote,
    submit::Submit,
    words,
};

/// The dialog.
#[component]
pub fn AddMember(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The list that the new member belongs to.
    members: Remote<Vec<Member>>,
) -> impl IntoView {
    view! {
        <Dialog open title="Add a member".to_owned()>
            <AddMemberForm open members />
        </Dialog>
    }
}

#[component]
fn AddMemberForm(open: RwSignal<bool>, members: Remote<Vec<Member>>) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let toasts = Toasts::expect();
    let email = RwSignal::new(String::new());
    let role = RwSignal::new(Role::Engineer);
    let add = Submit::new(
        move |request| api::members::put_member(slug.clone(), request),
        move |member: Member| {
            open.set(false);
            members.reload();
            toasts.tell(format!(
                "{} is {} now.",
                member.user.name,
                words::role(member.role)
            ));
        },
    );
    let submit = move |()| {
        add.send(PutMember {
            email: email.get_untracked(),
            role: role.get_untracked(),
        });
    };
    let choices = Role::ALL
        .iter()
        .map(|role| Choice::new(*role, words::role(*role)));
    view! {
        <Form on_submit=submit message=add.message(&["email"])>
            <TextInput
                label="E-mail address"
                help="Of somebody who has an account on this server."
                kind=InputKind::Email
                value=email
                error=add.field("email")
                focused=true
            />
            <Select
                label="Role"
                choices=choices.collect()
                value=role
                on_change=move |chosen| role.set(chosen)
            />
            <p class="note" aria-live="polite">
                {move || words::role_help(role.get())}
            </p>
            <FormActions>
                <Button kind=ButtonKind::Primary submit=true pending=add.is_pending()>
                    "Add"
                </Button>
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
            </FormActions>
        </Form>
    }
}
