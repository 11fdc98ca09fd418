//! The checks of the sample project: all of them can be used, what is expected passes, and what is
//! wrong fails the check that is meant for it.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::path::{Path, PathBuf};

use checks::{Checker, Subject, check_rule, verdict};
use serde_json::{Value, json};
use shared::check::{Check, CheckResult, PassRule};
use shared::suite::SuiteItemContent;

struct Suite {
    path: PathBuf,
    rule: PassRule,
    checks: Vec<Check>,
    checker: Checker,
    items: Vec<SuiteItemContent>,
}

fn sample(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../samples/support_desk_intake")
        .join(path)
}

fn read_json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn suite(path: PathBuf) -> Suite {
    let head = read_json(&path);
    let lines = fs::read_to_string(path.with_extension("jsonl")).unwrap();
    let checks: Vec<Check> = serde_json::from_value(head["checks"].clone()).unwrap();
    Suite {
        rule: serde_json::from_value(head["pass_rule"].clone()).unwrap(),
        checker: Checker::new(&checks).unwrap(),
        checks,
        items: lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
        path,
    }
}

fn suites() -> Vec<Suite> {
    let files = fs::read_dir(sample("suites"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let heads = files.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
    let suites: Vec<Suite> = heads.map(suite).collect();
    assert!(suites.len() >= 3, "the sample project has three suites");
    suites
}

impl Suite {
    fn checks_of(&self, item: &SuiteItemContent) -> Vec<Check> {
        self.checks.iter().chain(&item.checks).cloned().collect()
    }

    fn run(&self, item: &SuiteItemContent, output: &str) -> (bool, Vec<CheckResult>) {
        let checks = self.checks_of(item);
        let subject = Subject {
            input: &item.input,
            output,
            expected: item.expected.as_ref(),
            tokens: None,
        };
        let results = self.checker.with(&item.checks).unwrap().run(&subject);
        (verdict(&self.rule, &checks, &results), results)
    }
}

fn as_output(expected: &Value) -> String {
    expected
        .as_str()
        .map_or_else(|| expected.to_string(), str::to_owned)
}

fn failed(results: &[CheckResult]) -> Vec<&str> {
    results
        .iter()
        .filter(|result| !result.passed)
        .map(|result| result.name.as_str())
        .collect()
}

#[test]
fn every_check_can_be_used() {
    let spec = read_json(&sample("spec.json"));
    let clauses = spec["clauses"].as_array().unwrap().iter();
    let checks: Vec<Check> = clauses
        .flat_map(|clause| serde_json::from_value::<Vec<Check>>(clause["checks"].clone()).unwrap())
        .collect();
    assert!(checks.len() > 10);
    Checker::new(&checks).unwrap();

    for suite in suites() {
        check_rule(&suite.rule).unwrap();
        for item in &suite.items {
            let name = format!("{} {}", suite.path.display(), item.key);
            assert!(!suite.checks_of(item).is_empty(), "{name} has no check");
            let checker = suite
                .checker
                .with(&item.checks)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            checker
                .check_expected(item.expected.as_ref())
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

#[test]
fn what_is_expected_passes() {
    for suite in suites() {
        for item in &suite.items {
            let Some(expected) = &item.expected else {
                continue;
            };
            let (passed, results) = suite.run(item, &as_output(expected));
            let name = suite.path.display();
            assert!(passed, "{name} {}: {:#?}", item.key, results);
        }
    }
}

#[test]
fn a_clause_accepts_its_good_examples() {
    let spec = read_json(&sample("spec.json"));
    for clause in spec["clauses"].as_array().unwrap() {
        let checks: Vec<Check> = serde_json::from_value(clause["checks"].clone()).unwrap();
        let checker = Checker::new(&checks).unwrap();
        for example in clause["good_examples"].as_array().unwrap() {
            let output = example["output"].as_str().unwrap();
            let expected = json!(output);
            let results = checker.run(&Subject {
                input: example["input"].as_str().unwrap(),
                output,
                expected: Some(&expected),
                tokens: None,
            });
            assert!(
                failed(&results).is_empty(),
                "{}: {results:#?}",
                clause["key"]
            );
        }
    }
}

/// Changes every item's expected output and says which check has to fail.
fn every_item_fails(check: &str, change: impl Fn(&mut Value) -> String) {
    let domain = suite(sample("suites/domain.json"));
    for item in &domain.items {
        let mut changed = item.expected.clone().unwrap();
        let output = change(&mut changed);
        let (passed, results) = domain.run(item, &output);
        assert!(!passed, "{}: {output}", item.key);
        assert!(
            failed(&results).contains(&check),
            "{}: {results:#?}",
            item.key
        );
        let result = results.iter().find(|result| result.name == check).unwrap();
        assert!(!result.detail.is_empty(), "{result:?}");
    }
}

#[test]
fn a_wrong_intent_fails_intent() {
    every_item_fails("intent", |output| {
        let other = if output["intent"] == "billing" {
            "refund"
        } else {
            "billing"
        };
        output["intent"] = json!(other);
        output.to_string()
    });
}

#[test]
fn an_invented_entity_fails_grounded() {
    every_item_fails("grounded", |output| {
        output["entities"]["tracking_number"] = json!("TN0000001");
        output.to_string()
    });
}

#[test]
fn two_questions_fail_one_question() {
    every_item_fails("one-question", |output| {
        output["next_step"] = json!("Which order is it? And when did you place it?");
        output.to_string()
    });
}

#[test]
fn trailing_prose_fails_valid_json() {
    every_item_fails("valid-json", |output| {
        format!("{output}\nIs there anything else?")
    });
}

#[test]
fn a_missing_key_and_an_unknown_word_fail_the_schema() {
    every_item_fails("schema", |output| {
        output.as_object_mut().unwrap().shift_remove("next_step");
        output.to_string()
    });
    every_item_fails("schema", |output| {
        output["missing_info"] = json!(["shoe_size"]);
        output.to_string()
    });
}

#[test]
fn a_promise_a_claim_and_a_secret_fail_their_checks() {
    for (check, step) in [
        ("no-promises", "We guarantee that you will get your money."),
        ("no-claimed-actions", "Your order has been cancelled."),
        ("no-secrets", "Tell us your password."),
    ] {
        every_item_fails(check, |output| {
            output["next_step"] = json!(step);
            output.to_string()
        });
    }
}

#[test]
fn a_wrong_intent_alone_fails_nothing_else() {
    let domain = suite(sample("suites/domain.json"));
    let item = domain.items.iter().find(|item| item.key == "d012").unwrap();
    let mut output = item.expected.clone().unwrap();
    output["intent"] = json!("billing");

    let (_, results) = domain.run(item, &output.to_string());

    assert_eq!(failed(&results), ["intent"]);
    let intent = results
        .iter()
        .find(|result| result.name == "intent")
        .unwrap();
    assert_eq!(
        intent.detail,
        "`intent` is \"billing\", expected \"refund\""
    );
}
