//! The runs side by side: a column for each, and what each row says of them.

use leptos::prelude::*;

use super::{
    chosen::Chosen,
    read::Told,
    row::{Row, Value},
};
use crate::{
    address::{Address, Place},
    components::{Badge, Swatch},
    frame::CurrentProject,
    words::{job_state, job_tone},
};

/// Results and settings under the same columns. On a narrow screen it scrolls by itself, and the
/// names of the rows stay.
pub(super) fn table(runs: &[Told], results: Vec<Row>, settings: Vec<Row>) -> AnyView {
    let slug = CurrentProject::expect().slug();
    let numbers: Vec<i64> = runs.iter().map(|told| told.run.summary.number).collect();
    let heads: Vec<AnyView> = runs
        .iter()
        .enumerate()
        .map(|(at, told)| head(&slug, at, told, &numbers))
        .collect();
    let width = runs.len() + 1;
    let same = settings.is_empty().then(|| {
        view! {
            <tr>
                <td class="compare__same" colspan=width>
                    <span class="compare__stays">"These runs have the same settings."</span>
                </td>
            </tr>
        }
    });
    let rows = |rows: Vec<Row>| {
        let views: Vec<AnyView> = rows.into_iter().map(|row| view_of(&slug, row)).collect();
        views
    };
    view! {
        <div class="compare__scroll" tabindex="0" role="region" aria-label="Runs side by side">
            <table class="compare__table">
                <caption class="visually-hidden">
                    "Results and differing settings, one column for each run"
                </caption>
                <thead>
                    <tr>
                        <td class="compare__name"></td>
                        {heads}
                    </tr>
                </thead>
                <tbody>
                    <tr>
                        <th class="compare__group" scope="rowgroup" colspan=width>
                            <span class="compare__stays">"Results"</span>
                        </th>
                    </tr>
                    {rows(results)}
                </tbody>
                <tbody>
                    {settings_head(&numbers)}
                    {same}
                    {rows(settings)}
                </tbody>
            </table>
        </div>
    }
    .into_any()
}

/// Says again which column is which: the names are out of view by now.
fn settings_head(numbers: &[i64]) -> AnyView {
    let again = numbers.iter().map(|number| {
        view! { <td class="compare__group compare__again">{format!("run {number}")}</td> }
            .into_any()
    });
    let again: Vec<AnyView> = again.collect();
    view! {
        <tr>
            <th class="compare__name compare__group" scope="rowgroup">
                "Settings that differ"
            </th>
            {again}
        </tr>
    }
    .into_any()
}

/// A run's name, and what can be done with its column.
fn head(slug: &str, at: usize, told: &Told, numbers: &[i64]) -> AnyView {
    let summary = &told.run.summary;
    let number = summary.number;
    let href = Address::at(slug, Place::Run(number)).to_string();
    let others = Chosen {
        numbers: numbers.to_vec(),
        ..Chosen::default()
    };
    let others = others.toggled(number);
    let swap = Address::at(slug, Place::Runs)
        .with("ticked", &others)
        .to_string();
    let remove = (numbers.len() > 2).then(|| {
        let href = Address::at(slug, Place::CompareRuns).with("runs", &others);
        let label = format!("Take run {number} out");
        view! { <a href=href.to_string() aria-label=label>"Take out"</a> }
    });
    let label = format!("Swap run {number} for another");
    view! {
        <th class="compare__run" scope="col">
            <Swatch at />
            <a class="compare__link clip" href=href title=summary.name.clone()>
                {format!("{number} {}", summary.name)}
            </a>
            <span class="compare__actions">
                <a href=swap aria-label=label>"Swap"</a>
                {remove}
            </span>
        </th>
    }
    .into_any()
}

fn view_of(slug: &str, row: Row) -> AnyView {
    let path = (!row.path.is_empty()).then(|| {
        // A narrow column breaks it behind the topic.
        let (topic, name) = match row.path.split_once('.') {
            Some((topic, name)) => (format!("{topic}."), name.to_owned()),
            None => (String::new(), row.path),
        };
        view! { <code class="compare__path">{topic} <wbr /> {name}</code> }
    });
    let cells: Vec<AnyView> = row
        .values
        .into_iter()
        .map(|value| cell(slug, value))
        .collect();
    view! {
        <tr>
            <th class="compare__name" scope="row">{row.name} {path}</th>
            {cells}
        </tr>
    }
    .into_any()
}

fn cell(slug: &str, value: Value) -> AnyView {
    let shown = match value {
        Value::Absent(why) => view! { <span class="compare__absent">{why}</span> }.into_any(),
        Value::Text(text) => text.into_any(),
        Value::Link(name, place) => {
            let href = Address::at(slug, place).to_string();
            view! { <a href=href>{name}</a> }.into_any()
        }
        Value::State(state) => {
            view! { <Badge tone=job_tone(state) text=job_state(state) /> }.into_any()
        }
    };
    view! { <td class="compare__value">{shown}</td> }.into_any()
}
