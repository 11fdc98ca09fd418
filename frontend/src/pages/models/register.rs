//! Registers a base model: from the hub, from the server's disk, or one with random weights.

use leptos::prelude::*;
use shared::model::{ModelFile, ModelVersion, RegisterModel};

use super::{arrivals::Arrivals, blank::Blank, download::Download};
use crate::{
    api,
    components::{
        Button, ButtonKind, Choice, Dialog, EmptyState, Form, FormActions, Select, TextInput,
    },
    frame::CurrentProject,
    remote::{Loaded, Remote},
    submit::Submit,
};

/// The dialog.
#[component]
pub fn Register(
    /// Whether it is open.
    open: RwSignal<bool>,
    /// The list that the new version belongs to.
    models: Remote<Vec<ModelVersion>>,
    /// What is on its way.
    arrivals: Arrivals,
) -> impl IntoView {
    view! {
        <Dialog open title="Register a base model".to_owned()>
            <Sources open models arrivals />
        </Dialog>
    }
}

/// Where a base model comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Hub,
    Folder,
    Blank,
}

#[component]
fn Sources(
    open: RwSignal<bool>,
    models: Remote<Vec<ModelVersion>>,
    arrivals: Arrivals,
) -> impl IntoView {
    let source = RwSignal::new(Source::Hub);
    let choices = vec![
        Choice::new(Source::Hub, "The hub, by its name"),
        Choice::new(Source::Folder, "The server's folder of models"),
        Choice::new(Source::Blank, "Random weights, to pretrain from scratch"),
    ];
    let form = move || match source.get() {
        Source::Hub => view! { <Download open downloads=arrivals.downloads /> }.into_any(),
        Source::Folder => view! { <Files open models /> }.into_any(),
        Source::Blank => view! { <Blank open arrivals /> }.into_any(),
    };
    view! {
        <div class="form">
            <Select
                label="From"
                choices
                value=source
                on_change=move |chosen| source.set(chosen)
            />
            {form}
        </div>
    }
}

#[component]
fn Files(open: RwSignal<bool>, models: Remote<Vec<ModelVersion>>) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let files = Remote::new(move || api::models::list_model_files(&slug));
    view! {
        <Loaded remote=files let:list>
            {
                let list = list.get_untracked();
                if list.is_empty() {
                    let text = "Put a GGUF file, or a folder with config.json, tokenizer.json and safetensors, into the folder `models` of the server's data folder.";
                    view! { <EmptyState title="Nothing to register" text /> }.into_any()
                } else {
                    view! { <Choose open models list /> }.into_any()
                }
            }
        </Loaded>
    }
}

#[component]
fn Choose(
    open: RwSignal<bool>,
    models: Remote<Vec<ModelVersion>>,
    list: Vec<ModelFile>,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let path = RwSignal::new(list[0].path.clone());
    let name = RwSignal::new(proposed_name(&list[0].path));
    let register = Submit::new(
        move |request| api::models::register_model(slug.clone(), request),
        move |version: ModelVersion| {
            models.edit(|list| list.insert(0, version));
            open.set(false);
        },
    );
    let choices = list
        .into_iter()
        .map(|file| Choice::new(file.path.clone(), file.path));
    let submit = move |()| {
        register.send(RegisterModel {
            name: name.get_untracked(),
            path: path.get_untracked(),
        });
    };
    view! {
        <Form on_submit=submit message=register.message(&["name"])>
            <Select
                label="Files"
                help="It is loaded once now, so that what cannot be used is refused here and not when a run starts."
                choices=choices.collect()
                value=path
                on_change=move |chosen: String| {
                    name.set(proposed_name(&chosen));
                    path.set(chosen);
                }
            />
            <TextInput
                label="Name"
                help="A name that exists gets its next version."
                value=name
                error=register.field("name")
            />
            <FormActions>
                <Button kind=ButtonKind::Primary submit=true pending=register.is_pending()>
                    "Register"
                </Button>
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
            </FormActions>
        </Form>
    }
}

/// The file's name without what only tells its form.
fn proposed_name(path: &str) -> String {
    path.split(".gguf").next().unwrap_or(path).to_owned()
}
