//! Makes a suite, or the next version of one, from a file of items and a form of settings.

use leptos::{prelude::*, task::spawn_local};
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};
use shared::{
    error::FieldError,
    ids::SuiteId,
    suite::{CreateSuite, Suite, SuiteItemContent},
};
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

use super::{
    file::{ItemsFile, read},
    items::item_view,
    settings::{SettingsDraft, settings_form},
};
use crate::{
    address::{Address, Place},
    api::{self, ApiError, ApiResult},
    components::{
        Button, ButtonKind, Card, FileDrop, Form, FormActions, Notice, NoticeKind, PageHeader,
        SkeletonShape, TextInput, Toasts,
    },
    frame::CurrentProject,
    remote::{Loaded, Remote},
    submit::Submit,
    words::material as words,
};

/// What the form begins with.
#[derive(Clone, Debug, Default, PartialEq)]
struct Beginning {
    suite: Option<Suite>,
    items: Vec<SuiteItemContent>,
}

async fn begin(slug: String, from: Option<SuiteId>) -> ApiResult<Beginning> {
    const PAGE: usize = 200;

    let Some(from) = from else {
        return Ok(Beginning::default());
    };
    let suite = api::suites::get_suite(&slug, from).await?;
    let mut items = Vec::new();
    loop {
        let page = api::suites::list_suite_items(&slug, from, items.len(), PAGE).await?;
        let is_last = page.len() < PAGE;
        items.extend(page.into_iter().map(|item| item.content));
        if is_last {
            break;
        }
    }
    Ok(Beginning {
        suite: Some(suite),
        items,
    })
}

/// The page; an earlier version to begin with is in the address.
#[component]
pub fn NewSuitePage() -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let query = use_query_map();
    let from = Memo::new(move |_| query.with(|query| query.get("from")?.parse().ok()));
    let beginning = Remote::new(move || begin(slug.clone(), from.get()));
    let title = Signal::derive(move || match beginning.get().and_then(|b| b.suite) {
        Some(suite) => format!("{}, the next version", suite.name),
        None => "New suite".to_owned(),
    });
    let lead = Signal::stored(
        "Requests that no model is trained on, with checks on the answers.".to_owned(),
    );
    view! {
        <div class="page">
            <PageHeader title lead />
            <Loaded remote=beginning shape=SkeletonShape::Page let:value>
                {move || {
                    let Beginning { suite, items } = value.get();
                    view! { <SuiteForm suite items /> }
                }}
            </Loaded>
        </div>
    }
}

#[component]
fn SuiteForm(suite: Option<Suite>, items: Vec<SuiteItemContent>) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let toasts = Toasts::expect();
    let navigate = use_navigate();
    let draft = SettingsDraft::new(suite.as_ref());
    let file = RwSignal::new(ItemsFile {
        items,
        problems: Vec::new(),
    });
    let wrong = RwSignal::new(None::<String>);
    let home = slug.clone();
    let create = Submit::new(
        move |request| api::suites::create_suite(slug.clone(), request),
        move |suite: Suite| {
            toasts.tell(format!(
                "{} v{} is there, not locked yet.",
                suite.name, suite.version
            ));
            let address = Address::at(&home, Place::Suite(suite.id)).to_string();
            navigate(&address, NavigateOptions::default());
        },
    );
    let submit = move |()| match draft.read() {
        Err(why) => wrong.set(Some(format!("Look at the settings: {why}."))),
        Ok(settings) => {
            wrong.set(None);
            create.send(CreateSuite {
                key: draft.key.with_untracked(|key| key.trim().to_owned()),
                name: draft.name.get_untracked(),
                kind: settings.kind,
                pass_rule: settings.pass_rule,
                gate: Some(settings.gate),
                checks: settings.checks,
                items: file.with_untracked(|file| file.items.clone()),
            });
        }
    };
    let error = create.error();
    let refused = Signal::derive(move || {
        let text = match error.get()? {
            ApiError::Invalid { fields, message } => described(&fields).unwrap_or(message),
            other => other.problem().text(),
        };
        Some(text)
    });
    let message = Signal::derive(move || wrong.get().or_else(|| refused.get()));
    // The form is long: what is wrong is said where the button is.
    let refusal = move || {
        let text = message.get();
        text.map(|text| view! { <Notice kind=NoticeKind::Negative text /> })
    };
    let is_next = suite.is_some();
    let key_help = if is_next {
        "The same key makes the next version; another makes another suite."
    } else {
        "Lower-case words joined by hyphens or underscores. It stays across versions."
    };
    let no_items = Signal::derive(move || file.with(|file| file.items.is_empty()));
    view! {
        <Form on_submit=submit>
            <ItemsInput file is_next />
            <Card title="Settings" lead="They are locked together with the items.">
                <div class="form">
                    <TextInput label="Name" value=draft.name error=create.field("name") />
                    <TextInput
                        label="Key"
                        help=key_help
                        value=draft.key
                        error=create.field("key")
                    />
                    {settings_form(draft)}
                </div>
            </Card>
            {refusal}
            <FormActions>
                <Button
                    kind=ButtonKind::Primary
                    submit=true
                    pending=create.is_pending()
                    disabled=no_items
                >
                    "Make the suite"
                </Button>
            </FormActions>
        </Form>
    }
}

/// The complaints that have no field of their own on this page, in one text.
fn described(fields: &[FieldError]) -> Option<String> {
    const SHOWN: usize = 5;

    let others = fields
        .iter()
        .filter(|error| !matches!(error.field.as_str(), "name" | "key"));
    let lines: Vec<String> = others
        .map(|error| format!("{}: {}", place(&error.field), error.message))
        .collect();
    let more = lines.len().saturating_sub(SHOWN);
    let rest = (more > 0).then(|| format!("And {more} more."));
    let shown = lines.into_iter().take(SHOWN).chain(rest);
    let text = shown.collect::<Vec<_>>().join("; ");
    (!text.is_empty()).then_some(text)
}

/// A field of the request in the words of a person: items are counted from one.
fn place(field: &str) -> String {
    let mut parts = field.split('.');
    match (
        parts.next(),
        parts.next().and_then(|at| at.parse::<usize>().ok()),
        parts.next(),
    ) {
        (Some("items"), Some(at), Some(name)) => format!("item {}, {name}", at + 1),
        _ => field.replace('_', " "),
    }
}

async fn text_of(file: File) -> Option<String> {
    JsFuture::from(file.text()).await.ok()?.as_string()
}

#[component]
fn ItemsInput(file: RwSignal<ItemsFile>, is_next: bool) -> impl IntoView {
    let toasts = Toasts::expect();
    let take = UnsyncCallback::new(move |chosen: File| {
        spawn_local(async move {
            match text_of(chosen).await {
                Some(text) => drop(file.try_set(read(&text))),
                None => toasts.complain("The file can not be read. Choose it again."),
            }
        });
    });
    let state = move || file.with(|file| describe(file, is_next));
    view! {
        <Card title="Items" lead="A JSONL file: one object a line with key (or id), input and coverage, and if you like expected, clauses, tags and checks.">
            <div class="stack">
                <FileDrop
                    label="Drop a file of items here, or choose one"
                    help="It is read in this browser first; nothing is stored until you make the suite."
                    accept=".jsonl,.ndjson,.json"
                    on_file=take
                />
                {state}
            </div>
        </Card>
    }
}

/// What is in the file, and what is wrong with it.
fn describe(file: &ItemsFile, is_next: bool) -> Option<AnyView> {
    const SHOWN: usize = 3;

    let ItemsFile { items, problems } = file;
    if items.is_empty() && problems.is_empty() {
        return None;
    }
    let many = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let begins = if is_next {
        "They are those of the last version until you choose a file."
    } else {
        "The first ones:"
    };
    let count = format!(
        "{} to be held out. {begins}",
        words::count(many, "item", "items")
    );
    let problems = problems.iter().map(|(line, why)| {
        let text = format!("Line {line} is left out: {why}.");
        view! { <Notice kind=NoticeKind::Warning text /> }
    });
    let first = items.iter().take(SHOWN).map(item_view);
    let view = view! {
        {problems.collect_view()}
        <p role="status">{count}</p>
        <ol class="row-list">{first.collect_view()}</ol>
    };
    Some(view.into_any())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_item_is_named_as_people_count() {
        let fields = [
            FieldError::new("key", "x"),
            FieldError::new("items.0.checks", "must be at least one"),
            FieldError::new("pass_rule", "y"),
        ];
        let text = described(&fields);
        assert_eq!(
            text.as_deref(),
            Some("item 1, checks: must be at least one; pass rule: y")
        );
        assert_eq!(described(&fields[..1]), None);
    }
}
