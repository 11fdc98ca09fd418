//! The model versions of a project.

use leptos::prelude::*;
use shared::{
    account::Role,
    hub::HubModel,
    model::{Alias, AliasMove, ModelKind, ModelVersion},
};

use super::{
    arrivals::{Arrivals, ArrivalsCard},
    promote::{Promote, RollBack},
    register::Register,
};
use crate::{
    address::{Address, Place},
    api,
    components::{
        Align, Badge, Button, ButtonKind, Card, Cell, Column, EmptyState, Icon, LinkButton,
        PageHeader, Table, TimeAgo, Tone,
    },
    frame::CurrentProject,
    remote::{Loaded, Remote},
    words,
};

/// The registry of a project.
#[component]
pub fn ModelsPage() -> impl IntoView {
    let current = CurrentProject::expect();
    let slug = current.slug();
    let models = Remote::new({
        let slug = slug.clone();
        move || api::models::list_model_versions(&slug)
    });
    let aliases = Remote::new({
        let slug = slug.clone();
        move || api::models::list_aliases(&slug)
    });
    provide_context(aliases);
    let arrivals = Arrivals::read(&slug);
    let registering = RwSignal::new(false);
    let lead = Signal::derive(move || {
        let (Some(models), Some(aliases)) = (models.get(), aliases.get()) else {
            return String::new();
        };
        answer(&models, &aliases)
    });
    let action = move || {
        current.allows(Role::Engineer).then(|| {
            view! {
                <Button icon=Icon::Add on_press=move |()| registering.set(true)>
                    "Register a base model"
                </Button>
            }
        })
    };
    view! {
        <div class="page">
            <PageHeader title=Signal::stored("Models".to_owned()) lead>
                {action}
            </PageHeader>
            <ArrivalsCard arrivals models />
            <Loaded remote=models let:list>
                {table(slug.clone(), list, aliases, current.allows(Role::Engineer))}
            </Loaded>
            <Loaded remote=aliases let:list>
                {move || history(&list.get(), &models.get().unwrap_or_default())}
            </Loaded>
        </div>
        <Register open=registering models arrivals />
    }
}

fn answer(models: &[ModelVersion], aliases: &[Alias]) -> String {
    let versions = words::count(models.len(), "version", "versions");
    let current = current_move(aliases).map(|made| made.model_version_id);
    let served = models.iter().find(|one| Some(one.id) == current);
    match served {
        Some(one) => format!("{} {} is in production. {versions}.", one.name, one.number),
        None if models.is_empty() => String::new(),
        None => format!("{versions}; none is in production."),
    }
}

/// Where production points.
pub(super) fn current_move(aliases: &[Alias]) -> Option<&AliasMove> {
    aliases.first()?.moves.first()
}

fn table(
    slug: String,
    list: Signal<Vec<ModelVersion>>,
    aliases: Remote<Vec<Alias>>,
    is_engineer: bool,
) -> AnyView {
    (move || {
        let list = list.get();
        if list.is_empty() {
            let text = "Register a base model: from the hub by its name, from the folder `models` of the server's data folder, or one with random weights.";
            return view! { <EmptyState title="No models yet" text /> }.into_any();
        }
        let production = aliases.with(|state| {
            let list = state.value.map_or(&[][..], Vec::as_slice);
            current_move(list).map(|made| made.model_version_id)
        });
        let columns = vec![
            Column::text("Model"),
            Column::text("Comes from"),
            Column::text("Made"),
            Column::actions(),
        ];
        let name_of = |id| {
            let base = list.iter().find(|one| one.id == id)?;
            Some(format!("{} {}", base.name, base.number))
        };
        let rows = list.iter().map(|one| {
            let base = one.base_id.and_then(name_of);
            row(&slug, one.clone(), base, production == Some(one.id), is_engineer)
        });
        let rows = rows.collect_view();
        view! {
            <Table caption="Model versions, newest first" columns>
                {rows}
            </Table>
        }
        .into_any()
    })
    .into_any()
}

/// Where a version comes from; `base` is the name of the version it was trained on.
pub(super) fn lineage(one: &ModelVersion, base: Option<&str>) -> String {
    match (base, one.kind) {
        (Some(base), _) => format!("Trained on {base}"),
        (None, ModelKind::Adapter | ModelKind::Tuned | ModelKind::Reward) => "Trained".to_owned(),
        (None, ModelKind::Blank) => "Random weights".to_owned(),
        (None, ModelKind::Base) => {
            let hub = one.hub.as_ref().map(from_hub);
            hub.unwrap_or_else(|| one.path.clone())
        }
    }
}

/// A name on the hub with the beginning of its commit.
fn from_hub(hub: &HubModel) -> String {
    hub.commit().map_or_else(
        || hub.to_string(),
        |commit| hub.at(&commit[..7]).to_string(),
    )
}

fn row(
    slug: &str,
    one: ModelVersion,
    base: Option<String>,
    is_production: bool,
    is_engineer: bool,
) -> impl IntoView + use<> {
    let lineage = lineage(&one, base.as_deref());
    let short_hash: String = one.content_hash.chars().take(12).collect();
    let page = Address::at(slug, Place::Model(one.id)).to_string();
    let is_asked = is_engineer && one.kind.writes_answers();
    let chat = is_asked.then(|| {
        let href = Address::at(slug, Place::Chat(one.id)).to_string();
        view! { <LinkButton kind=ButtonKind::Quiet href>"Try it"</LinkButton> }
    });
    let promote = (is_asked && !is_production)
        .then(|| view! { <Promote version=one.id report=None kind=ButtonKind::Quiet /> });
    view! {
        <tr role="row">
            <Cell>
                <span class="table__main">
                    <a href=page>{format!("{} {}", one.name, one.number)}</a>
                    " "
                    {is_production
                        .then(|| view! { <Badge tone=Tone::Positive text="In production" /> })}
                    {kind_badge(one.kind)}
                </span>
                <span class="table__note">{one.description}</span>
            </Cell>
            <Cell label="Comes from">
                {lineage} <span class="table__note" title=one.content_hash>
                    {format!("SHA-256 {short_hash}")}
                </span>
            </Cell>
            <Cell label="Made">
                <TimeAgo at=one.created_at />
            </Cell>
            <Cell align=Align::End>{chat} {promote}</Cell>
        </tr>
    }
}

/// What a version is that cannot be asked.
fn kind_badge(kind: ModelKind) -> Option<impl IntoView> {
    let text = match kind {
        ModelKind::Reward => "Reward model",
        ModelKind::Blank => "Blank",
        ModelKind::Base | ModelKind::Adapter | ModelKind::Tuned => return None,
    };
    Some(view! { <Badge tone=Tone::Neutral text /> })
}

/// How production moved.
fn history(aliases: &[Alias], models: &[ModelVersion]) -> AnyView {
    let moves = aliases
        .first()
        .map_or(&[][..], |alias| alias.moves.as_slice());
    if moves.is_empty() {
        return ().into_any();
    }
    let rows = moves.iter().map(|made| {
        let version = models.iter().find(|one| one.id == made.model_version_id);
        let name = version
            .map(|one| format!("{} {}", one.name, one.number))
            .unwrap_or_default();
        let why = match (made.rollback, made.report, &made.override_reason) {
            (true, ..) => "Rolled back".to_owned(),
            (_, Some(report), None) => format!("Passed report {report}"),
            (_, Some(report), Some(reason)) => format!("In spite of report {report}: {reason}"),
            (_, None, reason) => format!(
                "Without a report: {}",
                reason.as_deref().unwrap_or_default()
            ),
        };
        let at = made.moved_at;
        view! {
            <tr role="row">
                <Cell>
                    <span class="table__main">{name}</span>
                </Cell>
                <Cell label="Why">{why}</Cell>
                <Cell label="When">
                    <TimeAgo at />
                </Cell>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let columns = vec![
        Column::text("In production"),
        Column::text("Why"),
        Column::text("When"),
    ];
    view! {
        <Card title="Production" actions=|| view! { <RollBack /> }>
            <Table caption="Moves of production, newest first" columns>
                {rows}
            </Table>
        </Card>
    }
    .into_any()
}
