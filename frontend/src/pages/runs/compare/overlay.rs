//! The curves of several runs over each other, one colour for each run.

use shared::training::{EvaluationMetrics, StepMetrics};

use super::{
    super::curves::{CHECKS_PASSED, PAIRS_WON, REWARD, of_evaluations, of_steps, rate_of},
    read::Told,
};
use crate::components::chart::{Plot, Series};

/// A chart of one measurement, with a line for each run.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlay {
    /// What is measured.
    pub title: &'static str,
    /// The lines in the order of the runs; a run that does not measure it has no points.
    pub plot: Plot,
}

/// Every chart that at least one run has points for, all on the same x axis.
#[must_use]
pub fn overlays(runs: &[Told]) -> Vec<Overlay> {
    let x_end = runs.iter().map(last_step).fold(0.0, f64::max);
    let chart = |title, from_zero, line: &dyn Fn(&Told, &str) -> Series| {
        let lines = runs.iter().map(|told| {
            let name = format!("run {}", told.run.summary.number);
            line(told, &name)
        });
        let plot = Plot {
            series: lines.collect(),
            x_end,
            from_zero,
        };
        Overlay { title, plot }
    };
    let steps = |title, value: fn(&StepMetrics) -> Option<f64>| {
        chart(title, false, &|told, name| {
            of_steps(&told.story, name, value)
        })
    };
    let held_out = |title, from_zero, value: fn(&EvaluationMetrics) -> Option<f64>| {
        chart(title, from_zero, &|told, name| {
            of_evaluations(&told.story, name, value)
        })
    };
    let mut all = vec![
        steps("Training loss", |step| step.loss),
        held_out("Validation loss", false, |one| one.validation_loss),
        held_out(REWARD, false, |one| one.reward),
        held_out(CHECKS_PASSED, true, |one| one.all_checks.map(rate_of)),
        held_out(PAIRS_WON, true, |one| one.preference?.rewards_accuracies),
    ];
    let has_points = |series: &Series| !series.points.is_empty();
    all.retain(|overlay| overlay.plot.series.iter().any(has_points));
    all
}

/// The last step that a run has made: one that has far to go does not squeeze the others.
fn last_step(told: &Told) -> f64 {
    told.story.steps.last().map_or(0.0, |step| step.step as f64)
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::told, *};

    #[test]
    fn every_run_keeps_its_place_in_every_chart() {
        let mut begun = told(3, &[(4, 1.0)]);
        begun.run.summary.total_steps = Some(300);
        let mut won = told(8, &[(10, 0.5), (12, 0.7)]);
        won.story.evaluations[1].reward = Some(0.25);
        let runs = [begun, told(5, &[]), won];
        let all = overlays(&runs);
        let titles: Vec<&str> = all.iter().map(|overlay| overlay.title).collect();
        assert_eq!(titles, ["Training loss", "Validation loss", REWARD]);
        for overlay in &all {
            let series = overlay.plot.series.iter();
            let names: Vec<&str> = series.map(|series| series.name.as_str()).collect();
            assert_eq!(names, ["run 3", "run 5", "run 8"]);
            assert!((overlay.plot.x_end - 12.0).abs() < f64::EPSILON);
        }
        assert_eq!(all[2].plot.series[2].points, [(12.0, 0.25)]);
        assert!(all[2].plot.series[0].points.is_empty());
        assert_eq!(overlays(&[told(1, &[])]), []);
    }
}
