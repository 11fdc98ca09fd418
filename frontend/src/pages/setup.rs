//! Makes the first account.

use leptos::prelude::*;
use shared::account::{MIN_PASSWORD_LENGTH, Session, SetupRequest};

use super::entrance::Entrance;
use crate::{
    address::Address,
    api,
    components::{Button, ButtonKind, Form, FormActions, InputKind, TextInput},
    frame::go_to,
    session::{CurrentSession, SessionState},
    submit::Submit,
};

/// The page that a new server leads to.
#[component]
pub fn SetupPage() -> impl IntoView {
    let session = CurrentSession::expect();
    let state = Memo::new(move |_| session.state());
    move || match state.get() {
        SessionState::SignedOut { .. } => go_to(&Address::SignIn { next: None }),
        SessionState::SignedIn(_) => go_to(&Address::Start),
        SessionState::Unknown => ().into_any(),
        SessionState::SetupNeeded | SessionState::Failed(_) => view! { <SetupForm /> }.into_any(),
    }
}

#[component]
fn SetupForm() -> impl IntoView {
    const FIELDS: &[&str] = &["code", "name", "email", "password"];
    let [code, name, email, password] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let session = CurrentSession::expect();
    let begin = move |made: Session| session.begin(made);
    let set_up = Submit::new(api::accounts::create_setup, begin);
    let submit = move |()| {
        set_up.send(SetupRequest {
            code: code.get_untracked(),
            name: name.get_untracked(),
            email: email.get_untracked(),
            password: password.get_untracked(),
        });
    };
    view! {
        <Entrance
            title="Set up Temper"
            lead="Make the first account. It is an administrator: it can add people and sees every project."
        >
            <Form on_submit=submit message=set_up.message(FIELDS)>
                <TextInput
                    label="One-time code"
                    help="The server printed it on its console when it started, so that nobody else can do this first."
                    kind=InputKind::Code
                    value=code
                    error=set_up.field("code")
                    focused=true
                />
                <TextInput label="Name" value=name error=set_up.field("name") />
                <TextInput
                    label="E-mail address"
                    help="To sign in with. No mail is sent to it."
                    kind=InputKind::OwnEmail
                    value=email
                    error=set_up.field("email")
                />
                <TextInput
                    label="Password"
                    help=format!("At least {MIN_PASSWORD_LENGTH} characters. A few words that do not belong together are good.")
                    kind=InputKind::NewPassword
                    value=password
                    error=set_up.field("password")
                />
                <FormActions>
                    <Button kind=ButtonKind::Primary submit=true pending=set_up.is_pending()>
                        "Make the account"
                    </Button>
                </FormActions>
            </Form>
        </Entrance>
    }
}
