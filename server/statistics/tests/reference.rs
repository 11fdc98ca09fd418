//! Every statistic against stored values of scipy and statsmodels; `reference/generate.py` made
//! them.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use serde_json::Value;
use statistics::{
    Confidence, Interval, PairedTable, bootstrap_mean_difference, holm, mcnemar_exact,
    mcnemar_mid_p, paired_difference, paired_mean_difference, smallest_detectable_effect, wilson,
};

/// Of closed forms and of roots found to the last bit.
const EXACT: f64 = 1e-9;

fn cases(section: &str) -> Vec<Value> {
    let stored: Value = serde_json::from_str(include_str!("reference/values.json")).unwrap();
    let cases = stored[section].as_array().unwrap().clone();
    assert!(!cases.is_empty(), "{section} is empty");
    cases
}

fn number(case: &Value, key: &str) -> f64 {
    case[key].as_f64().unwrap()
}

fn numbers(case: &Value, key: &str) -> Vec<f64> {
    let list = case[key].as_array().unwrap();
    list.iter().map(|value| value.as_f64().unwrap()).collect()
}

fn count(case: &Value, key: &str) -> u64 {
    case[key].as_u64().unwrap()
}

fn confidence(case: &Value) -> Confidence {
    Confidence::two_sided(number(case, "level")).unwrap()
}

fn table(case: &Value) -> PairedTable {
    let cell = |index: usize| case["table"][index].as_u64().unwrap();
    PairedTable {
        both_passed: cell(0),
        broken: cell(1),
        fixed: cell(2),
        both_failed: cell(3),
    }
}

fn close(case: &Value, what: &str, found: f64, expected: f64) {
    let scale = expected.abs().max(1.0);
    let distance = (found - expected).abs();
    assert!(
        distance <= EXACT * scale,
        "{what} is {found}, expected {expected}: {case}"
    );
}

fn same_interval(case: &Value, interval: Interval) {
    close(case, "lower", interval.lower, number(case, "lower"));
    close(case, "upper", interval.upper, number(case, "upper"));
}

#[test]
fn wilson_intervals() {
    for case in cases("wilson") {
        let rate = wilson(
            count(&case, "passed"),
            count(&case, "total"),
            confidence(&case),
        );
        same_interval(&case, rate.unwrap().interval);
    }
}

#[test]
fn paired_differences() {
    for case in cases("tango") {
        let difference = paired_difference(&table(&case), confidence(&case)).unwrap();
        close(&case, "value", difference.value, number(&case, "value"));
        same_interval(&case, difference.interval);
    }
}

#[test]
fn mcnemar_tests() {
    for case in cases("mcnemar_tests") {
        close(
            &case,
            "exact",
            mcnemar_exact(&table(&case)),
            number(&case, "exact"),
        );
        close(
            &case,
            "mid-p",
            mcnemar_mid_p(&table(&case)),
            number(&case, "mid_p"),
        );
    }
}

#[test]
fn holm_corrections() {
    for case in cases("holm") {
        let values = numbers(&case, "p_values");
        let names: Vec<String> = (0..values.len()).map(|index| format!("h{index}")).collect();
        let family: Vec<(&str, f64)> = names.iter().map(String::as_str).zip(values).collect();

        let results = holm(&family).unwrap();

        for (result, expected) in results.iter().zip(numbers(&case, "adjusted")) {
            close(&case, &result.hypothesis, result.adjusted, expected);
        }
    }
}

#[test]
fn detectable_effects() {
    for case in cases("detectable") {
        let (discordance, power) = (number(&case, "discordance"), number(&case, "power"));
        let items = count(&case, "items");
        let effect = smallest_detectable_effect(items, discordance, power, confidence(&case));
        match (effect.unwrap(), case["effect"].as_f64()) {
            (Some(found), Some(expected)) => close(&case, "effect", found, expected),
            (found, expected) => assert_eq!(found, expected, "{case}"),
        }
    }
}

#[test]
fn paired_mean_differences() {
    for case in cases("mean_difference") {
        let (baseline, candidate) = (numbers(&case, "baseline"), numbers(&case, "candidate"));
        let result = paired_mean_difference(&baseline, &candidate, confidence(&case)).unwrap();
        close(&case, "value", result.value, number(&case, "value"));
        close(
            &case,
            "error",
            result.standard_error,
            number(&case, "standard_error"),
        );
        same_interval(&case, result.interval);
    }
}

#[test]
fn bootstrap_intervals() {
    for case in cases("bootstrap") {
        let mut state = count(&case, "seed");
        let below = |bound: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 32).unwrap() % bound
        };
        let (baseline, candidate) = (numbers(&case, "baseline"), numbers(&case, "candidate"));
        let resamples = usize::try_from(count(&case, "resamples")).unwrap();

        let result =
            bootstrap_mean_difference(&baseline, &candidate, confidence(&case), resamples, below);

        same_interval(&case, result.unwrap().interval);
    }
}
