//! Writes the next version of a prompt.

use leptos::prelude::*;
use shared::prompt::{CreatePromptVersion, Prompt, PromptVersion};

use crate::{
    api::{self, ApiError},
    components::{
        Button, ButtonKind, Card, Form, FormActions, Notice, NoticeKind, TextArea, TextInput,
        Toasts, text_diff::text_diff,
    },
    frame::CurrentProject,
    remote::Remote,
    submit::Submit,
};

/// The form; what is written stays in it until it is saved.
#[component]
pub fn EditPrompt(
    /// The prompt as it was when the edit began.
    prompt: Prompt,
    /// The prompt as it is.
    remote: Remote<Prompt>,
    /// Open as long as this is true.
    editing: RwSignal<bool>,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let toasts = Toasts::expect();
    let id = prompt.id;
    let base = prompt.versions.into_iter().next();
    let text = base.as_ref().map(|base| base.system.clone());
    let based_on = RwSignal::new(base.as_ref().map_or(0, |base| base.number));
    let system = RwSignal::new(text.clone().unwrap_or_default());
    let note = RwSignal::new(String::new());
    let save = Submit::new(
        move |request| api::prompts::create_prompt_version(slug.clone(), id, request),
        move |version: PromptVersion| {
            toasts.tell(format!("v{} is saved.", version.number));
            editing.set(false);
            remote.reload();
        },
    );
    let error = save.error();
    let is_conflict = Memo::new(move |_| matches!(error.get(), Some(ApiError::Conflict(_))));
    Effect::new(move |_| {
        if is_conflict.get() {
            remote.reload();
        }
    });
    let submit = move |()| {
        save.send(CreatePromptVersion {
            based_on: based_on.get_untracked(),
            system: system.get_untracked(),
            note: note.get_untracked(),
        });
    };
    let old = StoredValue::new(text.unwrap_or_default());
    let newer = move || {
        let newest = remote.with(|state| state.value.as_ref()?.versions.first().cloned())?;
        let is_newer = is_conflict.get() && newest.number > based_on.get();
        is_newer.then(|| {
            let number = newest.number;
            let text = format!(
                "v{number} was saved meanwhile. Your text is still here: bring over by hand what \
                 is needed of the changes below, then save on top of it."
            );
            view! {
                <div class="conflict">
                    <Notice kind=NoticeKind::Warning text />
                    {old.with_value(|old| text_diff(old, &newest.system))}
                    <div>
                        <Button on_press=move |()| {
                            based_on.set(number);
                            save.clear();
                        }>{format!("Go on from v{number}")}</Button>
                    </div>
                </div>
            }
        })
    };
    let message = save.message(&["system", "note"]);
    let message = Signal::derive(move || message.get().filter(|_| !is_conflict.get()));
    view! {
        <Card title="Next version">
            <Form on_submit=submit message>
                {newer}
                <TextArea
                    label="System message"
                    help="Stands in front of what the user writes. Empty for none."
                    value=system
                    error=save.field("system")
                    optional=true
                    rows=8
                />
                <TextInput
                    label="Note"
                    help="What is different, and why."
                    value=note
                    error=save.field("note")
                    optional=true
                />
                <FormActions>
                    <Button kind=ButtonKind::Primary submit=true pending=save.is_pending()>
                        {move || format!("Save as v{}", based_on.get() + 1)}
                    </Button>
                    <Button on_press=move |()| editing.set(false)>"Cancel"</Button>
                </FormActions>
            </Form>
        </Card>
    }
}
