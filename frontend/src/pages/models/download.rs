//! Asks for a base model from the hub.

use leptos::prelude::*;
use shared::model::{DownloadModel, HubSource, ModelDownload};

use crate::{
    api,
    components::{Button, ButtonKind, Form, FormActions, Notice, NoticeKind, TextInput},
    frame::{Activity, CurrentProject},
    remote::{Loaded, Remote},
    submit::Submit,
};

/// The form, or why the server downloads nothing.
#[component]
pub fn Download(
    /// Whether the dialog is open.
    open: RwSignal<bool>,
    /// The list that the new download belongs to.
    downloads: Remote<Vec<ModelDownload>>,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let hub = Remote::new(move || api::models::get_hub(&slug));
    view! {
        <Loaded remote=hub let:source>
            {
                let HubSource { endpoint, has_token, refusal } = source.get_untracked();
                match (endpoint, refusal) {
                    (Some(endpoint), _) => {
                        view! { <Ask open downloads endpoint has_token /> }.into_any()
                    }
                    (None, refusal) => {
                        let text = sentence(&refusal.unwrap_or_default());
                        view! { <Notice kind=NoticeKind::Warning text /> }.into_any()
                    }
                }
            }
        </Loaded>
    }
}

/// A text of the server as a sentence.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

#[component]
fn Ask(
    open: RwSignal<bool>,
    downloads: Remote<Vec<ModelDownload>>,
    endpoint: String,
    has_token: bool,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let activity = Activity::expect();
    let (hub, name) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    // The name follows the model until somebody writes another one.
    Effect::new(move |before: Option<String>| {
        let proposed = proposed_name(&hub.get());
        if name.get_untracked() == before.unwrap_or_default() {
            name.set(proposed.clone());
        }
        proposed
    });
    let download = Submit::new(
        move |request| api::models::create_model_download(slug.clone(), request),
        move |made: ModelDownload| {
            downloads.edit(|list| list.insert(0, made));
            activity.reload();
            open.set(false);
        },
    );
    let submit = move |()| {
        download.send(DownloadModel {
            name: name.get_untracked(),
            hub: hub.get_untracked(),
        });
    };
    let host = endpoint
        .split_once("://")
        .map_or(endpoint.as_str(), |(_, host)| host);
    let help = format!(
        "Owner and name as {host} has them, such as HuggingFaceTB/SmolLM2-135M-Instruct. Behind it \
         @revision for another one than main, and :file.gguf for one GGUF file."
    );
    let token = if has_token {
        "The server has a token of the hub, so gated models can be had if its account may read them."
    } else {
        "The server has no token of the hub: gated and private models need one in HF_TOKEN."
    };
    view! {
        <Form on_submit=submit message=download.message(&["name", "hub"])>
            <TextInput label="Model" help value=hub error=download.field("hub") focused=true />
            <TextInput
                label="Name"
                help="A name that exists gets its next version."
                value=name
                error=download.field("name")
            />
            <p class="field__help">
                "A model that is not supported is refused before its weights come. Only safetensors or GGUF files and what belongs to them are fetched, and their checksums compared. "
                {token}
            </p>
            <FormActions>
                <Button kind=ButtonKind::Primary submit=true pending=download.is_pending()>
                    "Download"
                </Button>
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
            </FormActions>
        </Form>
    }
}

/// The model's own name, without its owner, revision and file.
fn proposed_name(hub: &str) -> String {
    let name = hub.split(['@', ':']).next().unwrap_or_default();
    let name = name.split_once('/').map(|(_, name)| name);
    name.unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{proposed_name, sentence};

    #[test]
    fn the_name_is_proposed_by_the_model() {
        for (hub, name) in [
            ("", ""),
            ("HuggingFaceTB", ""),
            ("HuggingFaceTB/SmolLM2", "SmolLM2"),
            ("o/n@refs/pr/1", "n"),
            ("o/n-GGUF:sub/n.Q8_0.gguf", "n-GGUF"),
        ] {
            assert_eq!(proposed_name(hub), name);
        }
    }

    #[test]
    fn what_the_server_says_becomes_a_sentence() {
        assert_eq!(
            sentence("this server downloads nothing"),
            "This server downloads nothing."
        );
    }
}
