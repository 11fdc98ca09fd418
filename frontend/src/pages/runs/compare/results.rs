//! What came of the runs.

use shared::training::{EvaluationMetrics, RunEvent};

use super::{
    super::{sources::Sources, story::Story, words},
    read::Told,
    row::{Row, Value},
};
use crate::{address::Place, components::chart::short};

/// A measurement of an evaluation.
type Measure = fn(&EvaluationMetrics) -> Option<f64>;

/// The step of the best evaluation and its value: the lowest, or the highest.
#[must_use]
pub fn best(story: &Story, value: Measure, is_lower_better: bool) -> Option<(usize, f64)> {
    let measured = story.evaluations.iter();
    let measured = measured.filter_map(|one| Some((one.step, value(one)?)));
    measured.reduce(|best, one| {
        let is_better = if is_lower_better {
            one.1 < best.1
        } else {
            one.1 > best.1
        };
        if is_better { one } else { best }
    })
}

/// The rows of results; what no run measured has none.
#[must_use]
pub fn rows(runs: &[Told], sources: &Sources) -> Vec<Row> {
    const NOTHING: &str = "Not measured";
    let all = |name: &str, value: &dyn Fn(&Told) -> Value| {
        Row::plain(name, runs.iter().map(value).collect())
    };
    let text = |name: &str, value: &dyn Fn(&Told) -> Option<String>| {
        all(name, &|told| Value::or_absent(value(told), NOTHING))
    };
    let last = |told: &Told, value: Measure| told.story.evaluations.iter().rev().find_map(value);
    let loss = |told: &Told, loss: f64| words::validation_loss(told.run.summary.method, loss);
    let mut rows = vec![
        all("State", &|told| Value::State(told.run.summary.state)),
        all("Steps", &|told| Value::Text(steps(told))),
        text("Best validation loss", &|told| {
            let (step, value) = best(&told.story, |one| one.validation_loss, true)?;
            Some(format!("{} after step {step}", loss(told, value)))
        }),
        text("Last validation loss", &|told| {
            Some(loss(told, last(told, |one| one.validation_loss)?))
        }),
        text("Best reward of answers", &|told| {
            let (step, value) = best(&told.story, |one| one.reward, false)?;
            Some(format!("{value:.3} after step {step}"))
        }),
        text("Last reward of answers", &|told| {
            last(told, |one| one.reward).map(|value| format!("{value:.3}"))
        }),
        text("Answers that pass every check, at last", &checks),
        text("Pairs whose better response wins, at last", &|told| {
            let won = last(told, |one| one.preference?.rewards_accuracies)?;
            Some(format!("{:.0} %", won * 100.0))
        }),
        text("Last training loss", &|told| {
            let mut newest = told.story.steps.iter().rev();
            newest.find_map(|step| step.loss).map(short)
        }),
        all("Time of training", &|told| {
            let is_open = told.run.summary.state.is_open();
            let why = if is_open { "Has not ended" } else { NOTHING };
            Value::or_absent(seconds(&told.story).map(words::duration), why)
        }),
        text("Tokens per second", &|told| {
            speed(&told.story).map(|speed| format!("{speed:.0}"))
        }),
        all("Handed over", &|told| model(told, sources)),
    ];
    rows.retain(|row| {
        row.values
            .iter()
            .any(|value| *value != Value::Absent(NOTHING))
    });
    rows
}

fn steps(told: &Told) -> String {
    let summary = &told.run.summary;
    match summary.total_steps {
        Some(total) => format!("{} of {total}", summary.step),
        None => summary.step.to_string(),
    }
}

fn checks(told: &Told) -> Option<String> {
    let mut newest = told.story.evaluations.iter().rev();
    let passed = newest.find_map(|one| one.all_checks)?;
    Some(format!("{} of {}", passed.passed, passed.total))
}

/// Seconds of training over all attempts, once a run has ended.
fn seconds(story: &Story) -> Option<f64> {
    let mut newest = story.others.iter().rev();
    newest.find_map(|event| match event.event {
        RunEvent::Finished { train_seconds, .. } => Some(train_seconds),
        _ => None,
    })
}

/// The pace over all steps, and not the mean of their paces: slow steps take longer.
fn speed(story: &Story) -> Option<f64> {
    let moving = story
        .steps
        .iter()
        .filter(|step| step.tokens_per_second > 0.0);
    let (tokens, seconds) = moving.fold((0.0, 0.0), |(tokens, seconds), step| {
        let own = step.tokens as f64;
        (tokens + own, seconds + own / step.tokens_per_second)
    });
    (seconds > 0.0).then(|| tokens / seconds)
}

fn model(told: &Told, sources: &Sources) -> Value {
    let Some(id) = told.run.summary.model_version_id else {
        return Value::Absent("No model version");
    };
    let found = sources.known_models.iter().find(|model| model.id == id);
    let name = found.map(|model| format!("{} {}", model.name, model.number));
    let name = name.unwrap_or_else(|| "Its model version".to_owned());
    Value::Link(name, Place::Model(id))
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::told, *};

    fn texts<'a>(rows: &'a [Row], name: &str) -> Vec<&'a Value> {
        let row = rows.iter().find(|row| row.name == name);
        row.map(|row| row.values.iter().collect())
            .unwrap_or_default()
    }

    #[test]
    fn the_best_and_the_last_are_told_apart() {
        let runs = [told(1, &[(5, 0.8), (10, 0.9)]), told(2, &[])];
        let rows = rows(&runs, &Sources::default());
        let nothing = Value::Absent("Not measured");
        let best = Value::Text("0.800 after step 5".to_owned());
        assert_eq!(texts(&rows, "Best validation loss"), [&best, &nothing]);
        let last = Value::Text("0.900".to_owned());
        assert_eq!(texts(&rows, "Last validation loss"), [&last, &nothing]);
        let last = Value::Text("1.8".to_owned());
        assert_eq!(texts(&rows, "Last training loss"), [&last, &nothing]);
        let none = Value::Absent("No model version");
        assert_eq!(texts(&rows, "Handed over"), [&none, &none]);
        assert!(texts(&rows, "Best reward of answers").is_empty());
    }

    #[test]
    fn the_best_reward_is_the_highest() {
        let mut told = told(1, &[(5, 0.8), (10, 0.9), (15, 0.7)]);
        for (one, reward) in told.story.evaluations.iter_mut().zip([0.1, 0.4, 0.3]) {
            one.reward = Some(reward);
        }
        assert_eq!(best(&told.story, |one| one.reward, false), Some((10, 0.4)));
        assert_eq!(
            best(&told.story, |one| one.validation_loss, true),
            Some((15, 0.7))
        );
    }

    #[test]
    fn a_slow_step_weighs_as_long_as_it_took() {
        let mut told = told(1, &[(1, 1.0), (2, 1.0)]);
        told.story.steps[1].tokens_per_second = 25.0;
        let speed = speed(&told.story).unwrap();
        assert!((speed - 200.0 / 6.0).abs() < 1e-9, "{speed}");
    }
}
