//! What of a run is decided by name and not by a number, with links to what was chosen.

use shared::{
    ids::{DatasetVersionId, ModelVersionId},
    run::Run,
};

use super::{
    super::{
        sources::{Sources, model_name},
        words,
    },
    row::{Row, Value},
};
use crate::{address::Place, components::Choice};

/// The rows of all such decisions, whether runs differ in them or not.
#[must_use]
pub fn decisions(runs: &[&Run], sources: &Sources) -> Vec<Row> {
    let row = |name: &str, value: &dyn Fn(&Run) -> Value| {
        Row::plain(name, runs.iter().map(|run| value(run)).collect())
    };
    let model = |id: Option<ModelVersionId>, none| match id {
        None => Value::Absent(none),
        Some(id) => {
            let found = sources.known_models.iter().find(|model| model.id == id);
            let name = found.map_or_else(|| id.to_string(), model_name);
            Value::Link(name, Place::Model(id))
        }
    };
    vec![
        row("Teaches", &|run| {
            let method = run.summary.method;
            Value::Text(format!("{} ({method})", words::method(method)))
        }),
        row("Base", &|run| {
            let name = format!("{}, {}", run.base_name, words::hash(&run.base_hash));
            Value::Link(name, Place::Model(run.summary.base_id))
        }),
        row("Data", &|run| {
            let name = format!("{}, {}", run.dataset_name, words::hash(&run.dataset_hash));
            version(sources, run.summary.dataset_version_id, Some(name))
        }),
        row("Measured on", &|run| {
            let id = run.request.validation_version_id;
            id.map_or(Value::Absent("What the data holds back"), |id| {
                version(sources, id, None)
            })
        }),
        row("General rows", &|run| {
            let id = run.request.general_version_id;
            id.map_or(Value::Absent("None"), |id| version(sources, id, None))
        }),
        row("Prompt", &|run| {
            named(&sources.prompts, run.request.prompt_version_id)
        }),
        row("Trains", &|run| {
            let is_whole = run.request.config.adapter.is_whole();
            Value::Text(words::trained(is_whole).to_owned())
        }),
        row("Goes on from", &|run| {
            let none = if run.request.config.adapter.is_whole() {
                "The base"
            } else {
                "A fresh adapter"
            };
            model(run.request.initial_adapter_id, none)
        }),
        row("Rewarded by", &|run| {
            model(run.request.reward_model_id, "No reward model")
        }),
        row("Spec", &|run| {
            named(&sources.specs, run.request.spec_version_id)
        }),
    ]
}

/// A version of a dataset, with a link to it.
fn version(sources: &Sources, id: DatasetVersionId, name: Option<String>) -> Value {
    let mut versions = sources.versions.iter();
    match versions.find(|one| one.version.id == id) {
        Some(one) => {
            let number = one.version.number;
            let name = name.unwrap_or_else(|| format!("{} {number}", one.name));
            Value::Link(name, Place::DatasetVersion(one.version.dataset_id, number))
        }
        None => Value::Text(name.unwrap_or_else(|| id.to_string())),
    }
}

fn named<T: PartialEq + ToString>(choices: &[Choice<T>], id: Option<T>) -> Value {
    let name = id.map(|id| {
        let found = choices.iter().find(|choice| choice.value == id);
        found.map_or_else(|| id.to_string(), |choice| choice.label.clone())
    });
    Value::or_absent(name, "None")
}

#[cfg(test)]
mod tests {
    use super::{
        super::fixture::{ID, OTHER_ID, told_with},
        *,
    };

    #[test]
    fn what_is_decided_by_an_id_has_a_name() {
        let mut with_prompt = told_with(1, |_| {});
        with_prompt.run.request.prompt_version_id = ID.parse().ok();
        let mut goes_on = told_with(2, |_| {});
        goes_on.run.request.initial_adapter_id = OTHER_ID.parse().ok();
        let sources = Sources {
            prompts: vec![Choice::new(ID.parse().unwrap(), "Short 1")],
            ..Sources::default()
        };
        let mut found = decisions(&[&with_prompt.run, &goes_on.run], &sources);
        found.retain(Row::differs);
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(
            found,
            [
                Row::plain("Prompt", vec![text("Short 1"), Value::Absent("None")]),
                Row::plain(
                    "Goes on from",
                    vec![
                        Value::Absent("A fresh adapter"),
                        // A model that is not known any more keeps its id.
                        Value::Link(OTHER_ID.to_owned(), Place::Model(OTHER_ID.parse().unwrap())),
                    ]
                ),
            ]
        );
    }
}
