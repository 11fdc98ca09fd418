//! Makes a token, and shows its secret once.

use leptos::prelude::*;
use shared::account::{ApiToken, CreateApiToken, CreatedApiToken};

use crate::{
    api,
    components::{
        Button, ButtonKind, CodeBlock, Dialog, Form, FormActions, Notice, NoticeKind, TextInput,
    },
    remote::Remote,
    submit::Submit,
};

/// The dialog.
#[component]
pub fn CreateToken(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The list that the new token belongs to.
    tokens: Remote<Vec<ApiToken>>,
) -> impl IntoView {
    view! {
        <Dialog open title="New token".to_owned()>
            <CreateSteps open tokens />
        </Dialog>
    }
}

#[component]
fn CreateSteps(open: RwSignal<bool>, tokens: Remote<Vec<ApiToken>>) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let secret = RwSignal::new(None::<String>);
    let create = Submit::new(api::tokens::create_token, move |made: CreatedApiToken| {
        tokens.edit(|list| list.insert(0, made.token));
        secret.set(Some(made.secret));
    });
    let submit = move |()| {
        create.send(CreateApiToken {
            name: name.get_untracked(),
        });
    };
    let form = move || {
        view! {
            <Form on_submit=submit message=create.message(&["name"])>
                <TextInput
                    label="Name"
                    help="What it is for, so that you know later which one to delete."
                    value=name
                    error=create.field("name")
                    focused=true
                />
                <FormActions>
                    <Button kind=ButtonKind::Primary submit=true pending=create.is_pending()>
                        "Make the token"
                    </Button>
                    <Button on_press=move |()| open.set(false)>"Cancel"</Button>
                </FormActions>
            </Form>
        }
    };
    move || match secret.get() {
        None => form().into_any(),
        Some(secret) => view! { <Secret secret open /> }.into_any(),
    }
}

#[component]
fn Secret(secret: String, open: RwSignal<bool>) -> impl IntoView {
    let text = "Copy it now: it is shown this once, and only its hash is kept.";
    view! {
        <Notice kind=NoticeKind::Warning text />
        <CodeBlock label="The token" text=secret />
        <p class="note">"Send it as the header " <code>"Authorization: Bearer"</code> "."</p>
        <div class="dialog__actions">
            <Button kind=ButtonKind::Primary on_press=move |()| open.set(false)>"I have it"</Button>
        </div>
    }
}
