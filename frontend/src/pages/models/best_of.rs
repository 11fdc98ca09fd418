//! How an answer is found: the most probable one, or the best of several by a reward model.

use leptos::prelude::*;
use shared::{
    evaluation::{BestOf, Decoding},
    ids::ModelVersionId,
    model::{ModelKind, ModelVersion},
};

use crate::components::{Choice, Select, TextInput};

/// How many answers are offered to choose from.
const OFFERED: [u32; 4] = [2, 4, 8, 16];

/// What is chosen; it lives as long as its form.
#[derive(Clone, Copy, Debug)]
pub struct BestOfDraft {
    reward_model: RwSignal<Option<ModelVersionId>>,
    answers: RwSignal<u32>,
    temperature: RwSignal<String>,
    seed: RwSignal<String>,
}

impl Default for BestOfDraft {
    /// The most probable answer; where several are wanted, eight that are drawn freely enough to
    /// differ and not so freely that they lose sense.
    fn default() -> Self {
        Self {
            reward_model: RwSignal::new(None),
            answers: RwSignal::new(8),
            temperature: RwSignal::new("0.8".to_owned()),
            seed: RwSignal::new("0".to_owned()),
        }
    }
}

impl BestOfDraft {
    /// What a request says of it, beside how answers are drawn, which it changes.
    #[must_use]
    pub fn read(self, decoding: Decoding) -> (Option<BestOf>, Decoding) {
        let Some(reward_model_id) = self.reward_model.get_untracked() else {
            return (None, decoding);
        };
        let best_of = BestOf {
            answers: self.answers.get_untracked(),
            reward_model_id,
        };
        let decoding = Decoding {
            // What is no number is refused by the server, beside the input.
            temperature: self
                .temperature
                .with_untracked(|text| text.trim().parse().unwrap_or(-1.0)),
            seed: self
                .seed
                .with_untracked(|text| text.trim().parse().unwrap_or(0)),
            ..decoding
        };
        (Some(best_of), decoding)
    }
}

/// The inputs; there are none where no reward model is on the base of the model that answers.
#[component]
pub fn BestOfChoice(
    /// What is chosen.
    draft: BestOfDraft,
    /// Every model version of the project.
    models: StoredValue<Vec<ModelVersion>>,
    /// The one that answers.
    #[prop(into)]
    model: Signal<ModelVersionId>,
    /// What is wrong with the temperature.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
) -> impl IntoView {
    let judges = Memo::new(move |_| models.with_value(|all| judges_of(all, model.get())));
    Effect::new(move |_| {
        let chosen = draft.reward_model.get_untracked();
        let is_there = judges.with(|all| all.iter().any(|(id, _)| Some(*id) == chosen));
        if chosen.is_some() && !is_there {
            draft.reward_model.set(None);
        }
    });
    let answer = move || {
        let judges = judges.get();
        (!judges.is_empty()).then(|| {
            let several = judges
                .into_iter()
                .map(|(id, name)| Choice::new(Some(id), format!("Best of several, chosen by {name}")));
            let one = Choice::new(None, "The most probable one");
            let choices: Vec<_> = std::iter::once(one).chain(several).collect();
            view! {
                <Select
                    label="Answer"
                    help="The most probable answer is the same each time. The best of several takes longer and can be better: the reward model gives each a score."
                    choices
                    value=draft.reward_model
                    on_change=move |id| draft.reward_model.set(id)
                />
            }
        })
    };
    let is_several = Memo::new(move |_| draft.reward_model.get().is_some());
    let several = move || {
        is_several.get().then(|| {
            let offered = OFFERED.map(|answers| Choice::new(answers, answers.to_string()));
            view! {
                <div class="form__row">
                    <Select
                        label="Answers"
                        help="How many are drawn, 8 by default. More take longer and leave more to choose from."
                        choices=offered.to_vec()
                        value=draft.answers
                        on_change=move |answers| draft.answers.set(answers)
                    />
                    <TextInput
                        label="Temperature"
                        help="How freely they are drawn. 0.8 lets them differ and keeps sense."
                        value=draft.temperature
                        error
                    />
                    <TextInput
                        label="Seed"
                        help="The same seed draws the same answers again."
                        value=draft.seed
                    />
                </div>
            }
        })
    };
    view! { {answer} {several} }
}

/// The reward models on the base of a model, with their names.
fn judges_of(all: &[ModelVersion], id: ModelVersionId) -> Vec<(ModelVersionId, String)> {
    let Some(model) = all.iter().find(|model| model.id == id) else {
        return Vec::new();
    };
    let base = model.weights_id();
    all.iter()
        .filter(|model| model.kind == ModelKind::Reward && model.weights_id() == base)
        .map(|model| (model.id, format!("{} {}", model.name, model.number)))
        .collect()
}
