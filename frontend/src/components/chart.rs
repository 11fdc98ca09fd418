//! Lines over a common x axis, as SVG: axes that start where they should, labels at the lines, a
//! sentence for those who do not see it, and the numbers behind a toggle.

use std::fmt::Write as _;

use leptos::prelude::*;

use super::axis::{free_place, ticks};

/// A line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Its name, written at its end.
    pub name: String,
    /// Its points, by x.
    pub points: Vec<(f64, f64)>,
    /// Whether each point is marked, as suits few of them.
    pub is_marked: bool,
}

/// Everything that is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plot {
    /// The lines; the first one is the main one. One without points is not drawn, and keeps its
    /// colour from the others.
    pub series: Vec<Series>,
    /// The last x of the axis, the same for charts that lie below each other.
    pub x_end: f64,
    /// Whether the y axis starts at zero whatever the values.
    pub from_zero: bool,
}

const HEIGHT: f64 = 190.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 24.0;
const LEFT: f64 = 58.0;

/// Labels further down would lie on the numbers of the x axis.
const LOWEST_LABEL: f64 = HEIGHT - BOTTOM + 4.0;

/// Rows of the table at most; more are thinned out.
const MAX_ROWS: usize = 60;

/// A chart.
#[component]
pub fn Chart(
    /// What it shows.
    #[prop(into)]
    title: String,
    /// What x counts, such as "step".
    x_name: &'static str,
    /// What is drawn.
    plot: Signal<Plot>,
    /// Whether it shares its line with others.
    #[prop(optional)]
    small: bool,
) -> impl IntoView {
    let is_narrow = window()
        .inner_width()
        .is_ok_and(|width| width.as_f64().is_some_and(|width| width < 720.0));
    let width = match (is_narrow, small) {
        (true, _) => 360.0,
        (false, true) => 440.0,
        (false, false) => 960.0,
    };
    let heading = title.clone();
    let drawing = move || plot.with(|plot| draw(plot, width, &title));
    let is_open = RwSignal::new(false);
    let numbers = move || is_open.get().then(|| plot.with(|plot| table(plot, x_name)));
    view! {
        <figure class="chart">
            <figcaption class="chart__title">{heading}</figcaption>
            {drawing}
            <details
                class="chart__numbers"
                on:toggle=move |_| is_open.update(|open| *open = !*open)
            >
                <summary>"Numbers"</summary>
                {numbers}
            </details>
        </figure>
    }
}

fn draw(plot: &Plot, width: f64, title: &str) -> AnyView {
    let right = width - 110.0;
    let values = plot.series.iter().flat_map(|series| series.points.iter());
    let (mut low, mut high) = values.fold((f64::MAX, f64::MIN), |(low, high), point| {
        (low.min(point.1), high.max(point.1))
    });
    if low > high {
        return view! { <p class="chart__empty">"Nothing measured yet."</p> }.into_any();
    }
    if plot.from_zero || low > 0.0 && low < high * 0.4 {
        low = low.min(0.0);
    }
    let ticks = ticks(low, high);
    low = ticks.first().copied().unwrap_or(low).min(low);
    high = ticks.last().copied().unwrap_or(high).max(high);
    let x_end = plot.x_end.max(1.0);
    let x = |value: f64| LEFT + (right - LEFT) * value / x_end;
    let y = |value: f64| HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (value - low) / (high - low);
    let grid = ticks.iter().map(|tick| {
        let at = y(*tick);
        view! {
            <line class="chart__grid" x1=LEFT x2=right y1=at y2=at />
            <text class="chart__tick" x=LEFT - 6.0 y=at + 4.0 text-anchor="end">{short(*tick)}</text>
        }
        .into_any()
    });
    let along = super::axis::ticks(0.0, x_end)
        .into_iter()
        .filter(|tick| *tick <= x_end);
    let along = along.map(|tick| {
        view! {
            <text class="chart__tick" x=x(tick) y=HEIGHT - 6.0 text-anchor="middle">{short(tick)}</text>
        }
        .into_any()
    });
    let mut label_ends: Vec<f64> = Vec::new();
    let lines = plot.series.iter().enumerate().filter_map(|(at, series)| {
        let last = series.points.last()?;
        let place = free_place(&mut label_ends, y(last.1) + 4.0, LOWEST_LABEL);
        let label = format!("chart__label chart__label--{}", look(at));
        let text = format!("{} {}", series.name, short(last.1));
        let marks = series.is_marked.then(|| {
            let circle = |point: &(f64, f64)| {
                let (cx, cy) = (x(point.0), y(point.1));
                view! { <circle class="chart__mark" cx=cx cy=cy r="3" /> }.into_any()
            };
            series.points.iter().map(circle).collect_view()
        });
        let path = path(&series.points, &x, &y);
        Some(
            view! {
                <g class=line_class(at)>
                    <path d=path />
                    {marks}
                </g>
                <text class=label x=x(last.0) + 8.0 y=place>{text}</text>
            }
            .into_any(),
        )
    });
    let (lines, grid, along) = (
        lines.collect::<Vec<_>>(),
        grid.collect::<Vec<_>>(),
        along.collect::<Vec<_>>(),
    );
    let view_box = format!("0 0 {width} {HEIGHT}");
    let label = format!("{title}. {}", describe(plot));
    view! {
        <svg class="chart__drawing" viewBox=view_box role="img" aria-label=label>
            {grid}
            {along}
            {lines}
        </svg>
    }
    .into_any()
}

/// The colours and dashes of lines, by their places; after seven they come again.
const fn look(at: usize) -> usize {
    at % 7 + 1
}

pub(super) fn line_class(at: usize) -> String {
    format!("chart__line chart__line--{}", look(at))
}

fn path(points: &[(f64, f64)], x: &dyn Fn(f64) -> f64, y: &dyn Fn(f64) -> f64) -> String {
    let mut path = String::new();
    for (at, point) in points.iter().enumerate() {
        let letter = if at == 0 { 'M' } else { 'L' };
        // Writing to a string does not fail.
        let _ = write!(path, "{letter}{:.1} {:.1}", x(point.0), y(point.1));
    }
    path
}

/// A number with as many digits as tell something.
#[must_use]
pub fn short(value: f64) -> String {
    let size = value.abs();
    let text = match size {
        0.0 => return "0".to_owned(),
        s if s < 0.001 => return format!("{value:.1e}"),
        s if s < 1.0 => format!("{value:.4}"),
        s if s < 10.0 => format!("{value:.3}"),
        s if s < 1000.0 => format!("{value:.1}"),
        _ => return format!("{value:.0}"),
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What the lines do, in words.
fn describe(plot: &Plot) -> String {
    let one = |series: &Series| {
        let (first, last) = (series.points.first()?, series.points.last()?);
        let lowest = series
            .points
            .iter()
            .map(|point| point.1)
            .fold(f64::MAX, f64::min);
        Some(format!(
            "{}: from {} to {}, lowest {}.",
            series.name,
            short(first.1),
            short(last.1),
            short(lowest)
        ))
    };
    let parts: Vec<String> = plot.series.iter().filter_map(one).collect();
    parts.join(" ")
}

fn table(plot: &Plot, x_name: &'static str) -> AnyView {
    let measured = plot.series.iter();
    let measured = measured.filter(|series| !series.points.is_empty());
    let tables = measured.map(|series| {
        let every = series.points.len().div_ceil(MAX_ROWS).max(1);
        let rows = series.points.iter().step_by(every).map(|point| {
            view! {
                <tr>
                    <td>{short(point.0)}</td>
                    <td>{short(point.1)}</td>
                </tr>
            }
            .into_any()
        });
        let (rows, name) = (rows.collect::<Vec<_>>(), series.name.clone());
        view! {
            <table class="chart__table">
                <thead>
                    <tr>
                        <th scope="col">{x_name}</th>
                        <th scope="col">{name}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .into_any()
    });
    view! { <div class="chart__tables">{tables.collect::<Vec<_>>()}</div> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_the_digits_that_tell_something() {
        let pairs = [
            (0.0, "0"),
            (0.00002, "2.0e-5"),
            (0.8312, "0.8312"),
            (1.5, "1.5"),
            (812.0, "812"),
        ];
        for (value, text) in pairs {
            assert_eq!(short(value), text);
        }
    }
}
