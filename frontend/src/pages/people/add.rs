//! Makes an account.

use leptos::prelude::*;
use shared::account::{CreateUser, MIN_PASSWORD_LENGTH, User};

use crate::{
    api,
    components::{
        Button, ButtonKind, Checkbox, Dialog, Form, FormActions, InputKind, TextInput, Toasts,
    },
    remote::Remote,
    submit::Submit,
};

/// The dialog.
#[component]
pub fn AddPerson(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The list that the new account belongs to.
    people: Remote<Vec<User>>,
) -> impl IntoView {
    view! {
        <Dialog open title="Add a person".to_owned()>
            <AddPersonForm open people />
        </Dialog>
    }
}

#[component]
fn AddPersonForm(open: RwSignal<bool>, people: Remote<Vec<User>>) -> impl IntoView {
    let [name, email, password] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let is_admin = RwSignal::new(false);
    let toasts = Toasts::expect();
    let add = Submit::new(api::users::create_user, move |user: User| {
        open.set(false);
        people.reload();
        toasts.tell(format!("{} has an account now.", user.name));
    });
    let submit = move |()| {
        add.send(CreateUser {
            name: name.get_untracked(),
            email: email.get_untracked(),
            password: password.get_untracked(),
            is_admin: is_admin.get_untracked(),
        });
    };
    view! {
        <Form on_submit=submit message=add.message(&["name", "email", "password"])>
            <TextInput label="Name" value=name error=add.field("name") focused=true />
            <TextInput
                label="E-mail address"
                help="To sign in with. No mail is sent to it."
                kind=InputKind::Email
                value=email
                error=add.field("email")
            />
            <TextInput
                label="First password"
                help=format!("At least {MIN_PASSWORD_LENGTH} characters. Hand it over in person; you can reset it here.")
                kind=InputKind::NewPassword
                value=password
                error=add.field("password")
            />
            <Checkbox
                label="Administrator"
                help="Manages accounts and sees every project. Off for most people."
                value=is_admin
            />
            <FormActions>
                <Button kind=ButtonKind::Primary submit=true pending=add.is_pending()>
                    "Add"
                </Button>
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
            </FormActions>
        </Form>
    }
}
