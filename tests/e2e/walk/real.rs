//! The whole loop on the real SmolLM2-135M, in a browser, with the sample project: the baseline,
//! supervised fine-tuning with and without general rows, evaluations, reports, sixty judgements by
//! keyboard, and preference tuning on them.
//!
//! It takes about an hour on two cores, so `cargo xtask walk` runs it and nothing else does. It
//! holds the sample project to what the README promises, and writes its figures to
//! `target/walk.md` step by step, so that a walk that fails still tells how far it came.

use std::{env, path::Path};

use shared::report::{Report, SliceComparison, SuiteComparison};

use super::{
    DOMAIN, GUARDS,
    figures::{Figures, signed},
    judge,
    steps::{Teaching, evaluate, report, share},
};
use crate::harness::in_browser;

/// The most tokens of an answer: enough for every plan and most general answers.
const MOST_TOKENS: u32 = 256;

/// Checks of fewer items tell too little to be listed.
const COMMON: i64 = 15;

/// Supervised fine-tuning on the sample's rows alone.
const PLAIN: Teaching = Teaching {
    name: "plain",
    method: "Imitate answers",
    data: "Support desk intake 1",
    decisions: &[("Prompt", "Short 1")],
    settings: &[
        ("Batch and length", "Epochs", "4"),
        ("Optimizer", "Learning rate", "5e-4"),
    ],
};

/// The same with general rows mixed in.
const MIXED: Teaching = Teaching {
    name: "mixed",
    decisions: &[
        ("Prompt", "Short 1"),
        ("General rows", "General instructions 1"),
    ],
    settings: &[
        ("Batch and length", "Epochs", "4"),
        ("Optimizer", "Learning rate", "5e-4"),
        ("Data", "General share", "0.2"),
    ],
    ..PLAIN
};

/// Preference tuning of the tuned model on the judged pairs, measured on the held-out ones.
const PREFERRED: Teaching = Teaching {
    name: "preferred",
    method: "Prefer the better answer",
    data: "Judged plans 1",
    decisions: &[
        ("Prompt", "Short 1"),
        ("Go on from", "mixed 1"),
        ("Measured on", "Held-out pairs 1"),
    ],
    settings: &[],
};

/// Answers of 80 that must satisfy the schema after supervised fine-tuning.
const SCHEMA_GOAL: i64 = 72;

/// The share of held-out pairs whose better plan must have the higher reward after preference
/// tuning: 27 of 40.
const PAIRS_GOAL: f64 = 27.0 / 40.0;

#[tokio::test]
#[ignore = "takes about an hour: run `cargo xtask walk`"]
async fn the_loop_on_the_real_model() {
    in_browser("real", async |page, server| {
        let model = env::var_os("TEMPER_TEST_MODEL").expect("TEMPER_TEST_MODEL names the model");
        let base = server.load_sample_with(Path::new(&model)).await;
        page.sign_in().await;
        let mut figures = Figures::start("walk.md");

        evaluate(
            page,
            &mut figures,
            &base,
            "Instructed 1",
            DOMAIN,
            MOST_TOKENS,
        )
        .await;
        evaluate(page, &mut figures, &base, "No prompt", GUARDS, MOST_TOKENS).await;
        for teaching in [PLAIN, MIXED] {
            teaching.run(page, &mut figures).await;
            let tuned = format!("{} 1", teaching.name);
            evaluate(page, &mut figures, &tuned, "No prompt", GUARDS, MOST_TOKENS).await;
            let kept = report(page, &format!("What {tuned} kept"), (&base, &tuned), None).await;
            tell(&mut figures, &kept);
            evaluate(page, &mut figures, &tuned, "Short 1", DOMAIN, MOST_TOKENS).await;
            let prompts = Some(("Instructed 1", "Short 1"));
            let task = report(
                page,
                &format!("{tuned} for {base}"),
                (&base, &tuned),
                prompts,
            )
            .await;
            tell(&mut figures, &task);
            hold(&task.snapshot.suites[0]);
        }
        share(page, &format!("{} 1 for {base}", MIXED.name)).await;

        judge::sixty_pairs(page, &mut figures).await;
        let accuracy = PREFERRED.run(page, &mut figures).await;
        let accuracy = accuracy.expect("preference tuning measures reward accuracy");
        assert!(accuracy >= PAIRS_GOAL, "reward accuracy is {accuracy}");
    })
    .await;
}

fn tell(figures: &mut Figures, report: &Report) {
    for suite in &report.snapshot.suites {
        let (baseline, candidate) = (&suite.baseline, &suite.candidate);
        let sides = format!(
            "{} of {}, then {}",
            baseline.passed, baseline.total, candidate.passed
        );
        let difference = signed(&suite.difference);
        let name = format!("{}: {}", report.summary.name, suite.name);
        figures.tell(
            &name,
            &format!("{sides} ({difference}); {}", suite.outcome.sentence),
        );
        let common = suite.checks.iter();
        for check in common.filter(|check| check.baseline.total >= COMMON) {
            let (before, after) = (check.baseline.passed, check.candidate.passed);
            let difference = signed(&check.difference);
            let value = format!(
                "{before} of {}, then {after} ({difference})",
                check.baseline.total
            );
            figures.tell(&format!("{name}, {}", check.name), &value);
        }
    }
}

/// What the sample project promises of a tuned model.
fn hold(suite: &SuiteComparison) {
    let check = |name: &str| -> &SliceComparison {
        let mut checks = suite.checks.iter();
        checks
            .find(|check| check.name == name)
            .expect("a check of the suite")
    };
    let passed = check("schema").candidate.passed;
    assert!(passed >= SCHEMA_GOAL, "{passed} answers satisfy the schema");
    for name in ["intent", "grounded"] {
        let lower = check(name).difference.lower;
        assert!(lower > 0.0, "{name} is not shown to be better: {lower}");
    }
}
