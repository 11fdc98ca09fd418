//! The project's name and description.

use leptos::prelude::*;
use shared::{
    account::Role,
    project::{Project, UpdateProject},
};

use crate::{
    api,
    components::{Button, ButtonKind, Form, FormActions, Notice, TextArea, TextInput, Toasts},
    frame::{CurrentProject, ProjectList},
    submit::Submit,
};

/// The form, or for others than owners a word on who may use it.
#[component]
pub fn GeneralTab() -> impl IntoView {
    let current = CurrentProject::expect();
    if !untrack(|| current.allows(Role::Owner)) {
        let text = "Only an owner of the project can change its name and description.";
        return view! { <Notice text /> }.into_any();
    }
    view! { <GeneralForm /> }.into_any()
}

#[component]
fn GeneralForm() -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    let before = untrack(|| current.get());
    let name = RwSignal::new(before.name);
    let description = RwSignal::new(before.description);
    let projects = ProjectList::expect();
    let toasts = Toasts::expect();
    let save = Submit::new(
        move |request| api::projects::update_project(slug.clone(), request),
        move |project: Project| {
            projects.keep(project);
            toasts.tell("Saved.");
        },
    );
    let is_unchanged = Signal::derive(move || {
        let project = current.get();
        name.get() == project.name && description.get() == project.description
    });
    let submit = move |()| {
        save.send(UpdateProject {
            name: Some(name.get_untracked()),
            description: Some(description.get_untracked()),
        });
    };
    view! {
        <div class="page__form">
            <Form on_submit=submit message=save.message(&["name", "description"])>
                <TextInput
                    label="Name"
                    help="At most 100 characters. The address of the project stays as it is."
                    value=name
                    error=save.field("name")
                />
                <TextArea
                    label="Description"
                    help="What is to be taught, and for whom."
                    value=description
                    error=save.field("description")
                    optional=true
                />
                <FormActions>
                    <Button
                        kind=ButtonKind::Primary
                        submit=true
                        pending=save.is_pending()
                        disabled=is_unchanged
                    >
                        "Save"
                    </Button>
                </FormActions>
            </Form>
        </div>
    }
}
