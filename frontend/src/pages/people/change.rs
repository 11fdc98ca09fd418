//! What an administrator does to an account.

use leptos::prelude::*;
use shared::account::{UpdateUser, User};

use super::password::ResetPassword;
use crate::{
    api,
    components::{Button, ButtonKind, Confirm, Toasts, toast::complain},
    remote::Remote,
    submit::Submit,
};

/// The buttons at the end of a row.
#[component]
pub fn ChangeButtons(
    /// The list to read again.
    people: Remote<Vec<User>>,
    /// Whose account.
    user: User,
) -> impl IntoView {
    let resetting = RwSignal::new(false);
    let deactivating = RwSignal::new(false);
    let change = use_change(people, &user);
    let (name, is_admin) = (user.name.clone(), user.is_admin);
    let role_label = if is_admin {
        "Make a member"
    } else {
        "Make an administrator"
    };
    let toggle_admin = move |()| {
        change.send(UpdateUser {
            is_admin: Some(!is_admin),
            ..UpdateUser::default()
        });
    };
    let set_active = move |is_active| {
        change.send(UpdateUser {
            is_active: Some(is_active),
            ..UpdateUser::default()
        });
    };
    let deactivate = move |()| {
        deactivating.set(false);
        set_active(false);
    };
    let whole = move |verb: &str| format!("{verb}: {name}");
    let buttons = if user.is_active {
        view! {
            <Button kind=ButtonKind::Quiet label=whole(role_label) on_press=toggle_admin>
                {role_label}
            </Button>
            <Button
                kind=ButtonKind::Quiet
                label=whole("Reset password")
                on_press=move |()| resetting.set(true)
            >
                "Reset password"
            </Button>
            <Button
                kind=ButtonKind::Quiet
                label=whole("Deactivate")
                on_press=move |()| deactivating.set(true)
            >
                "Deactivate"
            </Button>
        }
        .into_any()
    } else {
        view! {
            <Button
                kind=ButtonKind::Quiet
                label=whole("Activate")
                on_press=move |()| set_active(true)
            >
                "Activate"
            </Button>
        }
        .into_any()
    };
    let title = Signal::stored(format!("Deactivate {}?", user.name));
    view! {
        <div class="table__buttons">{buttons}</div>
        <Confirm
            open=deactivating
            title
            text=Signal::stored(DEACTIVATE.to_owned())
            action="Deactivate"
            pending=change.is_pending()
            on_confirm=deactivate
        />
        <ResetPassword open=resetting user />
    }
}

const DEACTIVATE: &str = "Their sessions end now and their API tokens are deleted. What they made \
    stays, and the account can be activated again.";

/// Changes the account, keeps the list to it, and says when it was refused.
fn use_change(people: Remote<Vec<User>>, user: &User) -> Submit<UpdateUser> {
    let id = user.id;
    let toasts = Toasts::expect();
    let change = Submit::new(
        move |request| api::users::update_user(id, request),
        move |user: User| {
            toasts.tell(format!("The account of {} was changed.", user.name));
            people.edit(|list| {
                if let Some(known) = list.iter_mut().find(|known| known.id == user.id) {
                    *known = user;
                }
            });
        },
    );
    complain(change.message(&[]), toasts);
    change
}
