//! The settings of a run beyond its three decisions, made from the documentation of their fields:
//! folded by topic, changed values marked, everything else at its default.

use std::collections::BTreeMap;

use leptos::prelude::*;
use serde_json::{Map, Value};
use shared::training::{
    AdapterConfig, BatchConfig, CheckpointConfig, DataConfig, EvaluationConfig, FieldDoc,
    GrpoConfig, LearningRateSchedule, Lesson, Method, OptimizerConfig, PolicyLoss, Precision,
    PreferenceConfig, PreferenceLoss, RewardScale, ScheduleConfig, TrainingConfig,
};

use super::trained::{NO_ADAPTER, TRAINED, trains_all};
use super::words;
use crate::components::{Checkbox, Choice, Select, TextInput, badge::Badge, badge::Tone};

/// What a person has typed, by the path of the setting; what is not here has its default.
pub type Changes = BTreeMap<String, String>;

/// Settings that the server fills in, or that are decided elsewhere on the page.
pub(super) const HIDDEN: [&str; 10] = [
    "method",
    "model",
    "data.train",
    "data.validation",
    "data.general",
    "data.general_validation",
    "data.system_prompt",
    "adapter.initial",
    "grpo.reward_model",
    "evaluation.checks",
];

/// Whether a setting does something with a method.
pub(super) fn matters(path: &str, method: Method) -> bool {
    match path {
        "preference.loss" | "preference.label_smoothing" => method == Method::Dpo,
        "preference.soft_labels" => matches!(method, Method::Dpo | Method::Reward),
        "preference.margin" => method == Method::Simpo,
        "preference.beta" => method != Method::Reward,
        "preference.centering" => method == Method::Reward,
        "evaluation.generate_rows" | "evaluation.max_new_tokens" | "evaluation.by_task_metric" => {
            method.answers_rows()
        }
        "data.packing" => method.packs(),
        "preference.desirable_weight" | "preference.undesirable_weight" => method == Method::Kto,
        "data.general_share" => method != Method::Grpo,
        _ if path.starts_with("grpo.") => method == Method::Grpo,
        _ => true,
    }
}

/// Whether a topic has a setting that does something with a method.
pub(super) fn has_topic(topic: &str, method: Method) -> bool {
    let lesson = method.lesson();
    match topic {
        "preference" => lesson.judges(),
        "grpo" => lesson == Lesson::Prompts,
        _ => true,
    }
}

/// What a setting may be, where that is one of a few words.
pub(super) fn choices(path: &str) -> Option<Vec<Choice<String>>> {
    let kind = |kind: &LearningRateSchedule| Choice::new(kind.to_string(), words::schedule(*kind));
    let loss = |loss: &PreferenceLoss| Choice::new(loss.to_string(), words::loss(*loss));
    let policy = |loss: &PolicyLoss| Choice::new(loss.to_string(), words::policy_loss(*loss));
    let scale = |scale: &RewardScale| Choice::new(scale.to_string(), words::reward_scale(*scale));
    let precision = |kind: &Precision| Choice::new(kind.to_string(), words::precision(*kind));
    match path {
        "schedule.kind" => Some(LearningRateSchedule::ALL.iter().map(kind).collect()),
        "preference.loss" => Some(PreferenceLoss::ALL.iter().map(loss).collect()),
        "grpo.loss" => Some(PolicyLoss::ALL.iter().map(policy).collect()),
        "grpo.scale" => Some(RewardScale::ALL.iter().map(scale).collect()),
        "data.packing" => {
            let words = [("", "By the method"), ("true", "On"), ("false", "Off")];
            let choice = |(word, name): (&str, &str)| Choice::new(word.to_owned(), name);
            Some(words.into_iter().map(choice).collect())
        }
        "precision" => Some(Precision::ALL.iter().map(precision).collect()),
        _ => None,
    }
}

/// The topics in the order of the page: word in the configuration, name, fields.
pub(super) fn topics() -> Vec<(&'static str, &'static str, Vec<FieldDoc>)> {
    let plain = TrainingConfig::fields().into_iter();
    let plain = plain.filter(|field| !field.default.is_object());
    vec![
        (
            "batch",
            "Batch and length of the run",
            BatchConfig::fields(),
        ),
        ("optimizer", "Optimizer", OptimizerConfig::fields()),
        (
            "schedule",
            "Learning rate over time",
            ScheduleConfig::fields(),
        ),
        ("adapter", "Adapter", AdapterConfig::fields()),
        ("preference", "Preference", PreferenceConfig::fields()),
        ("grpo", "Drawing and rewards", GrpoConfig::fields()),
        ("data", "Data", DataConfig::fields()),
        (
            "evaluation",
            "Evaluation and early stopping",
            EvaluationConfig::fields(),
        ),
        ("checkpoint", "Checkpoints", CheckpointConfig::fields()),
        ("", "Seed and machine", plain.collect()),
    ]
}

pub(super) fn path(topic: &str, name: &str) -> String {
    if topic.is_empty() {
        name.to_owned()
    } else {
        format!("{topic}.{name}")
    }
}

/// All topics.
#[component]
pub fn Settings(
    /// What was changed.
    changes: RwSignal<Changes>,
    /// The method, which decides which topics matter.
    method: RwSignal<Method>,
    /// What is wrong with a setting, by its path.
    wrong: Signal<BTreeMap<String, String>>,
) -> impl IntoView {
    let shown = topics().into_iter().map(|(topic, name, fields)| {
        let fields: Vec<FieldDoc> = fields
            .into_iter()
            .filter(|field| !HIDDEN.contains(&path(topic, field.name).as_str()))
            .collect();
        let is_hidden = move || {
            let is_unused = topic == TRAINED && changes.with(trains_all);
            is_unused || !has_topic(topic, method.get())
        };
        let prefix = path(topic, "");
        let own: Vec<String> = fields.iter().map(|field| path(topic, field.name)).collect();
        let mark = move || {
            let number =
                changes.with(|changes| own.iter().filter(|p| changes.contains_key(*p)).count());
            (number > 0).then(|| {
                view! { <Badge tone=Tone::Active text=format!("{number} changed") /> }
            })
        };
        let has_wrong = move || {
            wrong.with(|wrong| {
                !prefix.is_empty() && wrong.keys().any(|path| path.starts_with(&prefix))
            })
        };
        let inputs = fields
            .into_iter()
            .map(|field| {
                let path = path(topic, field.name);
                let is_hidden = move || !matters(&path, method.get());
                view! { <div hidden=is_hidden>{input(changes, topic, field, wrong)}</div> }
            })
            .collect::<Vec<_>>();
        view! {
            <details class="topic" hidden=is_hidden open=has_wrong>
                <summary class="topic__name">{name} " " {mark}</summary>
                <div class="topic__fields">{inputs}</div>
            </details>
        }
        .into_any()
    });
    view! { <div class="topics">{shown.collect::<Vec<_>>()}</div> }
}

fn input(
    changes: RwSignal<Changes>,
    topic: &'static str,
    field: FieldDoc,
    wrong: Signal<BTreeMap<String, String>>,
) -> AnyView {
    let path = path(topic, field.name);
    let label = words::field(field.name);
    let default = text_of(&field.default);
    let first = changes.with_untracked(|changes| changes.get(&path).cloned());
    let value = RwSignal::new(first.unwrap_or_else(|| default.clone()));
    let (own, standard) = (path.clone(), default.clone());
    Effect::new(move |_| {
        let text = value.get();
        let is_default = text.trim() == standard;
        let known = changes.with_untracked(|changes| changes.get(&own).cloned());
        if is_default && known.is_some() {
            changes.update(|changes| {
                changes.remove(&own);
            });
        } else if !is_default && known.as_deref() != Some(text.as_str()) {
            changes.update(|changes| {
                changes.insert(own.clone(), text);
            });
        }
    });
    let shown = if default.is_empty() {
        "none"
    } else {
        default.as_str()
    };
    let doc = field.doc.replace('`', "");
    let help = format!("{doc} Default: {shown}.");
    match &field.default {
        Value::Bool(_) => {
            let ticked = RwSignal::new(value.get_untracked() == "true");
            Effect::new(move |_| value.set(ticked.get().to_string()));
            view! { <Checkbox label help value=ticked /> }.into_any()
        }
        default => {
            if let Some(choices) = choices(&path) {
                let change = move |word| value.set(word);
                return view! { <Select label help choices value on_change=change /> }.into_any();
            }
            let error = Signal::derive(move || wrong.with(|wrong| wrong.get(&path).cloned()));
            let optional = default.is_null();
            view! { <TextInput label help value error optional /> }.into_any()
        }
    }
}

/// A value as it stands in a field.
fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(text_of).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// The configuration with what was changed, or what is wrong by path.
pub fn configuration(
    method: Method,
    changes: &Changes,
) -> Result<TrainingConfig, BTreeMap<String, String>> {
    let mut wrong = BTreeMap::new();
    // A plain struct always becomes JSON.
    let mut whole = serde_json::to_value(TrainingConfig::default()).unwrap_or_default();
    whole["method"] = Value::String(method.to_string());
    let is_whole = trains_all(changes);
    if is_whole {
        whole[TRAINED] = Value::String(NO_ADAPTER.to_owned());
    }
    // What is not used is not sent: nobody sees it.
    let is_used = |path: &str| {
        let topic = path.split('.').next();
        matters(path, method) && path != TRAINED && !(is_whole && topic == Some(TRAINED))
    };
    let used = changes.iter().filter(|(path, _)| is_used(path));
    for (path, text) in used {
        let (topic, name) = path.split_once('.').unwrap_or(("", path.as_str()));
        let place = if topic.is_empty() {
            whole.get_mut(name)
        } else {
            whole.get_mut(topic).and_then(|part| part.get_mut(name))
        };
        if let Some(place) = place {
            match value_of(text.trim(), place) {
                Some(value) => *place = value,
                None => {
                    wrong.insert(path.clone(), "must be a number".to_owned());
                }
            }
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    serde_json::from_value(whole.clone())
        .map_err(|error| blame(&whole, &error.to_string(), changes))
}

/// What was typed, as the kind of value that stands there.
fn value_of(text: &str, now: &Value) -> Option<Value> {
    match now {
        Value::String(_) => Some(Value::String(text.to_owned())),
        Value::Array(_) => {
            let parts = text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty());
            Some(parts.map(|part| Value::String(part.to_owned())).collect())
        }
        Value::Null if text.is_empty() => Some(Value::Null),
        _ => serde_json::from_str::<Value>(text)
            .ok()
            .filter(|value| value.is_number() || value.is_boolean()),
    }
}

/// Finds the changed settings that do not fit: each is tried alone.
fn blame(whole: &Value, message: &str, changes: &Changes) -> BTreeMap<String, String> {
    let fits = |path: &str| {
        let (topic, name) = path.split_once('.').unwrap_or(("", path));
        let value = if topic.is_empty() {
            &whole[name]
        } else {
            &whole[topic][name]
        };
        let mut alone = Map::new();
        if topic.is_empty() {
            alone.insert(name.to_owned(), value.clone());
        } else {
            let part = Map::from_iter([(name.to_owned(), value.clone())]);
            alone.insert(topic.to_owned(), Value::Object(part));
        }
        serde_json::from_value::<TrainingConfig>(Value::Object(alone)).is_ok()
    };
    let bad = changes.keys().filter(|path| !fits(path));
    bad.map(|path| (path.clone(), message.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(pairs: &[(&str, &str)]) -> Changes {
        let pairs = pairs.iter();
        pairs
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn what_is_typed_becomes_the_configuration() {
        let changes = changed(&[
            ("batch.size", "4"),
            ("optimizer.learning_rate", "1e-4"),
            ("schedule.kind", "linear"),
            ("adapter.targets", "q_proj, v_proj"),
            ("data.shuffle", "false"),
            ("seed", "7"),
        ]);
        let config = configuration(Method::Dpo, &changes).unwrap();
        assert_eq!(
            (config.method, config.batch.size, config.seed),
            (Method::Dpo, 4, 7)
        );
        assert_eq!(config.optimizer.learning_rate, Some(1e-4));
        assert_eq!(config.schedule.kind, LearningRateSchedule::Linear);
        assert_eq!(config.adapter.adapter().unwrap().targets.len(), 2);
        assert!(!config.data.shuffle);
        let unused = changed(&[("evaluation.generate_rows", "5"), ("preference.beta", "-1")]);
        let config = configuration(Method::Reward, &unused).unwrap();
        assert_eq!(config.evaluation.generate_rows, None);
        assert_eq!(config.preference.beta, None);
        let again = changed(&[("grpo.iterations", "2"), ("grpo.epsilon_high", "0.28")]);
        let config = configuration(Method::Grpo, &again).unwrap();
        assert_eq!((config.iterations(), config.grpo.clips()), (2, [0.2, 0.28]));
        assert_eq!(
            configuration(Method::Dpo, &again).unwrap().grpo,
            GrpoConfig::default()
        );
        let packing = changed(&[("data.packing", "true")]);
        let config = configuration(Method::Sft, &packing).unwrap();
        assert_eq!(config.data.packing, Some(true));
        for method in [Method::Dpo, Method::Grpo] {
            let config = configuration(method, &packing).unwrap();
            assert_eq!(config.data.packing, None);
        }
        assert_eq!(
            configuration(Method::Sft, &Changes::new()),
            Ok(TrainingConfig::default())
        );
    }

    #[test]
    fn only_settings_that_do_something_are_shown() {
        let shown = |method| {
            let fields = PreferenceConfig::fields().into_iter();
            let names = fields.map(|field| field.name);
            names
                .filter(|name| matters(&path("preference", name), method))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            shown(Method::Dpo),
            ["loss", "beta", "label_smoothing", "soft_labels"]
        );
        assert_eq!(
            shown(Method::Kto),
            ["beta", "desirable_weight", "undesirable_weight"]
        );
        assert_eq!(shown(Method::Simpo), ["beta", "margin"]);
        assert_eq!(shown(Method::Orpo), ["beta"]);
        assert_eq!(shown(Method::Reward), ["soft_labels", "centering"]);
        let topics = |method| ["preference", "grpo"].map(|topic| has_topic(topic, method));
        assert_eq!(topics(Method::Sft), [false, false]);
        assert_eq!(topics(Method::Dpo), [true, false]);
        assert_eq!(topics(Method::Grpo), [false, true]);
    }

    #[test]
    fn what_does_not_fit_is_blamed_at_its_place() {
        let wrong = configuration(Method::Sft, &changed(&[("batch.size", "many")])).unwrap_err();
        assert_eq!(wrong["batch.size"], "must be a number");
        let changes = changed(&[("batch.size", "-1"), ("batch.epochs", "2")]);
        let wrong = configuration(Method::Sft, &changes).unwrap_err();
        assert_eq!(wrong.keys().collect::<Vec<_>>(), ["batch.size"]);
    }
}
