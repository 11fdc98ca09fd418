//! What each column of a file becomes, to be changed in place.

use leptos::prelude::*;
use shared::dataset::{
    ColumnMapping, ColumnUse, FileColumn, ImportPreview, PreviewRequest, RowField, RowKind,
};

use super::import::{Chosen, mapping};
use crate::{
    components::{Card, Cell, Choice, Column, Select, Table, row_key},
    words::material as words,
};

/// The columns with their use.
#[component]
pub fn ColumnsCard(
    /// What was recognised.
    value: Memo<Option<ImportPreview>>,
    /// What was chosen instead.
    chosen: Chosen,
) -> impl IntoView {
    let now = Memo::new(move |_| mapping(value, chosen));
    let kind = Signal::derive(move || {
        now.with(|now| {
            now.as_ref()
                .map_or(RowKind::Completion, |mapping| mapping.kind)
                .to_string()
        })
    });
    let change = Callback::new(move |mapping: ColumnMapping| {
        chosen.update(|chosen: &mut PreviewRequest| chosen.mapping = Some(mapping));
    });
    let kinds = RowKind::ALL
        .iter()
        .map(|kind| Choice::new(kind.to_string(), words::row_kind(*kind)));
    let set_kind = move |word: String| {
        if let Ok(kind) = word.parse() {
            change.run(ColumnMapping {
                kind,
                columns: columns_of(now),
            });
        }
    };
    let columns = move || value.get().map(|value| value.columns).unwrap_or_default();
    let heads = vec![
        Column::text("Column"),
        Column::text("First value"),
        Column::text("Is used as"),
    ];
    view! {
        <Card
            title="Columns"
            lead="Change what is wrong. A column without a use is kept with its row, and exported again."
        >
            <Select
                label="Each row becomes"
                choices=kinds.collect()
                value=kind
                on_change=set_kind
            />
            <Table caption="Columns of the file" columns=heads>
                <For each=columns key=row_key let:column>
                    {row(column, now, change)}
                </For>
            </Table>
        </Card>
    }
}

fn columns_of(now: Memo<Option<ColumnMapping>>) -> Vec<ColumnUse> {
    now.with_untracked(|now| now.as_ref().map(|m| m.columns.clone()).unwrap_or_default())
}

fn row(
    column: FileColumn,
    now: Memo<Option<ColumnMapping>>,
    change: Callback<ColumnMapping>,
) -> impl IntoView {
    let FileColumn { name, example } = column;
    let own = name.clone();
    let field = Signal::derive(move || now.with(|now| field_of(now.as_ref(), &own)));
    let kept = Choice::new(String::new(), "Kept as data");
    let fields = RowField::ALL
        .iter()
        .map(|field| Choice::new(field.to_string(), words::row_field(*field)));
    let choices: Vec<_> = std::iter::once(kept).chain(fields).collect();
    let label = format!("Use of {name}");
    let shown = name.clone();
    let set = move |word: String| {
        let kind = now.with_untracked(|now| now.as_ref().map(|mapping| mapping.kind));
        change.run(ColumnMapping {
            kind: kind.unwrap_or(RowKind::Completion),
            columns: with_use(columns_of(now), &name, word.parse().ok()),
        });
    };
    view! {
        <tr role="row">
            <Cell>
                <code class="table__main">{shown}</code>
            </Cell>
            <Cell label="Value">
                <span class="clip">{example}</span>
            </Cell>
            <Cell label="Used as">
                <Select label choices value=field on_change=set bare=true />
            </Cell>
        </tr>
    }
}

/// What a column is used as; nothing if it is kept as data.
fn field_of(mapping: Option<&ColumnMapping>, column: &str) -> String {
    let uses = mapping.map_or(&[][..], |mapping| &mapping.columns);
    let found = uses.iter().find(|each| each.column == column);
    found.map_or_else(String::new, |each| each.field.to_string())
}

/// The uses with one changed.
///
/// A field that only one column can be goes from the column that had it, because two prompts make
/// no row; several columns can be tags or clauses.
fn with_use(mut uses: Vec<ColumnUse>, column: &str, field: Option<RowField>) -> Vec<ColumnUse> {
    let is_shared = matches!(field, Some(RowField::Tags | RowField::Clauses));
    uses.retain(|each| each.column != column && (is_shared || Some(each.field) != field));
    if let Some(field) = field {
        uses.push(ColumnUse {
            column: column.to_owned(),
            field,
        });
    }
    uses
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(pairs: &[(&str, RowField)]) -> Vec<ColumnUse> {
        let one = |(column, field): &(&str, RowField)| ColumnUse {
            column: (*column).to_owned(),
            field: *field,
        };
        pairs.iter().map(one).collect()
    }

    #[test]
    fn a_column_named_category_can_be_an_answer_or_a_tag() {
        let before = uses(&[("text", RowField::Prompt)]);
        let answer = with_use(before, "category", Some(RowField::Completion));
        let expected = uses(&[
            ("text", RowField::Prompt),
            ("category", RowField::Completion),
        ]);
        assert_eq!(answer, expected);
        let tag = with_use(answer, "category", Some(RowField::Tags));
        assert_eq!(
            tag,
            uses(&[("text", RowField::Prompt), ("category", RowField::Tags)])
        );
        assert_eq!(
            with_use(tag, "category", None),
            uses(&[("text", RowField::Prompt)])
        );
    }

    #[test]
    fn only_words_come_from_several_columns() {
        let before = uses(&[("a", RowField::Prompt), ("b", RowField::Tags)]);
        let after = with_use(before.clone(), "c", Some(RowField::Prompt));
        assert_eq!(
            after,
            uses(&[("b", RowField::Tags), ("c", RowField::Prompt)])
        );
        assert_eq!(with_use(before, "c", Some(RowField::Tags)).len(), 3);
    }
}
