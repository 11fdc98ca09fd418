//! Gives an account a new password.

use leptos::prelude::*;
use shared::account::{MIN_PASSWORD_LENGTH, UpdateUser, User};

use crate::{
    api,
    components::{Button, ButtonKind, Dialog, Form, FormActions, InputKind, TextInput, Toasts},
    submit::Submit,
};

/// The dialog.
#[component]
pub fn ResetPassword(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// Whose account.
    user: User,
) -> impl IntoView {
    let title = Signal::stored(format!("New password for {}", user.name));
    view! {
        <Dialog open title>
            <ResetForm open user=user.clone() />
        </Dialog>
    }
}

#[component]
fn ResetForm(open: RwSignal<bool>, user: User) -> impl IntoView {
    let password = RwSignal::new(String::new());
    let toasts = Toasts::expect();
    let id = user.id;
    let reset = Submit::new(
        move |request| api::users::update_user(id, request),
        move |user: User| {
            open.set(false);
            toasts.tell(format!(
                "{} has a new password and is signed out everywhere.",
                user.name
            ));
        },
    );
    let submit = move |()| {
        let password = Some(password.get_untracked());
        reset.send(UpdateUser {
            password,
            ..UpdateUser::default()
        });
    };
    view! {
        <Form on_submit=submit message=reset.message(&["password"])>
            <TextInput
                label="New password"
                help=format!("At least {MIN_PASSWORD_LENGTH} characters. Every session of the account ends.")
                kind=InputKind::NewPassword
                value=password
                error=reset.field("password")
                focused=true
            />
            <FormActions>
                <Button kind=ButtonKind::Primary submit=true pending=reset.is_pending()>
                    "Set the password"
                </Button>
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
            </FormActions>
        </Form>
    }
}
