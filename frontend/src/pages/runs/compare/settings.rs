//! What was decided differently, down to the last setting.

use serde_json::Value as Json;
use shared::{
    run::Run,
    training::{Method, TrainingConfig},
};

use super::{
    super::{settings, sources::Sources, trained, words},
    decisions::decisions,
    row::{Row, Value},
};

/// The rows in which any two runs differ; no rows where all have the same settings.
#[must_use]
pub fn differing(runs: &[&Run], sources: &Sources) -> Vec<Row> {
    let mut rows = decisions(runs, sources);
    rows.retain(Row::differs);
    for (topic, _, fields) in settings::topics() {
        for field in fields {
            let path = settings::path(topic, field.name);
            let is_elsewhere =
                settings::HIDDEN.contains(&path.as_str()) && path != "evaluation.checks";
            if !is_elsewhere {
                rows.extend(setting(runs, topic, field.name, path));
            }
        }
    }
    rows
}

/// What a setting came to in a run.
#[derive(Clone, Debug, PartialEq)]
struct Applied {
    value: Json,
    /// Whether the method decided it, because the configuration does not say.
    is_own: bool,
}

/// The value that counts, with what the method decides where the configuration does not say.
fn applied(config: &TrainingConfig, path: &str) -> Applied {
    // A plain struct always becomes JSON.
    let whole = serde_json::to_value(config).unwrap_or_default();
    let value = path.split('.').fold(&whole, |part, name| &part[name]);
    let own = match path {
        "optimizer.learning_rate" => config.learning_rate().into(),
        "preference.beta" => config.beta().into(),
        "evaluation.generate_rows" => config.generate_rows().into(),
        "data.packing" => config.packing().into(),
        _ => Json::Null,
    };
    let is_own = value.is_null() && !own.is_null();
    Applied {
        value: if is_own { own } else { value.clone() },
        is_own,
    }
}

/// What a setting came to where it does something; nothing where the run's method does not use it.
fn used(run: &Run, topic: &str, path: &str) -> Option<Applied> {
    let method = run.request.config.method;
    let is_unused = topic == trained::TRAINED && run.request.config.adapter.is_whole();
    let does_something = settings::has_topic(topic, method) && settings::matters(path, method);
    (does_something && !is_unused).then(|| applied(&run.request.config, path))
}

/// Whether a setting stands as it does where nobody touches it.
fn is_untouched(found: &Applied, method: Method, path: &str) -> bool {
    let untouched = TrainingConfig {
        method,
        ..TrainingConfig::default()
    };
    found.value == applied(&untouched, path).value
}

/// The row of a setting, if runs differ in it. A run whose method does not use it differs only from
/// one in which somebody has touched it: that the methods differ has its own row.
fn setting(runs: &[&Run], topic: &str, name: &str, path: String) -> Option<Row> {
    let all: Vec<Option<Applied>> = runs.iter().map(|run| used(run, topic, &path)).collect();
    let known: Vec<&Json> = all.iter().flatten().map(|found| &found.value).collect();
    let differs = known.windows(2).any(|pair| pair[0] != pair[1]);
    let is_unused = all.iter().any(Option::is_none);
    let is_touched = runs.iter().zip(&all).any(|(run, found)| {
        let found = found.as_ref();
        found.is_some_and(|found| !is_untouched(found, run.request.config.method, &path))
    });
    if !(differs || is_unused && is_touched) {
        return None;
    }
    let mut row = Row {
        name: words::field(name),
        values: all
            .iter()
            .map(|found| in_words(found.as_ref(), &path))
            .collect(),
        path,
    };
    // Such as checks that differ in more than their names.
    if !row.differs() {
        row.values = all.into_iter().map(verbatim).collect();
    }
    Some(row)
}

fn verbatim(found: Option<Applied>) -> Value {
    Value::or_absent(found.map(|found| found.value.to_string()), "Not used")
}

fn in_words(found: Option<&Applied>, path: &str) -> Value {
    match found {
        None => Value::Absent("Not used"),
        Some(Applied { value, .. }) if value.is_null() => Value::Absent("Not set"),
        Some(Applied { value, is_own }) => {
            let text = text_of(value, path);
            Value::Text(if *is_own {
                format!("{text}, the method's own")
            } else {
                text
            })
        }
    }
}

fn text_of(value: &Json, path: &str) -> String {
    match value {
        Json::Bool(true) => "On".to_owned(),
        Json::Bool(false) => "Off".to_owned(),
        Json::String(word) => {
            let mut choices = settings::choices(path).unwrap_or_default().into_iter();
            let choice = choices.find(|choice| choice.value == *word);
            choice.map_or_else(|| word.clone(), |choice| choice.label)
        }
        Json::Array(list) if list.is_empty() => "None".to_owned(),
        Json::Array(list) => {
            let texts: Vec<String> = list.iter().map(|one| text_of(one, path)).collect();
            texts.join(", ")
        }
        // A check, by its name.
        Json::Object(parts) => match parts.get("name") {
            Some(Json::String(name)) => name.clone(),
            _ => value.to_string(),
        },
        number => {
            let text = number.to_string();
            text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::check::{Check, CheckKind};

    use super::{
        super::{fixture::told_with, read::Told},
        *,
    };

    fn rows(runs: &[Told]) -> Vec<Row> {
        let runs: Vec<&Run> = runs.iter().map(|told| &told.run).collect();
        differing(&runs, &Sources::default())
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn equal_runs_have_no_rows() {
        let runs = [
            told_with(1, |_| {}),
            told_with(2, |_| {}),
            told_with(3, |_| {}),
        ];
        assert_eq!(rows(&runs), []);
    }

    #[test]
    fn only_what_differs_has_a_row() {
        let runs = [
            told_with(1, |_| {}),
            told_with(2, |config| {
                config.adapter.adapter_mut().unwrap().rank = 32;
                config.batch.max_steps = Some(20);
                config.data.shuffle = false;
                config.optimizer.learning_rate = Some(1e-3);
            }),
        ];
        let found: Vec<(String, Vec<Value>)> = rows(&runs)
            .into_iter()
            .map(|row| (row.path, row.values))
            .collect();
        let expected = [
            ("batch.max_steps", [Value::Absent("Not set"), text("20")]),
            (
                "optimizer.learning_rate",
                [text("0.0002, the method's own"), text("0.001")],
            ),
            ("adapter.rank", [text("16"), text("32")]),
            ("data.shuffle", [text("On"), text("Off")]),
        ];
        let expected = expected.map(|(path, values)| (path.to_owned(), values.to_vec()));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_default_that_is_written_out_is_the_same() {
        let runs = [
            told_with(1, |_| {}),
            told_with(2, |config| {
                config.optimizer.learning_rate = Some(2e-4);
                config.data.packing = Some(false);
                config.evaluation.generate_rows = Some(0);
            }),
        ];
        assert_eq!(rows(&runs), []);
    }

    #[test]
    fn another_method_brings_only_what_was_touched_for_it() {
        let dpo = |number, change: fn(&mut TrainingConfig)| {
            told_with(number, |config| {
                config.method = Method::Dpo;
                change(config);
            })
        };
        let paths = |runs: &[Told]| -> Vec<String> {
            let found = rows(runs).into_iter();
            found
                .map(|row| format!("{}{}", row.name, row.path))
                .collect()
        };
        let plain = [told_with(1, |_| {}), dpo(2, |_| {})];
        assert_eq!(
            paths(&plain),
            ["Teaches", "Learning rateoptimizer.learning_rate"]
        );
        let touched = [
            told_with(1, |_| {}),
            dpo(2, |config| config.preference.label_smoothing = 0.1),
        ];
        let found = rows(&touched);
        let smoothing = found.last().unwrap();
        assert_eq!(smoothing.path, "preference.label_smoothing");
        assert_eq!(smoothing.values, [Value::Absent("Not used"), text("0.1")]);
        // What SFT carries along without using it is no difference.
        let carried = [
            told_with(1, |config| config.preference.label_smoothing = 0.3),
            told_with(2, |_| {}),
        ];
        assert_eq!(rows(&carried), []);
    }

    #[test]
    fn checks_of_one_name_are_told_apart_by_what_they_ask() {
        let with = |number, pattern: &str| {
            told_with(number, |config| {
                let kind = CheckKind::Regex {
                    pointer: None,
                    pattern: pattern.to_owned(),
                };
                let check = json_check(kind);
                config.evaluation.checks = vec![check];
            })
        };
        let found = rows(&[with(1, "a+"), with(2, "b+")]);
        assert_eq!(found.len(), 1);
        assert!(found[0].differs());
        let named = rows(&[told_with(1, |_| {}), with(2, "a+")]);
        assert_eq!(named[0].values, [text("None"), text("letters")]);
    }

    fn json_check(kind: CheckKind) -> Check {
        let mut check = serde_json::to_value(kind).unwrap();
        check["name"] = "letters".into();
        serde_json::from_value(check).unwrap()
    }
}
