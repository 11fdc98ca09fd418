//! Makes a queue.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::queue::{CreateQueue, MAX_OVERLAP, Queue};

use crate::{
    address::{Address, Place},
    api,
    components::{Button, ButtonKind, Choice, Dialog, Form, FormActions, Select, TextInput},
    frame::CurrentProject,
    remote::Remote,
    submit::Submit,
};

/// The dialog.
#[component]
pub fn NewQueue(
    /// Whether it is open.
    open: RwSignal<bool>,
) -> impl IntoView {
    view! {
        <Dialog open title="New queue".to_owned()>
            <NewQueueForm open />
        </Dialog>
    }
}

#[component]
fn NewQueueForm(open: RwSignal<bool>) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let name = RwSignal::new(String::new());
    let overlap = RwSignal::new("1".to_owned());
    let minutes = RwSignal::new("30".to_owned());
    let spec = RwSignal::new(None::<i64>);
    let versions = Remote::new({
        let slug = slug.clone();
        move || api::specs::list_spec_versions(&slug)
    });
    let navigate = use_navigate();
    let project = slug.clone();
    let create = Submit::new(
        move |request| api::queues::create_queue(project.clone(), request),
        move |queue: Queue| {
            let address = Address::at(&slug, Place::Queue(queue.id)).to_string();
            navigate(&address, NavigateOptions::default());
        },
    );
    let submit = move |()| {
        // What is no number becomes 0, and the server says what it must be.
        create.send(CreateQueue {
            name: name.get_untracked(),
            spec_version: spec.get_untracked(),
            overlap: overlap.get_untracked().trim().parse().unwrap_or(0),
            reservation_minutes: minutes.get_untracked().trim().parse().unwrap_or(0),
        });
    };
    let spec_field = move || {
        let mut choices = vec![Choice::new(None, "The newest")];
        let known = versions.get().unwrap_or_default();
        choices.extend(known.into_iter().map(|version| {
            let label = format!(
                "Version {}, {} clauses",
                version.number, version.clause_count
            );
            Choice::new(Some(version.number), label)
        }));
        view! {
            <Select
                label="Spec"
                help="Annotators see its clauses beside each pair. The version stays, even if the spec goes on."
                choices
                value=spec
                on_change=move |number| spec.set(number)
            />
        }
    };
    view! {
        <Form
            on_submit=submit
            message=create.message(&["name", "overlap", "reservation_minutes", "spec_version"])
        >
            <TextInput label="Name" value=name error=create.field("name") focused=true />
            <TextInput
                label="Judgements for each pair"
                help=format!("1 to {MAX_OVERLAP}, each by somebody else. 1 is quickest; 3 shows where people disagree.")
                value=overlap
                error=create.field("overlap")
            />
            {spec_field}
            <TextInput
                label="Minutes a pair is held"
                help="For so long nobody else gets a pair that somebody looks at. 30 suits most."
                value=minutes
                error=create.field("reservation_minutes")
            />
            <FormActions>
                <Button kind=ButtonKind::Primary submit=true pending=create.is_pending()>
                    "Make the queue"
                </Button>
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
            </FormActions>
        </Form>
    }
}
