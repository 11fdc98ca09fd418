//! A check that is being written: each field is a text until the whole is read.

use std::collections::BTreeMap;

use leptos::prelude::*;
use serde_json::{Map, Value};
use shared::check::Check;

use super::fields::{CheckField, FieldKind, KINDS, find};
use crate::lasting::lasting;

/// A check under work. Copies share it.
#[derive(Clone, Copy, Debug)]
pub struct CheckDraft {
    /// Its place in lists that are drawn.
    pub id: u32,
    /// Its name.
    pub name: RwSignal<String>,
    /// Its kind, as in JSON.
    pub kind: RwSignal<String>,
    /// The fields as texts, by name; those of other kinds are kept.
    pub values: RwSignal<BTreeMap<String, String>>,
    /// Whether the verdict is turned round.
    pub negate: RwSignal<bool>,
    /// How much it counts.
    pub weight: RwSignal<String>,
    clause: StoredValue<Option<String>>,
}

/// The checks under work of one clause or suite. Copies share them.
#[derive(Clone, Copy, Debug)]
pub struct ChecksDraft {
    /// The checks, in their order.
    pub list: RwSignal<Vec<CheckDraft>>,
    next: StoredValue<u32>,
}

impl ChecksDraft {
    /// A form with these checks.
    #[must_use]
    pub fn new(checks: &[Check]) -> Self {
        let draft = Self {
            list: RwSignal::new(Vec::new()),
            next: StoredValue::new(0),
        };
        for check in checks {
            draft.push(Some(check));
        }
        draft
    }

    /// Adds a check; an empty one if none is given.
    pub fn push(self, check: Option<&Check>) {
        let id = self.next.get_value();
        self.next.set_value(id.wrapping_add(1));
        let word = check.map_or(KINDS[0].word, |check| check.kind.label());
        let draft = lasting(|| CheckDraft {
            id,
            name: RwSignal::new(check.map(|check| check.name.clone()).unwrap_or_default()),
            kind: RwSignal::new(word.to_owned()),
            values: RwSignal::new(check.map(texts).unwrap_or_default()),
            negate: RwSignal::new(check.is_some_and(|check| check.negate)),
            weight: RwSignal::new(check.map_or(1.0, |check| check.weight).to_string()),
            clause: StoredValue::new(check.and_then(|check| check.clause.clone())),
        });
        self.list.update(|list| list.push(draft));
    }

    /// The checks as they are now, or what is wrong with the first unusable one; tracks changes.
    ///
    /// # Errors
    /// A sentence on the first check that cannot be read.
    pub fn checks(self) -> Result<Vec<Check>, String> {
        self.list
            .with(|list| list.iter().map(|draft| draft.check()).collect())
    }
}

impl CheckDraft {
    fn check(self) -> Result<Check, String> {
        let name = self.name.get();
        let kind = self.kind.get();
        let values = self.values.get();
        let mut object = object(&kind, &values).map_err(|why| format!("check `{name}`: {why}"))?;
        let weight = self.weight.with(|text| text.trim().parse::<f64>().ok());
        let weight = weight.filter(|weight| *weight > 0.0 && weight.is_finite());
        let weight = weight.ok_or_else(|| format!("check `{name}`: the weight must be above 0"))?;
        object.insert("name".to_owned(), name.clone().into());
        object.insert("weight".to_owned(), weight.into());
        if self.negate.get() {
            object.insert("negate".to_owned(), true.into());
        }
        if let Some(clause) = self.clause.get_value() {
            object.insert("clause".to_owned(), clause.into());
        }
        serde_json::from_str(&Value::Object(object).to_string())
            .map_err(|error| format!("check `{name}`: {error}"))
    }
}

/// The fields of a check as texts.
#[must_use]
pub fn texts(check: &Check) -> BTreeMap<String, String> {
    // What came as JSON goes back to it.
    let object = serde_json::to_string(&check.kind)
        .ok()
        .and_then(|text| serde_json::from_str::<Map<String, Value>>(&text).ok())
        .unwrap_or_default();
    let fields = find(check.kind.label()).map_or(&[][..], |kind| kind.fields);
    let text = |field: &CheckField| {
        let value = object.get(field.name)?;
        Some((field.name.to_owned(), text_of(field.kind, value)))
    };
    fields.iter().filter_map(text).collect()
}

fn text_of(kind: FieldKind, value: &Value) -> String {
    match (kind, value) {
        (FieldKind::Lines, Value::Array(list)) => {
            let lines = list.iter().filter_map(Value::as_str);
            lines.collect::<Vec<_>>().join("\n")
        }
        (FieldKind::Json, value) => serde_json::to_string_pretty(value).unwrap_or_default(),
        (_, Value::String(text)) => text.clone(),
        (_, value) => value.to_string(),
    }
}

/// The JSON of a kind with the fields that are filled in.
fn object(word: &str, values: &BTreeMap<String, String>) -> Result<Map<String, Value>, String> {
    let kind = find(word).ok_or_else(|| format!("`{word}` is no kind of check"))?;
    let mut object = Map::new();
    object.insert("type".to_owned(), word.into());
    for field in kind.fields {
        let text = values.get(field.name).map_or("", String::as_str);
        if text.trim().is_empty() && field.optional {
            continue;
        }
        let value = value_of(field.kind, text).ok_or_else(|| {
            let what = match field.kind {
                FieldKind::Text => "must not be empty",
                FieldKind::Lines => "must have at least one line",
                FieldKind::Count => "must be a whole number from 0 on",
                FieldKind::Share => "must be a number from 0 to 1",
                FieldKind::Flag => "must be yes or no",
                FieldKind::Unit => "must be chosen",
                FieldKind::Json => "must be valid JSON",
            };
            format!("{} {what}", field.label)
        })?;
        object.insert(field.name.to_owned(), value);
    }
    Ok(object)
}

fn value_of(kind: FieldKind, text: &str) -> Option<Value> {
    let trimmed = text.trim();
    match kind {
        FieldKind::Text | FieldKind::Unit => (!trimmed.is_empty()).then(|| text.into()),
        FieldKind::Lines => {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let lines: Vec<Value> = lines.map(Value::from).collect();
            (!lines.is_empty()).then_some(Value::Array(lines))
        }
        FieldKind::Count => trimmed.parse::<u32>().ok().map(Value::from),
        FieldKind::Share => {
            let share = trimmed.replace(',', ".").parse::<f64>().ok();
            share
                .filter(|share| (0.0..=1.0).contains(share))
                .map(Value::from)
        }
        FieldKind::Flag => trimmed.parse::<bool>().ok().map(Value::from),
        FieldKind::Json => serde_json::from_str(trimmed).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY_KIND: &str = r#"[
        {"name":"a","type":"valid_json"},
        {"name":"b","type":"json_schema","schema":{"type":"object"}},
        {"name":"c","type":"required_keys","keys":["x","y"]},
        {"name":"d","type":"fixed_set","pointer":"/x","values":["1","2"]},
        {"name":"e","type":"regex","pattern":"^a b "},
        {"name":"f","type":"keywords","any_of":["x"],"none_of":["y z"]},
        {"name":"g","type":"question_count","pointer":"/q","max":1},
        {"name":"h","type":"refusal","negate":true},
        {"name":"i","type":"exact_match","ignore_case":true,"weight":2.0},
        {"name":"j","type":"pointer_equals","pointer":"/x"},
        {"name":"k","type":"list_f1","pointer":"/x","threshold":0.5},
        {"name":"l","type":"grounded_entities","clause":"grounded"},
        {"name":"m","type":"length","unit":"words","min":1,"max":20}
    ]"#;

    #[test]
    fn every_kind_survives_its_form() {
        let checks: Vec<Check> = serde_json::from_str(EVERY_KIND).unwrap();
        let mut words: Vec<_> = checks.iter().map(|check| check.kind.label()).collect();
        words.dedup();
        assert_eq!(words, KINDS.map(|kind| kind.word));
        for check in checks {
            let mut read = object(check.kind.label(), &texts(&check)).unwrap();
            read.insert("name".to_owned(), check.name.clone().into());
            let read: Check = serde_json::from_str(&Value::Object(read).to_string()).unwrap();
            assert_eq!(read.kind, check.kind);
        }
    }

    #[test]
    fn an_unusable_field_is_named() {
        let wrong = |word, pairs: &[(&str, &str)]| {
            let pairs = pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
            object(word, &pairs.collect()).unwrap_err()
        };
        assert_eq!(
            wrong("required_keys", &[]),
            "Keys must have at least one line"
        );
        let share = [("pointer", "/x"), ("threshold", "1.5")];
        assert_eq!(
            wrong("list_f1", &share),
            "Least F1 must be a number from 0 to 1"
        );
        assert_eq!(
            wrong("json_schema", &[("schema", "{")]),
            "Schema must be valid JSON"
        );
    }
}
