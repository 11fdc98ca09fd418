//! A run that is being decided.

use leptos::prelude::*;
use shared::{
    dataset::RowKind,
    ids::{DatasetVersionId, ModelVersionId, PromptVersionId, SpecVersionId},
    model::{ModelKind, ModelVersion},
    run::CreateRun,
    training::{Lesson, Method},
};

use super::{
    settings::{Changes, configuration},
    sources::{NamedVersion, Sources},
    trained::{BeforeBlank, train_all, trains_all},
};
use crate::components::Choice;

/// What is decided so far. Copies share it.
#[derive(Clone, Copy)]
pub(super) struct Draft {
    pub(super) name: RwSignal<String>,
    pub(super) method: RwSignal<Method>,
    pub(super) data: RwSignal<Option<DatasetVersionId>>,
    pub(super) base: RwSignal<Option<ModelVersionId>>,
    pub(super) adapter: RwSignal<Option<ModelVersionId>>,
    pub(super) reward_model: RwSignal<Option<ModelVersionId>>,
    pub(super) prompt: RwSignal<Option<PromptVersionId>>,
    pub(super) validation: RwSignal<Option<DatasetVersionId>>,
    pub(super) general: RwSignal<Option<DatasetVersionId>>,
    pub(super) spec: RwSignal<Option<SpecVersionId>>,
    pub(super) reason: RwSignal<String>,
    pub(super) changes: RwSignal<Changes>,
    /// What was decided before a blank base was chosen, while one is.
    before_blank: StoredValue<Option<BeforeBlank>>,
}

impl Draft {
    pub(super) fn new(sources: &Sources) -> Self {
        let draft = Self {
            name: RwSignal::new(String::new()),
            method: RwSignal::new(Method::Sft),
            data: RwSignal::new(likeliest(sources, &fitting(sources, Method::Sft))),
            base: RwSignal::new(None),
            adapter: RwSignal::new(None),
            reward_model: RwSignal::new(None),
            prompt: RwSignal::new(sources.prompts.first().map(|prompt| prompt.value)),
            validation: RwSignal::new(None),
            general: RwSignal::new(None),
            spec: RwSignal::new(None),
            reason: RwSignal::new(String::new()),
            changes: RwSignal::new(Changes::new()),
            before_blank: StoredValue::new(None),
        };
        let first = |fits: fn(ModelKind) -> bool| {
            let mut models = sources.known_models.iter();
            models.find(|model| fits(model.kind))
        };
        let base = first(|kind| kind == ModelKind::Base).or_else(|| first(ModelKind::is_whole));
        if let Some(base) = base {
            draft.take_base(base);
        }
        draft
    }

    /// Whether all weights are trained instead of an adapter; tracks changes.
    pub(super) fn is_whole(self) -> bool {
        self.changes.with(trains_all)
    }

    /// Takes another base. A blank one is pretrained as it needs to be; whoever wants it otherwise says
    /// so afterwards.
    pub(super) fn take_base(self, base: &ModelVersion) {
        let before = self.base.get_untracked();
        self.base.set(Some(base.id));
        if before == Some(base.id) {
            return;
        }
        let is_blank = base.kind == ModelKind::Blank;
        let (mut method, mut changes) = (self.method.get_untracked(), self.changes.get_untracked());
        match self.before_blank.get_value() {
            None if is_blank => {
                let before = BeforeBlank::suit(&mut method, &mut changes);
                self.before_blank.set_value(Some(before));
            }
            Some(before) if !is_blank => {
                before.restore(&mut method, &mut changes);
                self.before_blank.set_value(None);
            }
            _ => return,
        }
        self.method.set(method);
        self.changes.set(changes);
    }

    /// Lets all weights be trained, or an adapter.
    pub(super) fn train_whole(self, is_whole: bool) {
        self.changes.update(|changes| train_all(changes, is_whole));
    }

    /// The request, once data and base are there and every setting is readable; tracks changes.
    pub(super) fn request(self) -> Option<CreateRun> {
        let config = self
            .changes
            .with(|changes| configuration(self.method.get(), changes))
            .ok()?;
        let reason = self.reason.get();
        // What a method does not use is not sent: nobody sees it.
        let draws = config.method.lesson() == Lesson::Prompts;
        let name = self.name.get();
        Some(CreateRun {
            name: name.trim().to_owned(),
            base_id: self.base.get()?,
            dataset_version_id: self.data.get()?,
            validation_version_id: self.validation.get(),
            general_version_id: self.general.get(),
            prompt_version_id: self.prompt.get(),
            initial_adapter_id: self.adapter.get().filter(|_| !config.adapter.is_whole()),
            reward_model_id: self.reward_model.get().filter(|_| draws),
            spec_version_id: self.spec.get(),
            config,
            suite_override: (!reason.trim().is_empty()).then(|| reason.trim().to_owned()),
        })
    }
}

/// The version that one most likely learns from: the first one that also holds rows back, which
/// general rows or held-out pairs need not do.
pub(super) fn likeliest(
    sources: &Sources,
    choices: &[Choice<DatasetVersionId>],
) -> Option<DatasetVersionId> {
    let holds_back = |choice: &&Choice<DatasetVersionId>| {
        let mut versions = sources.versions.iter();
        versions.any(|one| one.version.id == choice.value && one.version.counts.validation > 0)
    };
    let likeliest = choices.iter().find(holds_back).or(choices.first());
    likeliest.map(|choice| choice.value)
}

/// The versions that a method can learn from.
pub(super) fn fitting(sources: &Sources, method: Method) -> Vec<Choice<DatasetVersionId>> {
    holding(sources, |kind| method.lesson().takes(kind))
}

/// The versions whose rows can be mixed in, or measured to see what is forgotten.
pub(super) fn general_rows(sources: &Sources, method: Method) -> Vec<Choice<DatasetVersionId>> {
    holding(sources, |kind| {
        method.lesson().mixes(kind) || method.remembers(kind)
    })
}

fn holding(sources: &Sources, takes: impl Fn(RowKind) -> bool) -> Vec<Choice<DatasetVersionId>> {
    let fits = |version: &&NamedVersion| version.has(&takes);
    let ids: Vec<_> = sources
        .versions
        .iter()
        .filter(fits)
        .map(|one| one.version.id)
        .collect();
    let choices = sources.data.iter();
    choices
        .filter(|choice| ids.contains(&choice.value))
        .cloned()
        .collect()
}
