//! Asks for a model with random weights, to be pretrained from scratch.

use leptos::prelude::*;
use shared::{
    blank::{BlankModel, BlankShape, CreateBlankModel, TokenizerSource},
    ids::{DatasetVersionId, ModelVersionId},
};

use super::arrivals::Arrivals;
use crate::{
    api,
    components::{Button, ButtonKind, Choice, EmptyState, Form, FormActions, Select, TextInput},
    frame::{Activity, CurrentProject},
    pages::runs::sources::{self, Sources, model_name},
    remote::{Loaded, Remote},
    submit::Submit,
    words::material::size,
};

/// A shape that is offered by its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    Tiny,
    Small,
    Medium,
    SmolLm2,
    Own,
}

impl Size {
    const OFFERED: [Self; 4] = [Self::Tiny, Self::Small, Self::Medium, Self::SmolLm2];

    const fn label(self) -> &'static str {
        match self {
            Self::Tiny => "Tiny, a minute on a laptop",
            Self::Small => "Small, for one kind of text",
            Self::Medium => "Medium, for hours",
            Self::SmolLm2 => "As SmolLM2-135M",
            Self::Own => "Other numbers",
        }
    }

    fn shape(self) -> BlankShape {
        let (layers, hidden_size, intermediate_size, heads, kv_heads, context) = match self {
            Self::Tiny => (4, 128, 352, 4, 2, 256),
            Self::Small | Self::Own => return BlankShape::default(),
            Self::Medium => (12, 384, 1024, 6, 3, 1024),
            Self::SmolLm2 => (30, 576, 1536, 9, 3, 2048),
        };
        BlankShape {
            layers,
            hidden_size,
            intermediate_size,
            heads,
            kv_heads,
            context,
        }
    }
}

/// What is typed.
#[derive(Clone, Copy)]
struct Draft {
    name: RwSignal<String>,
    layers: RwSignal<String>,
    hidden_size: RwSignal<String>,
    intermediate_size: RwSignal<String>,
    heads: RwSignal<String>,
    kv_heads: RwSignal<String>,
    context: RwSignal<String>,
    /// The model whose tokenizer is taken over; absent where one is trained.
    given: RwSignal<Option<ModelVersionId>>,
    texts: RwSignal<Option<DatasetVersionId>>,
    vocabulary: RwSignal<String>,
    seed: RwSignal<String>,
    /// Whether other numbers than those of a size are wanted.
    is_own: RwSignal<bool>,
}

/// A number as it is typed. What is none is 0, which the server refuses beside its input.
fn number(text: RwSignal<String>) -> usize {
    text.with(|text| text.trim().parse().unwrap_or(0))
}

impl Draft {
    fn new(sources: &Sources) -> Self {
        let empty = || RwSignal::new(String::new());
        let largest = sources
            .versions
            .iter()
            .max_by_key(|one| one.version.counts.train);
        let draft = Self {
            name: empty(),
            layers: empty(),
            hidden_size: empty(),
            intermediate_size: empty(),
            heads: empty(),
            kv_heads: empty(),
            context: empty(),
            given: RwSignal::new(None),
            texts: RwSignal::new(largest.map(|one| one.version.id)),
            vocabulary: RwSignal::new("4096".to_owned()),
            seed: RwSignal::new("0".to_owned()),
            is_own: RwSignal::new(false),
        };
        draft.write(BlankShape::default());
        draft
    }

    fn write(self, shape: BlankShape) {
        for (text, value) in [
            (self.layers, shape.layers),
            (self.hidden_size, shape.hidden_size),
            (self.intermediate_size, shape.intermediate_size),
            (self.heads, shape.heads),
            (self.kv_heads, shape.kv_heads),
            (self.context, shape.context),
        ] {
            text.set(value.to_string());
        }
    }

    /// The shape as it is typed; tracks changes.
    fn shape(self) -> BlankShape {
        BlankShape {
            layers: number(self.layers),
            hidden_size: number(self.hidden_size),
            intermediate_size: number(self.intermediate_size),
            heads: number(self.heads),
            kv_heads: number(self.kv_heads),
            context: number(self.context),
        }
    }

    /// The size whose numbers are typed; tracks changes.
    fn size(self) -> Size {
        let (shape, is_own) = (self.shape(), self.is_own.get());
        let mut offered = Size::OFFERED.into_iter();
        let found = offered.find(|size| size.shape() == shape && !is_own);
        found.unwrap_or(Size::Own)
    }

    /// The seed, if it is one; tracks changes.
    fn seed(self) -> Option<u64> {
        self.seed.with(|text| text.trim().parse().ok())
    }

    fn request(self) -> Option<CreateBlankModel> {
        let tokenizer = match self.given.get_untracked() {
            Some(model_version_id) => TokenizerSource::Model { model_version_id },
            None => TokenizerSource::Trained {
                dataset_version_id: self.texts.get_untracked()?,
                vocabulary: untrack(|| number(self.vocabulary)),
            },
        };
        Some(CreateBlankModel {
            name: self.name.get_untracked(),
            shape: untrack(|| self.shape()),
            tokenizer,
            seed: untrack(|| self.seed())?,
        })
    }

    /// What the weights come to; tracks changes.
    fn told(self) -> String {
        let shape = self.shape();
        if let Some(problem) = shape.problems().first() {
            return format!("{}: {}.", label_of(&problem.field), problem.message);
        }
        if self.given.get().is_some() {
            return format!(
                "{} weights, and {} more for each token of the vocabulary.",
                millions(shape.parameters(0)),
                shape.hidden_size
            );
        }
        let weights = shape.parameters(number(self.vocabulary));
        format!(
            "{} weights. Training them needs about {} of memory besides the batch.",
            millions(weights),
            size(i64::try_from(weights.saturating_mul(16)).unwrap_or(i64::MAX))
        )
    }
}

fn millions(count: u64) -> String {
    format!("{:.1} million", count as f64 / 1e6)
}

/// What a number of the shape is called.
fn label_of(field: &str) -> &'static str {
    match field {
        "layers" => "Layers",
        "hidden_size" => "Hidden size",
        "intermediate_size" => "MLP size",
        "heads" => "Query heads",
        "kv_heads" => "Key and value heads",
        _ => "Context, tokens",
    }
}

/// The form.
#[component]
pub fn Blank(
    /// Whether the dialog is open.
    open: RwSignal<bool>,
    /// The list that the new model belongs to.
    arrivals: Arrivals,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let sources = Remote::new(move || sources::read(slug.clone()));
    view! {
        <Loaded remote=sources let:sources>
            {
                let sources = sources.get_untracked();
                let has_models = sources.known_models.iter().any(|model| model.kind.is_whole());
                if sources.versions.is_empty() && !has_models {
                    let text = "Bring texts into a dataset and cut a version of it first: a tokenizer is trained on them, and the model then learns to read them.";
                    view! { <EmptyState title="No texts yet" text /> }.into_any()
                } else {
                    view! { <Ask open arrivals sources /> }.into_any()
                }
            }
        </Loaded>
    }
}

/// The fields that have an input, by their names in the request; those of the shape come first.
const FIELDS: [&str; 8] = [
    "shape.layers",
    "shape.hidden_size",
    "shape.intermediate_size",
    "shape.heads",
    "shape.kv_heads",
    "shape.context",
    "name",
    "tokenizer.vocabulary",
];

#[component]
fn Ask(open: RwSignal<bool>, arrivals: Arrivals, sources: Sources) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let activity = Activity::expect();
    let draft = Draft::new(&sources);
    let create = Submit::new(
        move |request| api::models::create_blank_model(slug.clone(), request),
        move |made: BlankModel| {
            arrivals.blank_models.edit(|list| list.insert(0, made));
            activity.reload();
            open.set(false);
        },
    );
    let submit = move |()| {
        if let Some(request) = draft.request() {
            create.send(request);
        }
    };
    view! {
        <Form on_submit=submit message=create.message(&FIELDS)>
            <p class="field__help">
                "Random weights that have learned nothing yet, in the shape of a Llama. A run that teaches to read texts and trains all weights makes a model of them. It takes far more text than fine-tuning does."
            </p>
            <TextInput
                label="Name"
                help="A name that exists gets its next version."
                value=draft.name
                error=create.field("name")
                focused=true
            />
            {shape(draft, create)}
            {tokenizer(draft, create, sources)}
            <TextInput
                label="Seed"
                help="The same seed gives the same weights."
                value=draft.seed
                error=Signal::derive(move || {
                    draft.seed().is_none().then(|| "Must be a whole number from 0 up".to_owned())
                })
            />
            <FormActions>
                <Button kind=ButtonKind::Primary submit=true pending=create.is_pending()>
                    "Make it"
                </Button>
                <Button on_press=move |()| open.set(false)>"Cancel"</Button>
            </FormActions>
        </Form>
    }
}

/// The numbers that shape it.
fn shape(draft: Draft, create: Submit<CreateBlankModel>) -> AnyView {
    let sizes = Size::OFFERED.into_iter().chain([Size::Own]);
    let sizes = sizes.map(|size| Choice::new(size, size.label()));
    let texts = [
        draft.layers,
        draft.hidden_size,
        draft.intermediate_size,
        draft.heads,
        draft.kv_heads,
        draft.context,
    ];
    let inputs = texts.into_iter().zip(FIELDS).map(|(value, field)| {
        let label = label_of(field.trim_start_matches("shape."));
        view! { <TextInput label value error=create.field(field) /> }
    });
    view! {
        <Select
            label="Size"
            help="What it can learn, and how long that takes. The numbers below can be changed."
            choices=sizes.collect()
            value=Signal::derive(move || draft.size())
            on_change=move |size: Size| {
                draft.is_own.set(size == Size::Own);
                if size != Size::Own {
                    draft.write(size.shape());
                }
            }
        />
        <div class="form__row">{inputs.collect_view()}</div>
        <p class="field__help">{move || draft.told()}</p>
    }
    .into_any()
}

/// Where its tokenizer comes from.
fn tokenizer(draft: Draft, create: Submit<CreateBlankModel>, sources: Sources) -> AnyView {
    let models = sources.known_models.iter();
    let models = models.filter(|model| model.kind.is_whole());
    let given =
        models.map(|model| Choice::new(Some(model.id), format!("That of {}", model_name(model))));
    let trained = Choice::new(None, "Trained on texts");
    let has_texts = !sources.versions.is_empty();
    let choices: Vec<_> = has_texts
        .then_some(trained)
        .into_iter()
        .chain(given)
        .collect();
    if !has_texts {
        draft
            .given
            .set(choices.first().and_then(|choice| choice.value));
    }
    let texts = StoredValue::new(sources.data);
    let training = move || {
        draft.given.get().is_none().then(|| {
            let texts = texts.get_value().into_iter();
            let texts = texts.map(|one| Choice::new(Some(one.value), one.label));
            view! {
                <Select
                    label="Texts"
                    help="All texts of the rows that are not held back."
                    choices=texts.collect()
                    value=draft.texts
                    on_change=move |id| draft.texts.set(id)
                />
                <TextInput
                    label="Tokens"
                    help="At most so many; 4096 suits a small model of one language."
                    value=draft.vocabulary
                    error=create.field("tokenizer.vocabulary")
                />
            }
        })
    };
    view! {
        <Select
            label="Tokenizer"
            help="A small model spends most of its weights on a large vocabulary: one that is trained on your texts can be small."
            choices
            value=draft.given
            on_change=move |id| draft.given.set(id)
        />
        {training}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_that_is_offered_can_be_made() {
        for size in Size::OFFERED {
            assert!(size.shape().problems().is_empty(), "{size:?}");
        }
    }

    #[test]
    fn weights_are_told_in_millions() {
        assert_eq!(millions(134_515_008), "134.5 million");
    }
}
