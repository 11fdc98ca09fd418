//! Makes a project.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::project::{CreateProject, Project};

use crate::{
    address::Address,
    api,
    components::{
        Button, ButtonKind, Form, FormActions, LinkButton, PageHeader, TextArea, TextInput,
    },
    frame::ProjectList,
    submit::Submit,
};

/// The form for a new project.
#[component]
pub fn NewProjectPage() -> impl IntoView {
    let name = RwSignal::new(String::new());
    let description = RwSignal::new(String::new());
    let projects = ProjectList::expect();
    let navigate = use_navigate();
    let create = Submit::new(api::projects::create_project, move |project: Project| {
        let address = Address::project(&project.slug);
        projects.keep(project);
        navigate(&address.to_string(), NavigateOptions::default());
    });
    let submit = move |()| {
        create.send(CreateProject {
            name: name.get_untracked(),
            description: description.get_untracked(),
        });
    };
    let title = Signal::stored("New project".to_owned());
    let lead =
        Signal::stored("One behaviour to teach, to one model. You become its owner.".to_owned());
    view! {
        <div class="page page--narrow">
            <PageHeader title lead />
            <Form on_submit=submit message=create.message(&["name", "description"])>
                <TextInput
                    label="Name"
                    help="At most 100 characters. Its address is made from it and stays, even if you rename it."
                    value=name
                    error=create.field("name")
                    focused=true
                />
                <TextArea
                    label="Description"
                    help="What is to be taught, and for whom. Everybody in the project reads it on the home page."
                    value=description
                    error=create.field("description")
                    optional=true
                />
                <FormActions>
                    <Button kind=ButtonKind::Primary submit=true pending=create.is_pending()>
                        "Make the project"
                    </Button>
                    <LinkButton href=Address::Projects.to_string()>"Cancel"</LinkButton>
                </FormActions>
            </Form>
        </div>
    }
}
