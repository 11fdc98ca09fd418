//! The answer to the page's question, and what forbids one.

use shared::{
    run::Run,
    training::{Lesson, PreferenceConfig, TrainingConfig},
};

use super::{
    chosen::{MOST, listed},
    read::{Compared, Told},
    results::best,
};
use crate::words::count;

/// The first line: how many settings differ and, where that can be said, which run is ahead.
#[must_use]
pub fn answer(runs: &[Told], differing: usize) -> String {
    let settings = if differing == 0 {
        "These runs have the same settings.".to_owned()
    } else {
        let settings = count(differing, "setting differs", "settings differ");
        format!("{} runs; {settings}.", runs.len())
    };
    match leaders(runs) {
        Some(ahead) => format!("{settings} {ahead}"),
        None => settings,
    }
}

/// Which run is ahead on what all of them measure alike; nothing where they are level.
fn leaders(runs: &[Told]) -> Option<String> {
    let asked: Vec<&Run> = runs.iter().map(|told| &told.run).collect();
    if caution(&asked).is_some() {
        return None;
    }
    let losses = bests(runs, |told| {
        best(&told.story, |one| one.validation_loss, true)
    });
    let losses = losses.map(|values| (values, 1.0, "lowest validation loss"));
    let rewards = || {
        let values = bests(runs, |told| best(&told.story, |one| one.reward, false))?;
        Some((values, -1.0, "highest reward of answers"))
    };
    let (values, sign, what) = losses.or_else(rewards)?;
    let first = values.iter().map(|(_, value)| sign * value);
    let first = sign * first.fold(f64::MAX, f64::min);
    let is_first = |(_, value): &&(i64, f64)| (value - first).abs() <= f64::EPSILON * first.abs();
    let ahead = values.iter().filter(is_first);
    let ahead: Vec<i64> = ahead.map(|(number, _)| *number).collect();
    match ahead.as_slice() {
        all if all.len() == values.len() => None,
        [one] => Some(format!("Run {one} has the {what}, {first:.3}.")),
        some => Some(format!(
            "Runs {} have the {what}, {first:.3}.",
            listed(some, " and ")
        )),
    }
}

/// The best value of every run by its number, if every run has one.
fn bests(runs: &[Told], value: impl Fn(&Told) -> Option<(usize, f64)>) -> Option<Vec<(i64, f64)>> {
    let all = runs.iter();
    all.map(|told| Some((told.run.summary.number, value(told)?.1)))
        .collect()
}

/// Why the losses, or the rewards, of runs are not to be compared as numbers.
#[must_use]
pub fn caution(runs: &[&Run]) -> Option<String> {
    let differ =
        |same: &dyn Fn(&Run, &Run) -> bool| runs.windows(2).any(|pair| !same(pair[0], pair[1]));
    let reasons = [
        (differ(&has_same_loss), "learn by different losses"),
        (differ(&has_same_rows), "are measured on different rows"),
        (differ(&has_same_rewards), "are rewarded differently"),
        (
            differ(&|one, other| one.summary.base_id == other.summary.base_id),
            "stand on different bases",
        ),
    ];
    let reasons = reasons.into_iter().filter(|(holds, _)| *holds);
    let reasons: Vec<&str> = reasons.map(|(_, reason)| reason).collect();
    (!reasons.is_empty()).then(|| {
        let reasons = reasons.join(" and ");
        format!("Compare the shapes of losses and rewards, not their heights: the runs {reasons}.")
    })
}

fn has_same_loss(one: &Run, other: &Run) -> bool {
    let (one, other) = (&one.request.config, &other.request.config);
    let preference = |config: &TrainingConfig| PreferenceConfig {
        beta: Some(config.beta()),
        ..config.preference.clone()
    };
    let judges = one.method.lesson().judges();
    one.method == other.method && (!judges || preference(one) == preference(other))
}

fn has_same_rows(one: &Run, other: &Run) -> bool {
    let of = |run: &Run| {
        let own = run.request.dataset_version_id;
        let version = run.request.validation_version_id;
        let config = &run.request.config;
        (
            version.unwrap_or(own),
            version.is_some(),
            config.evaluation.max_rows,
            config.data.max_length,
        )
    };
    of(one) == of(other)
}

fn has_same_rewards(one: &Run, other: &Run) -> bool {
    let draws = |run: &Run| run.summary.method.lesson() == Lesson::Prompts;
    let of = |run: &Run| {
        let grpo = &run.request.config.grpo;
        let weights = (grpo.reward_weight, grpo.checks_weight);
        (
            run.request.reward_model_id,
            run.request.spec_version_id,
            weights,
        )
    };
    !(draws(one) && draws(other)) || of(one) == of(other)
}

/// What of the address could not be shown, each in a sentence.
#[must_use]
pub fn left_out(compared: &Compared) -> Vec<String> {
    let chosen = &compared.chosen;
    let mut sentences = Vec::new();
    match compared.missing.as_slice() {
        [] => {}
        [one] => sentences.push(format!("This project has no run {one}.")),
        some => {
            let numbers = listed(some, ", ");
            sentences.push(format!("This project has no runs {numbers}."));
        }
    }
    if !chosen.unread.is_empty() {
        let words = chosen.unread.join("”, “");
        sentences.push(format!(
            "“{words}” in the address is not the number of a run; write numbers with commas \
             between them, such as 3,5."
        ));
    }
    if !chosen.beyond.is_empty() {
        let numbers = listed(&chosen.beyond, ", ");
        sentences.push(format!(
            "{MOST} runs fit side by side; left out: {numbers}."
        ));
    }
    sentences
}

/// Which runs go on, so that the page will be out of date.
#[must_use]
pub fn going_on(runs: &[Told]) -> Option<String> {
    let open = runs.iter().map(|told| &told.run.summary);
    let open = open.filter(|summary| summary.state.is_open());
    let numbers: Vec<i64> = open.map(|summary| summary.number).collect();
    match numbers.as_slice() {
        [] => None,
        [one] => Some(format!(
            "Run {one} has not ended: you see it as it was when this page was read."
        )),
        some => Some(format!(
            "Runs {} have not ended: you see them as they were when this page was read.",
            listed(some, ", ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use shared::{
        job::JobState,
        training::{EvaluationMetrics, Method},
    };

    use super::{
        super::{
            chosen::Chosen,
            fixture::{told, told_with},
        },
        *,
    };
    use crate::pages::runs::sources::Sources;

    fn runs(losses: &[f64]) -> Vec<Told> {
        let all = losses.iter().zip(1..);
        all.map(|(loss, number)| told(number, &[(10, *loss)]))
            .collect()
    }

    #[test]
    fn the_lowest_loss_is_named_unless_all_are_level() {
        let said = |losses: &[f64]| answer(&runs(losses), 2);
        assert_eq!(
            said(&[1.5, 0.9]),
            "2 runs; 2 settings differ. Run 2 has the lowest validation loss, 0.900."
        );
        assert!(
            said(&[0.9, 1.5, 0.9])
                .ends_with("Runs 1 and 3 have the lowest validation loss, 0.900.")
        );
        assert_eq!(said(&[0.9, 0.9]), "2 runs; 2 settings differ.");
        assert_eq!(
            answer(&runs(&[0.9, 0.9]), 0),
            "These runs have the same settings."
        );
        let mut unmeasured = runs(&[0.9]);
        unmeasured.push(told(2, &[]));
        assert_eq!(answer(&unmeasured, 1), "2 runs; 1 setting differs.");
    }

    #[test]
    fn a_reward_is_better_when_it_is_higher() {
        let rewarded = |number, reward| {
            let mut told = told_with(number, |config| config.method = Method::Grpo);
            told.story.evaluations.push(EvaluationMetrics {
                reward: Some(reward),
                ..Default::default()
            });
            told
        };
        let runs = [rewarded(4, 0.2), rewarded(7, 0.5)];
        let said = answer(&runs, 1);
        assert!(
            said.ends_with("Run 7 has the highest reward of answers, 0.500."),
            "{said}"
        );
    }

    #[test]
    fn what_is_on_another_scale_is_not_ranked() {
        let plain = told(1, &[(10, 1.0)]);
        let mut elsewhere = told(2, &[(10, 0.5)]);
        elsewhere.run.request.config.evaluation.max_rows = 7;
        let pair = [plain.clone(), elsewhere];
        assert_eq!(answer(&pair, 1), "2 runs; 1 setting differs.");
        let warned = caution(&[&pair[0].run, &pair[1].run]).unwrap();
        assert!(
            warned.ends_with("the runs are measured on different rows."),
            "{warned}"
        );

        let dpo = |number, beta| {
            told_with(number, |config| {
                config.method = Method::Dpo;
                config.preference.beta = beta;
            })
        };
        let (own, same, other) = (dpo(1, None), dpo(2, Some(0.1)), dpo(3, Some(0.5)));
        assert_eq!(caution(&[&own.run, &same.run]), None);
        assert!(
            caution(&[&own.run, &other.run])
                .unwrap()
                .contains("different losses")
        );
        assert!(
            caution(&[&plain.run, &own.run])
                .unwrap()
                .contains("different losses")
        );
        // Where nothing is preferred, these settings do nothing.
        let unused = told_with(4, |config| config.preference.beta = Some(0.5));
        assert_eq!(caution(&[&plain.run, &unused.run]), None);
    }

    #[test]
    fn what_is_not_shown_is_told() {
        let compared = Compared {
            chosen: Chosen::from_text("1,2,x,4,5,6,7,8"),
            runs: Vec::new(),
            missing: vec![2, 7],
            sources: Sources::default(),
        };
        let sentences = left_out(&compared);
        assert_eq!(sentences[0], "This project has no runs 2, 7.");
        assert!(sentences[1].starts_with("“x” in the address"));
        assert_eq!(sentences[2], "6 runs fit side by side; left out: 8.");
    }

    #[test]
    fn a_run_that_goes_on_is_told() {
        let mut runs = runs(&[1.0, 2.0]);
        assert_eq!(going_on(&runs), None);
        runs[1].run.summary.state = JobState::Running;
        assert!(going_on(&runs).unwrap().starts_with("Run 2 has not ended"));
    }
}
