//! Makes a preference dataset from the judgements of a queue.

use leptos::prelude::*;
use shared::{
    ids::QueueId,
    queue::{CreatePreferenceDataset, PreferenceDataset},
};

use super::words;
use crate::{
    api,
    components::{Button, ButtonKind, Form, FormActions, TextInput, Toasts},
    frame::CurrentProject,
    submit::Submit,
};

/// The form.
#[component]
pub fn MakeDataset(
    /// Whether the dialog is open.
    open: RwSignal<bool>,
    /// The queue.
    id: QueueId,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let toasts = Toasts::expect();
    let name = RwSignal::new(String::new());
    let percent = RwSignal::new("10".to_owned());
    let make = Submit::new(
        move |request| api::queues::create_preference_dataset(slug.clone(), id, request),
        move |made: PreferenceDataset| {
            open.set(false);
            let left_out = made.results.ties + made.results.both_bad + made.results.splits;
            toasts.tell(format!(
                "Version {} has {}; {} left out as undecided.",
                made.version.number,
                words::number(made.version.counts.rows, "row", "rows"),
                words::number(left_out, "pair was", "pairs were"),
            ));
        },
    );
    let submit = move |()| {
        let percent: f64 = percent.get_untracked().trim().parse().unwrap_or(-1.0);
        make.send(CreatePreferenceDataset {
            name: name.get_untracked(),
            validation_share: percent / 100.0,
        });
    };
    view! {
        <Form on_submit=submit message=make.message(&["name", "validation_share"])>
            <p class="dialog__text">
                "Pairs with a preferred side become rows. Ties, pairs with two bad sides and splits are left out."
            </p>
            <TextInput
                label="Dataset"
                help="A new name, or one that exists and gets the rows added."
                value=name
                error=make.field("name")
                focused=true
            />
            <TextInput
                label="Held back for validation, percent"
                help="0 to 50. 10 shows whether a run learns or memorises, and costs little."
                value=percent
                error=make.field("validation_share")
            />
            <FormActions>
                <Button kind=ButtonKind::Primary submit=true pending=make.is_pending()>
                    "Make the dataset"
                </Button>
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
            </FormActions>
        </Form>
    }
}
