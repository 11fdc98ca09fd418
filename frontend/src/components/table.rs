//! Rows to compare. On a phone each row becomes a block, with the column's name before each value.

use leptos::prelude::*;

/// How a column's content is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    /// Words.
    #[default]
    Start,
    /// Numbers, aligned by their last digit, and buttons.
    End,
}

impl Align {
    const fn head_class(self) -> &'static str {
        match self {
            Self::Start => "table__head",
            Self::End => "table__head table__head--end",
        }
    }

    const fn cell_class(self) -> &'static str {
        match self {
            Self::Start => "table__cell",
            Self::End => "table__cell table__cell--end",
        }
    }
}

/// A column's heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    label: &'static str,
    align: Align,
    is_hidden: bool,
}

impl Column {
    /// A column of words.
    #[must_use]
    pub const fn text(label: &'static str) -> Self {
        Self {
            label,
            align: Align::Start,
            is_hidden: false,
        }
    }

    /// A column of numbers.
    #[must_use]
    pub const fn number(label: &'static str) -> Self {
        Self {
            label,
            align: Align::End,
            is_hidden: false,
        }
    }

    /// A column of buttons: its heading is for readers only.
    #[must_use]
    pub const fn actions() -> Self {
        Self {
            label: "Actions",
            align: Align::End,
            is_hidden: true,
        }
    }
}

/// A key for the rows of a `For`: a row is made anew when anything in it changed.
pub fn row_key<T: serde::Serialize>(row: &T) -> String {
    // What came as JSON goes back to it.
    serde_json::to_string(row).unwrap_or_default()
}

/// A table. Its children are `tr` elements made of [`Cell`].
#[component]
pub fn Table(
    /// What the rows are, for readers.
    #[prop(into)]
    caption: String,
    /// The headings.
    columns: Vec<Column>,
    /// The rows.
    children: Children,
) -> impl IntoView {
    // The roles repeat what the elements are, because browsers forget it when a row is a block.
    let heads = columns.into_iter().map(|column| {
        let label = if column.is_hidden {
            view! { <span class="visually-hidden">{column.label}</span> }.into_any()
        } else {
            column.label.into_any()
        };
        view! {
            <th class=column.align.head_class() scope="col" role="columnheader">
                {label}
            </th>
        }
    });
    view! {
        <table class="table" role="table">
            <caption class="visually-hidden">{caption}</caption>
            <thead role="rowgroup">
                <tr role="row">{heads.collect_view()}</tr>
            </thead>
            <tbody role="rowgroup">{children()}</tbody>
        </table>
    }
}

/// A value in a row.
#[component]
pub fn Cell(
    /// The column's name, shown before the value on a phone. Empty where the value says it itself.
    #[prop(optional)]
    label: &'static str,
    /// How it is set.
    #[prop(optional)]
    align: Align,
    /// The value.
    children: Children,
) -> impl IntoView {
    view! {
        <td
            class=align.cell_class()
            role="cell"
            data-label=(!label.is_empty()).then_some(label)
        >
            {children()}
        </td>
    }
}
