//! One evaluation: its answer first, then where it failed, then the answers themselves.

use leptos::prelude::*;
use shared::{
    evaluation::{BestOf, Evaluation, EvaluationSummary, NamedRate},
    job::JobState,
};

use super::{asked, category, interval, results::Results, share};
use crate::{
    address::{Address, Place},
    api,
    components::{
        Align, Badge, Card, Cell, Column, Notice, NoticeKind, PageHeader, ProgressBar, Table,
    },
    frame::CurrentProject,
    remote::{Loaded, Remote, follow},
    words,
};

/// An evaluation.
#[component]
pub fn EvaluationPage(
    /// Its number in the project.
    number: i64,
) -> impl IntoView {
    let slug = CurrentProject::expect().slug();
    let evaluation = Remote::new({
        let slug = slug.clone();
        move || api::evaluations::get_evaluation(&slug, number)
    });
    let is_open = Memo::new(move |_| evaluation.get().is_some_and(|one| one.state.is_open()));
    follow(is_open, move || evaluation.reload());
    let title = Signal::derive(move || {
        let name = |one: Evaluation| format!("{} on {}", one.model_name, one.suite_name);
        evaluation
            .get()
            .map_or_else(|| "Evaluation".to_owned(), name)
    });
    let lead = Signal::derive(move || evaluation.get().map(|one| answer(&one)).unwrap_or_default());
    let summary = Memo::new(move |_| {
        let one = evaluation.get()?;
        Some((one.summary?, one.request.best_of))
    });
    let state = Memo::new(move |_| {
        evaluation
            .get()
            .map(|one| (one.state, one.progress, one.message))
    });
    let found = move || {
        let (summary, best_of) = summary.get()?;
        Some(view! {
            {overview(&slug, number, (summary, best_of))}
            <Results number />
        })
    };
    view! {
        <div class="page">
            <PageHeader title lead />
            <Loaded remote=evaluation let:_one>
                {move || state.get().map(|(state, progress, message)| under_way(state, progress, message))}
            </Loaded>
            {found}
        </div>
    }
}

fn answer(one: &Evaluation) -> String {
    let asked = asked(one);
    let decoding = one.request.decoding;
    let drawn = match decoding.temperature {
        0.0 => String::new(),
        temperature => format!(
            ", drawn at temperature {temperature} with seed {}",
            decoding.seed
        ),
    };
    match &one.summary {
        Some(summary) => format!(
            "{} passed, 95 % interval {}. Asked {asked}{drawn}, at most {} tokens an answer.",
            share(&summary.passed),
            interval(&summary.passed),
            decoding.max_new_tokens
        ),
        None => format!("Asked {asked}{drawn}."),
    }
}

fn under_way(state: JobState, progress: Option<f64>, message: String) -> AnyView {
    match state {
        JobState::Succeeded => ().into_any(),
        JobState::Failed => view! { <Notice kind=NoticeKind::Negative text=message /> }.into_any(),
        _ => view! {
            <Card title="Answers">
                <Badge tone=words::job_tone(state) text=words::job_state(state) />
                <p class="note">{message}</p>
                <ProgressBar label="Answers" value=progress />
            </Card>
        }
        .into_any(),
    }
}

fn overview(
    slug: &str,
    number: i64,
    (summary, best_of): (EvaluationSummary, Option<BestOf>),
) -> AnyView {
    let link = |key, value: &str| {
        Address::at(slug, Place::Evaluation(number))
            .with(key, value)
            .to_string()
    };
    let of_all = summary.passed.total - summary.passed.passed;
    let failures = summary.failures.iter().map(|count| {
        let href = link("category", count.category.as_str());
        let count = *count;
        view! {
            <tr role="row">
                <Cell>
                    <a class="table__main" href=href>{category(count.category)}</a>
                </Cell>
                <Cell label="Failed items" align=Align::End>
                    {format!("{} of {of_all}", count.items)}
                </Cell>
            </tr>
        }
    });
    let failures = failures.collect_view();
    let several = best_of.map_or_else(String::new, |best_of| {
        format!(
            " Each was chosen from {} answers, whose times and scoring are counted and whose tokens \
             are not.",
            best_of.answers
        )
    });
    let spent = format!(
        "{:.0} tokens of prompt and {:.0} of answer on average. Half of the answers took {:.1} s or less, 95 % {:.1} s or less. {} {} cut at the limit.{several}",
        summary.mean_prompt_tokens,
        summary.mean_output_tokens,
        summary.median_latency_ms / 1000.0,
        summary.p95_latency_ms / 1000.0,
        summary.cut_off,
        if summary.cut_off == 1 { "was" } else { "were" },
    );
    let checks = rates("Checks", &summary.checks, &|name| Some(link("check", name)));
    let clauses = rates("Clauses", &summary.clauses, &|name| {
        Some(link("clause", name))
    });
    let coverage = rates("Coverage", &summary.coverage, &|name| {
        Some(link("coverage", name))
    });
    let tags = rates("Tags", &summary.tags, &|_| None);
    view! {
        <div class="columns">
            <div class="columns__main">
                <Card title="Checks" lead="Items that have the check and pass it.">
                    {checks}
                </Card>
            </div>
            <div class="columns__side">
                <Card title="Failures by category" lead="An item can fail in several.">
                    <Table
                        caption="Failures by category"
                        columns=vec![Column::text("Category"), Column::number("Failed items")]
                    >
                        {failures}
                    </Table>
                </Card>
                <Card title="Tokens and time">
                    <p class="note">{spent}</p>
                </Card>
            </div>
        </div>
        <div class="columns">
            <div class="columns__main">
                <Card title="Clauses" lead="Items that pass every check that tests the clause.">
                    {clauses}
                </Card>
            </div>
            <div class="columns__side">
                <Card title="Coverage">
                    {coverage}
                </Card>
                <Card title="Tags">{tags}</Card>
            </div>
        </div>
    }
    .into_any()
}

fn rates(
    caption: &'static str,
    rates: &[NamedRate],
    link: &dyn Fn(&str) -> Option<String>,
) -> AnyView {
    if rates.is_empty() {
        return view! { <p class="note">"None."</p> }.into_any();
    }
    let rows = rates.iter().map(|one| {
        let name = match link(&one.name) {
            Some(href) => {
                view! { <a class="table__main" href=href>{one.name.clone()}</a> }.into_any()
            }
            None => one.name.clone().into_any(),
        };
        let note = one.category.map(category).unwrap_or_default();
        let (share, interval) = (share(&one.rate), interval(&one.rate));
        view! {
            <tr role="row">
                <Cell>
                    {name}
                    <span class="table__note">{note}</span>
                </Cell>
                <Cell label="Passed" align=Align::End>
                    <span class="table__main">{share}</span>
                    <span class="table__note">{interval}</span>
                </Cell>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let columns = vec![Column::text("Name"), Column::number("Passed")];
    view! { <Table caption columns>{rows}</Table> }.into_any()
}
