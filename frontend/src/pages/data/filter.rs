//! Which rows of a dataset are in view: in the address, so that a view can be sent to somebody.

use leptos::prelude::*;
use leptos_router::{
    hooks::{use_navigate, use_query_map},
    params::ParamsMap,
};
use shared::{
    coverage::Coverage,
    dataset::{RowKind, Split},
};

use crate::{
    address::{Address, Place, query},
    components::{Choice, Select},
    frame::in_place,
    words::material as words,
};

/// What rows can be chosen by, as in the address and in the interface of the server.
const NAMES: [&str; 6] = ["split", "coverage", "kind", "tag", "clause", "contains"];

/// How many rows a page has.
const PAGE: &str = "25";

/// A choice of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowFilter {
    values: [String; 6],
    /// The cursor of the page; empty for the first one.
    pub after: String,
}

impl RowFilter {
    /// What an address chooses.
    #[must_use]
    pub fn read(map: &ParamsMap) -> Self {
        let word = |name: &str| map.get(name).unwrap_or_default();
        Self {
            values: NAMES.map(word),
            after: word("after"),
        }
    }

    fn get(&self, name: &str) -> String {
        let found = NAMES.iter().position(|each| *each == name);
        found.map_or_else(String::new, |at| self.values[at].clone())
    }

    /// The first page of another choice.
    #[must_use]
    pub fn with(mut self, name: &str, value: String) -> Self {
        if let Some(at) = NAMES.iter().position(|each| *each == name) {
            self.values[at] = value;
        }
        self.after.clear();
        self
    }

    /// Whether anything is left out.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.values.iter().any(|value| !value.is_empty())
    }

    /// The query for the server.
    #[must_use]
    pub fn to_query(&self) -> String {
        let values = NAMES
            .into_iter()
            .zip(self.values.iter().map(String::as_str));
        query(values.chain([("after", self.after.as_str()), ("limit", PAGE)]))
    }

    /// Where the rows of this choice are shown.
    #[must_use]
    pub fn address(&self, slug: &str, place: Place) -> Address {
        let mut address = Address::at(slug, place);
        for (name, value) in NAMES.into_iter().zip(&self.values) {
            address = address.with(name, value);
        }
        address.with("after", &self.after)
    }
}

/// The choice that the address makes.
#[must_use]
pub fn use_filter() -> Memo<RowFilter> {
    let map = use_query_map();
    Memo::new(move |_| map.with(RowFilter::read))
}

/// The fields that choose.
#[component]
pub fn FilterBar(
    /// The choice in force.
    filter: Memo<RowFilter>,
    /// The project.
    slug: String,
    /// The page.
    place: Place,
    /// Whether the rows are split.
    has_split: bool,
) -> impl IntoView {
    let navigate = use_navigate();
    let change = Callback::new(move |(name, value): (&'static str, String)| {
        let next = filter.get_untracked().with(name, value);
        navigate(&next.address(&slug, place).to_string(), in_place());
    });
    let splits = || {
        let choices = Split::ALL.iter().map(|each| (each.as_str(), each.as_str()));
        select(
            "split",
            "Side",
            "Both sides",
            choices.collect(),
            filter,
            change,
        )
    };
    let coverages = Coverage::ALL
        .iter()
        .map(|each| (each.as_str(), each.as_str()));
    let kinds = RowKind::ALL
        .iter()
        .map(|each| (each.as_str(), words::row_kind(*each)));
    let text = |name: &'static str, label: &'static str| {
        view! {
            <input
                class="input filter__text"
                type="search"
                placeholder=label
                aria-label=label
                prop:value=move || filter.with(|filter| filter.get(name))
                on:change=move |event| change.run((name, event_target_value(&event)))
            />
        }
    };
    view! {
        <div class="filter" role="search">
            {has_split.then(splits)}
            {select("coverage", "Coverage", "Every coverage", coverages.collect(), filter, change)}
            {select("kind", "Kind", "Every kind", kinds.collect(), filter, change)}
            {text("contains", "Text in the row")} {text("tag", "Tag")} {text("clause", "Clause")}
        </div>
    }
}

fn select(
    name: &'static str,
    label: &'static str,
    all: &'static str,
    choices: Vec<(&'static str, &'static str)>,
    filter: Memo<RowFilter>,
    change: Callback<(&'static str, String)>,
) -> AnyView {
    let first = Choice::new(String::new(), all);
    let others = choices.into_iter();
    let others = others.map(|(word, label)| Choice::new(word.to_owned(), label));
    let choices = std::iter::once(first).chain(others).collect();
    let value = Signal::derive(move || filter.with(|filter| filter.get(name)));
    let set = move |word| change.run((name, word));
    view! { <Select label choices value on_change=set bare=true /> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_choice_begins_at_its_first_page() {
        let mut filter = RowFilter::default().with("tag", "card arrival".to_owned());
        filter.after = "40".to_owned();
        assert_eq!(filter.to_query(), "?tag=card%20arrival&after=40&limit=25");
        let other = filter.with("coverage", "edge".to_owned());
        assert_eq!(
            other.to_query(),
            "?coverage=edge&tag=card%20arrival&limit=25"
        );
        assert!(other.is_active() && !RowFilter::default().is_active());
    }

    #[test]
    fn a_choice_survives_its_address() {
        let filter = RowFilter::default().with("contains", "a & b".to_owned());
        let address = filter.address("x", Place::Data).to_string();
        assert_eq!(address, "/p/x/data?contains=a%20%26%20b");
    }
}
