//! Makes a dataset without a file, to write rows by hand.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::dataset::{CreateDataset, Dataset};

use crate::{
    address::{Address, Place},
    api,
    components::{Button, ButtonKind, Dialog, Form, FormActions, TextArea, TextInput},
    frame::CurrentProject,
    submit::Submit,
};

/// The dialog.
#[component]
pub fn NewDataset(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    view! {
        <Dialog open title="New dataset".to_owned()>
            <NewDatasetForm open />
        </Dialog>
    }
}

#[component]
fn NewDatasetForm(open: RwSignal<bool>) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let name = RwSignal::new(String::new());
    let description = RwSignal::new(String::new());
    let navigate = use_navigate();
    let target = slug.clone();
    let create = Submit::new(
        move |request| api::datasets::create_dataset(slug.clone(), request),
        move |dataset: Dataset| {
            let address = Address::at(&target, Place::Dataset(dataset.id));
            navigate(&address.to_string(), NavigateOptions::default());
        },
    );
    let submit = move |()| {
        create.send(CreateDataset {
            name: name.get_untracked(),
            description: description.get_untracked(),
        });
    };
    view! {
        <Form on_submit=submit message=create.message(&["name", "description"])>
            <TextInput
                label="Name"
                help="At most 100 characters, and no other dataset's."
                value=name
                error=create.field("name")
                focused=true
            />
            <TextArea
                label="Description"
                help="What its rows are for."
                value=description
                error=create.field("description")
                optional=true
            />
            <FormActions>
                <Button kind=ButtonKind::Primary submit=true pending=create.is_pending()>
                    "Make the dataset"
                </Button>
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
            </FormActions>
        </Form>
    }
}
