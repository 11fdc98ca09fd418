//! Signs in, and leads back to where a session was needed.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use shared::account::{Session, SignInRequest};

use super::entrance::Entrance;
use crate::{
    address::Address,
    api,
    components::{Button, ButtonKind, Form, FormActions, InputKind, TextInput},
    frame::{GoTo, go_to},
    session::{CurrentSession, SessionState},
    submit::Submit,
};

/// The page for everybody who is not signed in.
#[component]
pub fn SignInPage() -> impl IntoView {
    let session = CurrentSession::expect();
    let state = Memo::new(move |_| session.state());
    let query = use_query_map();
    let next = move || query.with_untracked(|query| Address::safe_next(query.get_str("next")));
    move || match state.get() {
        SessionState::SetupNeeded => go_to(&Address::Setup),
        SessionState::SignedIn(_) => view! { <GoTo path=next() /> }.into_any(),
        SessionState::Unknown => ().into_any(),
        SessionState::SignedOut { .. } | SessionState::Failed(_) => {
            view! { <SignInForm /> }.into_any()
        }
    }
}

#[component]
fn SignInForm() -> impl IntoView {
    const FIELDS: &[&str] = &["email", "password"];
    let email = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let session = CurrentSession::expect();
    let begin = move |made: Session| session.begin(made);
    let sign_in = Submit::new(api::accounts::create_session, begin);
    let submit = move |()| {
        sign_in.send(SignInRequest {
            email: email.get_untracked(),
            password: password.get_untracked(),
        });
    };
    view! {
        <Entrance title="Sign in" lead="Your administrator made your account and knows its address.">
            <Form on_submit=submit message=sign_in.message(FIELDS)>
                <TextInput
                    label="E-mail address"
                    kind=InputKind::OwnEmail
                    value=email
                    error=sign_in.field("email")
                    focused=true
                />
                <TextInput
                    label="Password"
                    kind=InputKind::Password
                    value=password
                    error=sign_in.field("password")
                />
                <FormActions>
                    <Button kind=ButtonKind::Primary submit=true pending=sign_in.is_pending()>
                        "Sign in"
                    </Button>
                </FormActions>
            </Form>
        </Entrance>
    }
}
