//! The curves of a run, below each other on the same x axis.

use leptos::prelude::*;
use shared::training::{
    DrawnMetrics, EvaluationMetrics, PreferenceMetrics, StepMetrics, TaskMetric,
};

use super::story::Story;
use crate::components::chart::{Chart, Plot, Series};

/// The share of pairs in the right order, as a chart is called.
pub(super) const PAIRS_WON: &str = "Pairs whose better response wins, of 1";

/// The reward of a run's own answers, as a chart is called.
pub(super) const REWARD: &str = "Reward of answers";

/// The share of answers that pass, as a chart is called.
pub(super) const CHECKS_PASSED: &str = "Checks passed, of 1";

/// All curves.
#[component]
pub fn Curves(
    /// What the run has told.
    story: RwSignal<Story>,
    /// Its steps in all, once they are known.
    total: Signal<Option<i64>>,
) -> impl IntoView {
    let x_end = Memo::new(move |_| {
        let last = story.with(|story| story.steps.last().map_or(0, |step| step.step));
        total
            .get()
            .map_or(last as f64, |total| (total as f64).max(last as f64))
    });
    let loss = Memo::new(move |_| {
        story.with(|story| Plot {
            series: vec![
                of_steps(story, "training", |step| step.loss),
                of_evaluations(story, "validation", |one| one.validation_loss),
            ],
            x_end: x_end.get(),
            from_zero: false,
        })
    });
    let general = measured(
        story,
        x_end,
        "Loss on general rows: what is forgotten if it rises",
        |_| None,
        |one| one.general_loss,
    );
    let tasks = Memo::new(move |_| story.with(|story| tasks(story, x_end.get())));
    let has_tasks = Memo::new(move |_| tasks.with(|plot| !plot.series.is_empty()));
    let preference = move |title, value: fn(&PreferenceMetrics) -> Option<f64>| {
        measured(
            story,
            x_end,
            title,
            move |step| value(&step.preference?),
            move |one| value(&one.preference?),
        )
    };
    let wins = preference(PAIRS_WON, |found| found.rewards_accuracies);
    let margins = preference("Reward of better responses above worse ones", |found| {
        found.rewards_margins
    });
    let distance = preference("Distance from the reference (KL)", |found| found.kl);
    let reward = measured(
        story,
        x_end,
        REWARD,
        |step| step.drawn?.reward,
        |one| one.reward,
    );
    let one = move |name: &'static str, value: fn(&StepMetrics) -> Option<f64>| {
        Signal::derive(move || {
            story.with(|story| Plot {
                series: vec![of_steps(story, name, value)],
                x_end: x_end.get(),
                from_zero: true,
            })
        })
    };
    let rate = one("rate", |step| Some(step.learning_rate));
    let norm = one("norm", |step| step.grad_norm);
    let speed = one("tokens/s", |step| Some(step.tokens_per_second));
    view! {
        <div class="curves">
            {reward}
            <Chart title="Loss" x_name="step" plot=loss.into() />
            {move || {
                has_tasks
                    .get()
                    .then(|| {
                        view! {
                            <Chart title=CHECKS_PASSED x_name="step" plot=tasks.into() />
                        }
                    })
            }}
            {general}
            {wins}
            {margins}
            {distance}
            {drawn(story, x_end)}
            <div class="curves__small">
                <Chart title="Learning rate" x_name="step" plot=rate small=true />
                <Chart title="Gradient norm" x_name="step" plot=norm small=true />
                <Chart title="Tokens per second" x_name="step" plot=speed small=true />
            </div>
        </div>
    }
}

/// What drawn answers are like; nothing of a run that draws none.
fn drawn(story: RwSignal<Story>, x_end: Memo<f64>) -> AnyView {
    let of_drawn = move |title, value: fn(&DrawnMetrics) -> Option<f64>| {
        measured(
            story,
            x_end,
            title,
            move |step| value(&step.drawn?),
            |_| None,
        )
    };
    let entropy = of_drawn("Entropy of drawn tokens, in nats", |drawn| drawn.entropy);
    let length = of_drawn("Tokens of a drawn answer", |drawn| drawn.mean_length);
    let alike = of_drawn(
        "Prompts whose answers all got the same reward, of 1",
        |drawn| drawn.frac_reward_zero_std,
    );
    let clipped = of_drawn(
        "Drawn tokens that were clipped and taught nothing, of 1",
        |drawn| drawn.clipped_tokens,
    );
    view! {
        {entropy}
        {length}
        {alike}
        {clipped}
    }
    .into_any()
}

/// What each step measured, as a line.
pub(super) fn of_steps(
    story: &Story,
    name: &str,
    value: impl Fn(&StepMetrics) -> Option<f64>,
) -> Series {
    let points = story.steps.iter();
    let points = points.filter_map(|step| Some((step.step as f64, value(step)?)));
    Series {
        name: name.to_owned(),
        points: points.collect(),
        is_marked: false,
    }
}

/// What each evaluation measured, as a line of marked points.
pub(super) fn of_evaluations(
    story: &Story,
    name: &str,
    value: impl Fn(&EvaluationMetrics) -> Option<f64>,
) -> Series {
    let points = story.evaluations.iter();
    let points = points.filter_map(|one| Some((one.step as f64, value(one)?)));
    Series {
        name: name.to_owned(),
        points: points.collect(),
        is_marked: true,
    }
}

/// The share that passed, of 1.
pub(super) fn rate_of(metric: TaskMetric) -> f64 {
    metric.passed as f64 / metric.total.max(1) as f64
}

/// The share of answers that pass all checks, and each check.
fn tasks(story: &Story, x_end: f64) -> Plot {
    let mut names: Vec<&String> = Vec::new();
    for evaluation in &story.evaluations {
        for name in evaluation.checks.keys() {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let line = |name: &str, value: &dyn Fn(&EvaluationMetrics) -> Option<TaskMetric>| {
        of_evaluations(story, name, |one| value(one).map(rate_of))
    };
    let mut series = vec![line("all", &|one| one.all_checks)];
    series.extend(
        names
            .into_iter()
            .map(|name| line(name, &|one| one.checks.get(name).copied())),
    );
    series.retain(|series| !series.points.is_empty());
    Plot {
        series,
        x_end,
        from_zero: true,
    }
}

/// A chart of what a method measures of its steps and of the validation rows; nothing where it does
/// not measure it.
fn measured(
    story: RwSignal<Story>,
    x_end: Memo<f64>,
    title: &'static str,
    of_step: impl Fn(&StepMetrics) -> Option<f64> + Send + Sync + 'static,
    of_evaluation: impl Fn(&EvaluationMetrics) -> Option<f64> + Send + Sync + 'static,
) -> AnyView {
    let plot = Memo::new(move |_| {
        story.with(|story| {
            let mut series = vec![
                of_steps(story, "training", &of_step),
                of_evaluations(story, "validation", &of_evaluation),
            ];
            series.retain(|series| !series.points.is_empty());
            Plot {
                series,
                x_end: x_end.get(),
                from_zero: true,
            }
        })
    });
    let has_points = Memo::new(move |_| plot.with(|plot| !plot.series.is_empty()));
    let chart = move || {
        has_points
            .get()
            .then(|| view! { <Chart title x_name="step" plot=plot.into() /> })
    };
    chart.into_any()
}
