//! The known sets of keys, and what a file's keys are recognised as.
//!
//! A column named `category` is data: it labels a text, or becomes a tag. It is never taken for the
//! coverage of a row, which is one of four words in a column named `coverage`.
//!
//! The table of the sets is in `known`; what is asked of a file's records is here.

mod known;

use serde_json::Value;
use shared::{
    coverage::Coverage,
    dataset::{ColumnMapping, ColumnUse, FileShape, Provenance, RowField, RowKind},
};

use self::known::{ANYWHERE, KNOWN, Known};
use super::{Fields, content::is_blank, pair};

/// What a file was recognised as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// The set of keys.
    pub shape: FileShape,
    /// Why, for people.
    pub reason: String,
    /// The mapping that it proposes.
    pub mapping: ColumnMapping,
}

/// The columns of the first records, in the order of their first appearance.
#[must_use]
pub fn columns_of(records: &[Fields]) -> Vec<&str> {
    let mut columns: Vec<&str> = Vec::new();
    for name in records.iter().flat_map(Fields::keys) {
        if !columns.contains(&name.as_str()) {
            columns.push(name);
        }
    }
    columns
}

/// Recognises the columns of the first records of a file.
#[must_use]
pub fn recognise(records: &[Fields]) -> Option<Recognised> {
    let columns = filled_columns(records);
    KNOWN.iter().find_map(|known| {
        let mut uses = known.find_required(&columns)?;
        if known.kind == RowKind::Unpaired && !is_label(records, &uses) {
            return None;
        }
        let reason = known.describe(&uses);
        for (field, names) in known.optional {
            uses.extend(find(&columns, *field, names));
        }
        if known.kind == RowKind::Preference {
            uses.extend(beside_pairs(records));
        }
        for (field, name) in ANYWHERE {
            let found = find(&columns, *field, &[name]);
            uses.extend(found.filter(|given| {
                uses.iter().all(|other| other.column != given.column)
                    && fits(records, &given.column, *field)
            }));
        }
        let mapping = ColumnMapping {
            kind: known.kind,
            columns: uses,
        };
        Some(Recognised {
            shape: known.shape,
            reason,
            mapping,
        })
    })
}

/// Whether a column of this name could change what a file is recognised as.
pub(super) fn is_known_name(name: &str) -> bool {
    let known = KNOWN
        .iter()
        .flat_map(|known| known.required.iter().chain(known.optional));
    let mut names = known
        .flat_map(|(_, names)| *names)
        .chain(ANYWHERE.iter().map(|(_, name)| name))
        .chain(pair::BESIDE.iter().copied().flatten().map(|(_, name)| name));
    names.any(|known| known.eq_ignore_ascii_case(name))
}

/// What stands beside the answers of pairs. Few of them may have it.
fn beside_pairs(records: &[Fields]) -> Vec<ColumnUse> {
    let columns = columns_of(records);
    let groups = pair::BESIDE.iter().filter_map(|group| {
        let uses = group.iter().map(|(field, name)| {
            find(&columns, *field, &[name]).filter(|given| fits(records, &given.column, *field))
        });
        uses.collect::<Option<Vec<_>>>()
    });
    groups.flatten().collect()
}

impl Known {
    fn find_required(&self, columns: &[&str]) -> Option<Vec<ColumnUse>> {
        let marked = self.marks.iter().all(|mark| columns.contains(mark));
        let mut required = self.required.iter();
        let uses = required.try_fold(Vec::new(), |mut uses, (field, names)| {
            uses.push(find(columns, *field, names)?);
            Some(uses)
        });
        uses.filter(|_| marked)
    }

    fn describe(&self, uses: &[ColumnUse]) -> String {
        let given = uses.iter().map(|given| given.column.as_str());
        let names: Vec<String> = given
            .chain(self.marks.iter().copied())
            .map(|name| format!("`{name}`"))
            .collect();
        format!("{}, by the columns {}", self.words, names.join(", "))
    }
}

/// The columns that have a value in at least half of the records.
fn filled_columns(records: &[Fields]) -> Vec<&str> {
    let is_filled = |record: &&Fields, name: &str| record.get(name).is_some_and(|v| !v.is_null());
    columns_of(records)
        .into_iter()
        .filter(|name| 2 * records.iter().filter(|r| is_filled(r, name)).count() >= records.len())
        .collect()
}

fn find(columns: &[&str], field: RowField, names: &[&str]) -> Option<ColumnUse> {
    let column = names.iter().find_map(|name| {
        let mut columns = columns.iter();
        columns.find(|column| column.trim().eq_ignore_ascii_case(name))
    })?;
    Some(ColumnUse {
        column: (*column).to_owned(),
        field,
    })
}

/// Whether the column of the label holds what a label may be.
fn is_label(records: &[Fields], uses: &[ColumnUse]) -> bool {
    let Some(label) = uses.iter().find(|given| given.field == RowField::Label) else {
        return false;
    };
    values(records, &label.column).all(|value| match value {
        Value::Bool(_) => true,
        Value::Number(number) => matches!(number.as_f64(), Some(0.0 | 1.0)),
        Value::String(text) => {
            matches!(
                text.to_lowercase().as_str(),
                "true" | "false" | "0" | "1" | ""
            )
        }
        _ => false,
    })
}

/// Whether every value of a column can be what its name says.
fn fits(records: &[Fields], column: &str, field: RowField) -> bool {
    values(records, column).all(|value| match field {
        RowField::Coverage => value.as_str().is_some_and(|text| {
            text.trim().is_empty() || text.trim().to_lowercase().parse::<Coverage>().is_ok()
        }),
        RowField::Provenance => serde_json::from_value::<Provenance>(value.clone()).is_ok(),
        RowField::VotesChosen | RowField::VotesRejected => {
            is_blank(value) || pair::read_count(value).is_ok()
        }
        RowField::Margin => is_blank(value) || pair::read_number(value).is_ok(),
        _ => !value.is_object(),
    })
}

fn values<'a>(records: &'a [Fields], column: &'a str) -> impl Iterator<Item = &'a Value> {
    let values = records.iter().filter_map(move |record| record.get(column));
    values.filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use RowField::{Completion, Coverage as CoverageField, Prompt, Tags};

    fn recognise_one(record: &Value) -> Option<Recognised> {
        recognise(&[record.as_object().unwrap().clone()])
    }

    #[test]
    fn a_column_named_category_is_a_completion_or_a_tag_and_never_coverage() {
        let uses = |record: &Value| {
            let mapping = recognise_one(record).unwrap().mapping;
            let mut columns = mapping.columns.into_iter();
            columns
                .find(|given| given.column == "category")
                .unwrap()
                .field
        };
        assert_eq!(
            uses(&json!({ "text": "a", "category": "edge" })),
            Completion
        );
        let labelled = json!({ "prompt": "a", "completion": "b", "category": "edge" });
        assert_eq!(uses(&labelled), Tags);
    }

    #[test]
    fn a_column_named_coverage_is_coverage_only_if_its_values_are() {
        let fields = |coverage: &str| {
            let record = json!({ "prompt": "a", "completion": "b", "coverage": coverage });
            let columns = recognise_one(&record).unwrap().mapping.columns;
            columns
                .into_iter()
                .map(|given| given.field)
                .collect::<Vec<_>>()
        };
        assert_eq!(fields("Edge"), [Prompt, Completion, CoverageField]);
        assert_eq!(fields("90 %"), [Prompt, Completion]);
    }

    #[test]
    fn votes_and_margins_belong_to_pairs_and_are_numbers() {
        let fields = |further: &str| {
            let mut records = vec![json!({ "prompt": "a", "chosen": "b", "rejected": "c" }); 9];
            records.push(serde_json::from_str(further).unwrap());
            let records: Vec<Fields> = records
                .into_iter()
                .map(|record| record.as_object().unwrap().clone())
                .collect();
            let columns = recognise(&records).unwrap().mapping.columns;
            let fields = columns.into_iter().map(|given| given.field);
            fields.skip(3).collect::<Vec<_>>()
        };
        let (chosen, rejected) = (RowField::VotesChosen, RowField::VotesRejected);
        assert_eq!(
            fields(r#"{ "votes_chosen": "2", "votes_rejected": 0, "margin": 1 }"#),
            [chosen, rejected, RowField::Margin]
        );
        assert!(fields(r#"{ "votes_chosen": 2, "margin": "wide" }"#).is_empty());
        assert!(fields(r#"{ "votes_chosen": 2.5, "votes_rejected": 1 }"#).is_empty());
        let plain = json!({ "prompt": "a", "completion": "b", "margin": 1 });
        let columns = recognise_one(&plain).unwrap().mapping.columns;
        assert!(columns.iter().all(|given| given.field != RowField::Margin));
    }

    #[test]
    fn a_label_that_is_a_word_does_not_make_a_row_unpaired() {
        let shape = |label: Value| {
            let record = json!({ "prompt": "a", "completion": "b", "label": label });
            recognise_one(&record).unwrap().shape
        };
        assert_eq!(shape(json!(true)), FileShape::Unpaired);
        assert_eq!(shape(json!("refund")), FileShape::PromptCompletion);
    }
}
