//! Brings in a file: dropped, looked at, and taken only once the rows are what they should be.
//!
//! The file waits on the server, and its id is in the address: leaving the page loses nothing.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};
use shared::{
    dataset::{ColumnMapping, FileFormat, ImportPreview, PreviewRequest, Upload},
    ids::UploadId,
};
use web_sys::File;

use super::{columns::ColumnsCard, start_import::StartCard};
use crate::{
    address::{Address, Place},
    api,
    components::{
        Badge, Button, Card, Choice, FileDrop, Notice, NoticeKind, PageHeader, ProgressBar, Select,
        Skeleton, SkeletonShape, Tone, toast::complain, turns::row_content,
    },
    frame::{CurrentProject, in_place},
    remote::Remote,
    submit::Submit,
    words::material as words,
};

/// Dropping a file, or what was recognised in the one that the address names.
#[component]
pub fn ImportPage() -> impl IntoView {
    let query = use_query_map();
    let word = move |name: &str| query.with(|query| query.get(name).unwrap_or_default());
    let upload = Memo::new(move |_| word("upload").parse::<UploadId>().ok());
    let dataset = Memo::new(move |_| word("dataset"));
    let lead = Signal::derive(move || {
        if upload.get().is_some() {
            "Nothing is stored yet: check the first rows, then start.".to_owned()
        } else {
            "One file becomes rows of a dataset's draft.".to_owned()
        }
    });
    let content = move || match upload.get() {
        None => view! { <ChooseFile dataset=dataset.get() /> }.into_any(),
        Some(upload) => view! { <Recognised upload dataset=dataset.get() /> }.into_any(),
    };
    view! {
        <div class="page">
            <PageHeader title=Signal::stored("Import a file".to_owned()) lead />
            {content}
        </div>
    }
}

fn address(slug: &str, dataset: &str, upload: &str) -> String {
    let address = Address::at(slug, Place::Import);
    address
        .with("dataset", dataset)
        .with("upload", upload)
        .to_string()
}

#[component]
fn ChooseFile(dataset: String) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let navigate = use_navigate();
    let sent = RwSignal::new(None::<f64>);
    let name = RwSignal::new(String::new());
    let target = slug.clone();
    let send = Submit::new(
        move |file: File| api::imports::create_upload(slug.clone(), file, sent),
        move |upload: Upload| {
            let path = address(&target, &dataset, &upload.id.to_string());
            navigate(&path, NavigateOptions::default());
        },
    );
    let take = UnsyncCallback::new(move |file: File| {
        name.set(file.name());
        sent.set(None);
        send.send(file);
    });
    let message = send.message(&[]);
    let notice = move || {
        message
            .get()
            .map(|text| view! { <Notice kind=NoticeKind::Negative text /> })
    };
    let progress = move || {
        send.is_pending().get().then(|| {
            let label = format!("Sending {}", name.get_untracked());
            view! {
                <p class="note" role="status">{label.clone()}</p>
                <ProgressBar label value=Signal::derive(move || sent.get()) />
            }
        })
    };
    view! {
        <FileDrop
            label="Drop a file here, or choose one"
            help="JSONL, JSON or CSV in UTF-8, as other tools write it: prompts with completions, messages, Alpaca, ShareGPT, preference pairs, labelled or plain text. The columns are recognised, and you can say otherwise."
            accept=".jsonl,.json,.csv,.tsv,.ndjson,.txt"
            on_file=take
        />
        {notice}
        {progress}
    }
}

/// What a person chose instead of what was recognised.
pub(super) type Chosen = RwSignal<PreviewRequest>;

#[component]
fn Recognised(upload: UploadId, dataset: String) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let chosen: Chosen = RwSignal::new(PreviewRequest::default());
    let preview = Remote::new({
        let slug = slug.clone();
        move || api::imports::preview_upload(slug.clone(), upload, chosen.get())
    });
    let first = Memo::new(move |_| preview.with(|state| state.value.is_some()));
    let problem = move || {
        let error = preview.with(|state| state.error.clone())?;
        let text = error.problem().text();
        Some(view! { <Notice kind=NoticeKind::Negative text /> })
    };
    let content = move || {
        if !first.get() {
            let failed = preview.with(|state| state.error.is_some());
            return (!failed).then(|| view! { <Skeleton shape=SkeletonShape::Page /> }.into_any());
        }
        let value = Memo::new(move |_| preview.get());
        let view = view! {
            <FileCard value chosen upload dataset=dataset.clone() />
            <div class="columns">
                <div class="columns__main">
                    <ColumnsCard value chosen />
                    <RowsCard value />
                </div>
                <div class="columns__side columns__side--stays">
                    <StartCard value chosen upload dataset=dataset.clone() />
                </div>
            </div>
        };
        Some(view.into_any())
    };
    view! {
        {problem}
        {content}
    }
}

/// The mapping in force: the chosen one, or else the proposed one.
pub(super) fn mapping(value: Memo<Option<ImportPreview>>, chosen: Chosen) -> Option<ColumnMapping> {
    let own = chosen.with(|chosen| chosen.mapping.clone());
    own.or_else(|| value.with(|value| value.as_ref()?.mapping.clone()))
}

#[component]
fn FileCard(
    value: Memo<Option<ImportPreview>>,
    chosen: Chosen,
    upload: UploadId,
    dataset: String,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let navigate = use_navigate();
    let other = address(&slug, &dataset, "");
    let discard = Submit::new(
        move |()| api::imports::delete_upload(slug.clone(), upload),
        move |()| navigate(&other, in_place()),
    );
    complain(discard.message(&[]), crate::components::Toasts::expect());
    let of = move |part: fn(&ImportPreview) -> String| {
        move || value.with(|value| value.as_ref().map(part).unwrap_or_default())
    };
    let name = of(|preview| {
        let size = words::size(preview.upload.size_bytes);
        format!("{}, {size}", preview.upload.file_name)
    });
    let shape = move || {
        value.with(|value| {
            let preview = value.as_ref()?;
            let (tone, word) = match (preview.shape, &preview.mapping) {
                (Some(shape), _) => (Tone::Positive, words::file_shape(shape)),
                (None, Some(_)) => (Tone::Active, "columns as you chose them"),
                (None, None) => (Tone::Warning, "not recognised"),
            };
            Some(view! { <Badge tone text=word /> })
        })
    };
    let format = Signal::derive(of(|preview| preview.format.to_string()));
    let choices = FileFormat::ALL
        .iter()
        .map(|format| Choice::new(format.to_string(), words::file_format(*format)));
    let change = move |word: String| {
        chosen.set(PreviewRequest {
            format: word.parse().ok(),
            mapping: None,
        });
    };
    view! {
        <Card title="File">
            <p class="line">
                <strong>{name}</strong>
                {shape}
            </p>
            <p class="note">{of(|preview| preview.reason.clone())}</p>
            <div class="line">
                <Select label="Format" choices=choices.collect() value=format on_change=change />
                <Button pending=discard.is_pending() on_press=move |()| discard.send(())>
                    "Take another file"
                </Button>
            </div>
        </Card>
    }
}

#[component]
fn RowsCard(value: Memo<Option<ImportPreview>>) -> impl IntoView {
    let rows = move || value.get().map(|preview| preview.rows).unwrap_or_default();
    let lead = "What an import would make of the first records of the file.";
    let row = |preview: shared::dataset::PreviewRow| {
        let head = preview.row.as_ref().map(|row| {
            let words = row.tags.iter().chain(&row.clauses).cloned();
            let words = words.map(|word| view! { <span class="chip">{word}</span> });
            view! {
                <Badge tone=words::coverage_tone(row.coverage) text=row.coverage.as_str() />
                {words.collect_view()}
            }
        });
        let body = match (&preview.row, &preview.rejected) {
            (Some(row), _) => row_content(&row.content),
            (None, reason) => {
                let text = reason.clone().unwrap_or_default();
                view! { <Notice kind=NoticeKind::Warning text=format!("No row: {text}.") /> }
                    .into_any()
            }
        };
        view! {
            <li class="row-card">
                <div class="line">
                    <span class="note">{format!("Line {}", preview.line)}</span>
                    {head}
                </div>
                {body}
            </li>
        }
    };
    view! {
        <Card title="First rows" lead>
            <ol class="row-list">{move || rows().into_iter().map(row).collect_view()}</ol>
        </Card>
    }
}
