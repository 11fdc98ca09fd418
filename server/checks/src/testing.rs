//! Short ways to run one check in a test.

use serde_json::{Value, json};
use shared::check::{Check, CheckResult};

use crate::{Checker, Subject};

pub(crate) fn checks(list: &Value) -> Vec<Check> {
    serde_json::from_value(list.clone()).expect("a list of checks")
}

fn one(check: &Value) -> Vec<Check> {
    let mut check = check.clone();
    if check.get("name").is_none() {
        check["name"] = json!("check");
    }
    checks(&json!([check]))
}

pub(crate) fn run_on(check: &Value, subject: &Subject<'_>) -> CheckResult {
    let checker = Checker::new(&one(check)).expect("usable parameters");
    checker.run(subject).remove(0)
}

pub(crate) fn run(check: &Value, output: &str) -> CheckResult {
    run_on(
        check,
        &Subject {
            input: "",
            output,
            expected: None,
            tokens: None,
        },
    )
}

pub(crate) fn run_expecting(check: &Value, output: &str, expected: &Value) -> CheckResult {
    run_on(
        check,
        &Subject {
            input: "",
            output,
            expected: Some(expected),
            tokens: None,
        },
    )
}

/// What the check is refused with.
pub(crate) fn refused(check: &Value) -> String {
    Checker::new(&one(check))
        .expect_err("unusable parameters")
        .to_string()
}
