//! One model version: where it comes from, and the forms in which other programs take it.

use leptos::prelude::*;
use shared::{
    account::Role,
    ids::ModelVersionId,
    model::{ModelKind, ModelVersion},
};

use super::{
    exports::Exports,
    list::{current_move, lineage},
    promote::Promote,
};
use crate::{
    address::{Address, Place},
    api,
    components::{
        Badge, ButtonKind, Card, EmptyState, LinkButton, PageHeader, SkeletonShape, TimeAgo, Tone,
    },
    frame::CurrentProject,
    remote::{Loaded, Remote},
};

/// A model version among the others of its project.
#[derive(Clone, Debug, PartialEq)]
struct Found {
    version: ModelVersion,
    /// The version it was trained on.
    base: Option<ModelVersion>,
}

/// A model version.
#[component]
pub fn ModelPage(
    /// The version.
    id: ModelVersionId,
) -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    let found = Remote::new({
        let slug = slug.clone();
        move || {
            let models = api::models::list_model_versions(&slug);
            async move { Ok(find(&models.await?, id)) }
        }
    });
    let aliases = Remote::new({
        let slug = slug.clone();
        move || api::models::list_aliases(&slug)
    });
    provide_context(aliases);
    let title = Signal::derive(move || {
        let version = found.get().flatten().map(|found| found.version);
        version.map_or_else(|| "Model".to_owned(), |one| name(&one))
    });
    let lead = Signal::derive(move || {
        let version = found.get().flatten().map(|found| found.version);
        version.map_or_else(String::new, |one| format!("{}.", one.description))
    });
    let is_production = Memo::new(move |_| {
        let moves = aliases.get().unwrap_or_default();
        current_move(&moves).is_some_and(|made| made.model_version_id == id)
    });
    let actions = move || {
        let version = found.get().flatten().map(|found| found.version);
        let is_asked = version.is_some_and(|version| version.kind.writes_answers());
        (is_asked && current.allows(Role::Engineer)).then(|| {
            let href = Address::at(current.slug(), Place::Chat(id)).to_string();
            let promote = (!is_production.get()).then(|| {
                view! { <Promote version=id report=None kind=ButtonKind::Secondary /> }
            });
            view! {
                <LinkButton href>"Try it"</LinkButton>
                {promote}
            }
        })
    };
    view! {
        <div class="page">
            <PageHeader title lead>
                {actions}
            </PageHeader>
            <Loaded remote=found shape=SkeletonShape::Page let:found>
                {
                    let slug = slug.clone();
                    move || content(&slug, found.get(), is_production)
                }
            </Loaded>
        </div>
    }
}

fn find(models: &[ModelVersion], id: ModelVersionId) -> Option<Found> {
    let one = |id| models.iter().find(|one| one.id == id).cloned();
    let version = one(id)?;
    Some(Found {
        base: version.base_id.and_then(one),
        version,
    })
}

fn name(one: &ModelVersion) -> String {
    format!("{} {}", one.name, one.number)
}

fn content(slug: &str, found: Option<Found>, is_production: Memo<bool>) -> AnyView {
    let Some(Found { version, base }) = found else {
        let text = "The project has no model version with this address.";
        return view! { <EmptyState title="No such model" text /> }.into_any();
    };
    let origin = match &base {
        Some(base) => {
            let href = Address::at(slug, Place::Model(base.id)).to_string();
            view! {
                "Trained on "
                <a href=href>{name(base)}</a>
            }
            .into_any()
        }
        None => lineage(&version, None).into_any(),
    };
    let state = move || {
        is_production
            .get()
            .then(|| view! { <Badge tone=Tone::Positive text="In production" /> })
    };
    let commit = version.hub.as_ref().and_then(|hub| {
        let commit = hub.commit()?.to_owned();
        Some(view! {
            <div class="facts__row">
                <dt>"Commit on the hub"</dt>
                <dd>{commit}</dd>
            </div>
        })
    });
    let forms = if version.kind == ModelKind::Blank {
        blank(slug)
    } else {
        view! { <Exports version=version.clone() /> }.into_any()
    };
    view! {
        {forms}
        <Card title="Origin">
            <dl class="facts">
                <div class="facts__row">
                    <dt>"Comes from"</dt>
                    <dd>{origin} " " {state}</dd>
                </div>
                <div class="facts__row">
                    <dt>"Made"</dt>
                    <dd>
                        <TimeAgo at=version.created_at />
                    </dd>
                </div>
                {commit}
                <div class="facts__row">
                    <dt>"SHA-256 of the weights"</dt>
                    <dd>{version.content_hash}</dd>
                </div>
            </dl>
        </Card>
    }
    .into_any()
}

/// What to do with a model that has learned nothing.
fn blank(slug: &str) -> AnyView {
    let href = Address::at(slug, Place::NewRun).to_string();
    let text = "Its weights are random. A run that teaches to read texts, on this base and with all weights trained, makes a model of it that can be asked and exported.";
    view! {
        <Card title="Nothing learned yet">
            <EmptyState title="Pretrain it first" text>
                <LinkButton href>"New run"</LinkButton>
            </EmptyState>
        </Card>
    }
    .into_any()
}
