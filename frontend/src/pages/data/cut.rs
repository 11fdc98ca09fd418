//! Cuts a version from a draft: from then on a run can learn from it, and it never changes.

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::dataset::{CreateDatasetVersion, DatasetVersion};

use super::dataset::DatasetState;
use crate::{
    address::{Address, Place},
    api,
    components::{Button, ButtonKind, Dialog, Form, FormActions, TextArea, TextInput, Toasts},
    frame::CurrentProject,
    submit::Submit,
    words::material as words,
};

/// The dialog.
#[component]
pub fn CutVersion(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The dataset.
    state: DatasetState,
) -> impl IntoView {
    view! {
        <Dialog open title="Cut a version".to_owned()>
            <CutForm open state />
        </Dialog>
    }
}

#[component]
fn CutForm(open: RwSignal<bool>, state: DatasetState) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let toasts = Toasts::expect();
    let navigate = use_navigate();
    let note = RwSignal::new(String::new());
    let share = RwSignal::new("10".to_owned());
    let seed = RwSignal::new("0".to_owned());
    let wrong = RwSignal::new(None::<String>);
    let home = slug.clone();
    let cut = Submit::new(
        move |request| api::datasets::create_dataset_version(slug.clone(), state.id, request),
        move |version: DatasetVersion| {
            toasts.tell(format!("Version {} is cut.", version.number));
            let place = Place::DatasetVersion(state.id, version.number);
            let address = Address::at(&home, place).to_string();
            navigate(&address, NavigateOptions::default());
        },
    );
    let submit = move |()| {
        let validation_share = share.with_untracked(|text| share_of(text));
        let seed = seed.with_untracked(|text| text.trim().parse().ok());
        wrong.set(match (validation_share, seed) {
            (None, _) => Some("The share must be a number from 0 to 50.".to_owned()),
            (_, None) => Some("The seed must be a whole number from 0 on.".to_owned()),
            _ => None,
        });
        if let (Some(validation_share), Some(seed)) = (validation_share, seed) {
            cut.send(CreateDatasetVersion {
                note: note.get_untracked(),
                validation_share,
                seed,
            });
        }
    };
    let message = cut.message(&["validation_share"]);
    let message = Signal::derive(move || wrong.get().or_else(|| message.get()));
    let rows = move || {
        let rows = state.counts.get().map_or(0, |counts| counts.rows);
        format!(
            "The {} of the draft become a version that never changes. The draft stays as it is, \
             to be edited into the next one.",
            words::rows(rows)
        )
    };
    view! {
        <Form on_submit=submit message>
            <p class="dialog__text">{rows}</p>
            <TextArea
                label="Note"
                help="Why it is cut: what is new in it."
                value=note
                error=cut.field("note")
                optional=true
            />
            <TextInput
                label="Held back for validation, in percent"
                help="From 0 to 50; usually 10. These rows are only measured on while a run trains. Rows with the same prompt stay on one side."
                value=share
                error=cut.field("validation_share")
            />
            <TextInput
                label="Seed"
                help="Another seed holds back other rows; usually 0."
                value=seed
            />
            <FormActions>
                <Button kind=ButtonKind::Primary submit=true pending=cut.is_pending()>
                    "Cut the version"
                </Button>
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
            </FormActions>
        </Form>
    }
}

/// Percent as a share; nothing if it is no number that a share can be.
fn share_of(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches('%').trim().replace(',', ".");
    let percent = text.parse::<f64>().ok()?;
    (0.0..=50.0).contains(&percent).then_some(percent / 100.0)
}

#[cfg(test)]
mod tests {
    use super::share_of;

    #[test]
    fn a_share_is_read_as_people_write_it() {
        assert_eq!(share_of("10"), Some(0.1));
        assert_eq!(share_of(" 12,5 % "), Some(0.125));
        for wrong in ["", "x", "51", "-1", "NaN"] {
            assert_eq!(share_of(wrong), None, "{wrong}");
        }
    }
}
