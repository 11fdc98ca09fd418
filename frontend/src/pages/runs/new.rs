//! Asks for a run: three decisions first, everything else at conservative defaults, and at the
//! right, while one decides, what the run would need and whether it could start.

use std::time::Duration;

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use shared::{
    account::Role,
    run::{CreateRun, Preflight, Run},
};

use super::{
    decisions::decisions,
    draft::Draft,
    preflight::preflight,
    rendered::Rendered,
    settings::{Settings, configuration},
    sources::{self, Sources},
};
use crate::{
    address::{Address, Place},
    api::{self, ApiError},
    components::{
        Button, ButtonKind, Card, Dialog, DialogSize, EmptyState, Form, FormActions, LinkButton,
        PageHeader, SkeletonShape, TextArea, TextInput,
    },
    frame::{Activity, CurrentProject, go_to},
    remote::{Loaded, Remote},
    submit::Submit,
};

/// How long a person must pause before the preflight is asked.
const PAUSE: Duration = Duration::from_millis(600);

/// The form.
#[component]
pub fn NewRunPage() -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    if !untrack(|| current.allows(Role::Engineer)) {
        return go_to(&Address::at(slug, Place::Runs));
    }
    let sources = Remote::new({
        let slug = slug.clone();
        move || sources::read(slug.clone())
    });
    let form = move |sources: Signal<Sources>| desk(slug.clone(), sources.get_untracked());
    view! {
        <div class="page page--wide">
            <PageHeader
                title="New run".to_owned()
                lead=Signal::stored("What to teach, from which data, on which base.".to_owned())
            />
            <Loaded remote=sources shape=SkeletonShape::Page children=form />
        </div>
    }
    .into_any()
}

/// What the server said of the draft.
#[derive(Clone, Copy)]
struct Answer {
    known: RwSignal<Option<Preflight>>,
    error: RwSignal<Option<ApiError>>,
    is_asking: RwSignal<bool>,
}

fn desk(slug: String, sources: Sources) -> AnyView {
    if sources.known_models.is_empty() {
        let text = "Put a GGUF file or a folder with safetensors into the models folder of the server, then register it as a base model.";
        return view! { <EmptyState title="No base model yet" text /> }.into_any();
    }
    if sources.versions.is_empty() {
        let text = "Bring rows into a dataset and cut a version of it: a run learns from a version, so that it can be repeated.";
        return view! { <EmptyState title="No dataset version yet" text /> }.into_any();
    }
    let draft = Draft::new(&sources);
    let answer = ask(slug.clone(), draft);
    let create = creation(slug.clone());
    let submit = move |()| {
        if let Some(request) = untrack(|| draft.request()) {
            create.send(request);
        }
    };
    let wrong = Signal::derive(move || {
        let tried = draft
            .changes
            .with(|changes| configuration(draft.method.get(), changes));
        tried.err().unwrap_or_default()
    });
    let is_ready = Memo::new(move |_| draft.request().is_some());
    let cancel = Address::at(&slug, Place::Runs).to_string();
    view! {
        <div class="columns columns--form">
            <div class="columns__main">
                <Form on_submit=submit message=create.message(&["name", "suite_override"])>
                    {decisions(draft, sources)}
                    <TextInput
                        label="Name"
                        help="The model version that it makes is named after it."
                        value=draft.name
                        error=create.field("name")
                    />
                    {suite_reason(draft, answer, create)}
                    <Card title="Everything else" lead="Defaults that rarely hurt. What you change is marked.">
                        <Settings changes=draft.changes method=draft.method wrong />
                    </Card>
                    <FormActions>
                        <Button
                            kind=ButtonKind::Primary
                            submit=true
                            pending=create.is_pending()
                            disabled=Signal::derive(move || !is_ready.get())
                        >
                            "Start the run"
                        </Button>
                        <LinkButton href=cancel>"Cancel"</LinkButton>
                    </FormActions>
                </Form>
            </div>
            {side(draft, answer, is_ready)}
        </div>
    }
    .into_any()
}

/// Starts the run, and goes to it.
fn creation(slug: String) -> Submit<CreateRun> {
    let (navigate, activity) = (use_navigate(), Activity::expect());
    let project = slug.clone();
    Submit::new(
        {
            let slug = slug.clone();
            move |request| api::runs::create_run(slug.clone(), request)
        },
        move |run: Run| {
            activity.reload();
            let address = Address::at(&project, Place::Run(run.summary.number)).to_string();
            navigate(&address, NavigateOptions::default());
        },
    )
}

/// Asks why a run shall start before it is fixed what counts as better.
fn suite_reason(draft: Draft, answer: Answer, create: Submit<CreateRun>) -> AnyView {
    let needs_reason = Memo::new(move |_| {
        answer.known.with(|known| {
            let findings = known.as_ref().map_or(&[][..], |known| &known.findings);
            let asks = findings
                .iter()
                .any(|finding| finding.code == "no_locked_suite");
            asks || draft.reason.with_untracked(|reason| !reason.is_empty())
        })
    });
    let field = move || {
        needs_reason.get().then(|| {
            view! {
                <TextArea
                    label="Why start without a locked suite"
                    help="What counts as better should be fixed before a run. The reason is recorded and stands in every report."
                    value=draft.reason
                    error=create.field("suite_override")
                />
            }
        })
    };
    field.into_any()
}

/// What is known before the run starts.
fn side(draft: Draft, answer: Answer, is_ready: Memo<bool>) -> AnyView {
    let is_open = RwSignal::new(false);
    let rendered = move || untrack(|| draft.request()).map(|run| view! { <Rendered run /> });
    let shown = move || {
        preflight(
            answer.known.get().as_ref(),
            answer.error.get().as_ref(),
            answer.is_asking.get(),
        )
    };
    view! {
            <div class="columns__side columns__side--stays">
                <Card title="Before it starts">
                    {shown}
                    <div class="actions">
                        <Button
                            disabled=Signal::derive(move || !is_ready.get())
                            on_press=move |()| is_open.set(true)
                        >
                            "See the tokens"
                        </Button>
                    </div>
                </Card>
            </div>
        <Dialog open=is_open size=DialogSize::Wide title="What the model sees".to_owned()>
            {rendered}
        </Dialog>
    }
    .into_any()
}

/// Asks the server whenever the draft has not changed for a moment.
fn ask(slug: String, draft: Draft) -> Answer {
    let answer = Answer {
        known: RwSignal::new(None),
        error: RwSignal::new(None),
        is_asking: RwSignal::new(false),
    };
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let newest = StoredValue::new(0_u32);
    let request = Memo::new(move |_| draft.request());
    Effect::new(move |_| {
        let request = request.get();
        if let Some(timer) = timer.get_value() {
            timer.clear();
        }
        let number = newest.get_value().wrapping_add(1);
        newest.set_value(number);
        answer.is_asking.set(request.is_some());
        let Some(request) = request else {
            // What was said of the draft before is not true of this one.
            answer.known.set(None);
            return;
        };
        let slug = slug.clone();
        let send = move || {
            spawn_local(async move {
                let told = api::runs::preflight_run(slug, request).await;
                if newest.try_get_value() != Some(number) {
                    return; // the draft has changed since, or the page is gone
                }
                answer.is_asking.set(false);
                match told {
                    Ok(known) => {
                        answer.error.set(None);
                        answer.known.set(Some(known));
                    }
                    Err(error) => answer.error.set(Some(error)),
                }
            });
        };
        timer.set_value(set_timeout_with_handle(send, PAUSE).ok());
    });
    answer
}
