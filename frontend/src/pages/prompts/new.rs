//! Makes a prompt with its first version.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::prompt::{CreatePrompt, Prompt};

use crate::{
    address::{Address, Place},
    api,
    components::{Button, ButtonKind, Dialog, DialogSize, Form, FormActions, TextArea, TextInput},
    frame::CurrentProject,
    submit::Submit,
};

/// The dialog.
#[component]
pub fn NewPrompt(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    view! {
        <Dialog open title="New prompt".to_owned() size=DialogSize::Wide>
            <NewPromptForm open />
        </Dialog>
    }
}

#[component]
fn NewPromptForm(open: RwSignal<bool>) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let name = RwSignal::new(String::new());
    let system = RwSignal::new(String::new());
    let note = RwSignal::new(String::new());
    let navigate = use_navigate();
    let home = slug.clone();
    let create = Submit::new(
        move |request| api::prompts::create_prompt(slug.clone(), request),
        move |prompt: Prompt| {
            let address = Address::at(&home, Place::Prompt(prompt.id)).to_string();
            navigate(&address, NavigateOptions::default());
        },
    );
    let submit = move |()| {
        create.send(CreatePrompt {
            name: name.get_untracked(),
            system: system.get_untracked(),
            note: note.get_untracked(),
        });
    };
    view! {
        <Form on_submit=submit message=create.message(&["name", "system", "note"])>
            <TextInput
                label="Name"
                help="At most 100 characters, and no other prompt's."
                value=name
                error=create.field("name")
                focused=true
            />
            <TextArea
                label="System message"
                help="Stands in front of what the user writes. Empty for none: a baseline without instructions."
                value=system
                error=create.field("system")
                optional=true
                rows=8
            />
            <TextInput
                label="Note"
                help="Why it is made."
                value=note
                error=create.field("note")
                optional=true
            />
            <FormActions>
                <Button kind=ButtonKind::Primary submit=true pending=create.is_pending()>
                    "Make the prompt"
                </Button>
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
            </FormActions>
        </Form>
    }
}
