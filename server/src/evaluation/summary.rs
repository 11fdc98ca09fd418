//! All answers: rates with their intervals, failures by category, percentiles.

use std::collections::{BTreeMap, HashMap};

use shared::{
    check::Check,
    coverage::Coverage,
    evaluation::{
        CategoryCount, EvaluationResult, EvaluationSummary, FailureCategory, NamedRate, Rate,
    },
};
use statistics::{Confidence, wilson};

use super::Criteria;

/// Takes results one by one, so that nobody needs all of them in memory.
#[derive(Debug)]
pub struct Summarizer<'a> {
    criteria: &'a Criteria,
    passed: Count,
    categories: BTreeMap<FailureCategory, i64>,
    checks: Named,
    clauses: Named,
    coverage: BTreeMap<Coverage, Count>,
    tags: BTreeMap<String, Count>,
    prompt_tokens: i64,
    output_tokens: i64,
    latencies: Vec<f64>,
    cut_off: i64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    passed: i64,
    total: i64,
}

/// Counts by name, in the order in which the names came.
#[derive(Debug, Default)]
struct Named {
    places: HashMap<String, usize>,
    counts: Vec<(String, Option<FailureCategory>, Count)>,
}

impl<'a> Summarizer<'a> {
    /// Nothing yet.
    #[must_use]
    pub fn new(criteria: &'a Criteria) -> Self {
        Self {
            criteria,
            passed: Count::default(),
            categories: BTreeMap::new(),
            checks: Named::default(),
            clauses: Named::default(),
            coverage: BTreeMap::new(),
            tags: BTreeMap::new(),
            prompt_tokens: 0,
            output_tokens: 0,
            latencies: Vec::new(),
            cut_off: 0,
        }
    }

    /// Takes one result.
    pub fn add(&mut self, result: &EvaluationResult) {
        let content = &result.item.content;
        self.passed.add(result.passed);
        for category in &result.categories {
            *self.categories.entry(*category).or_default() += 1;
        }
        self.add_checks(result);
        self.coverage
            .entry(content.coverage)
            .or_default()
            .add(result.passed);
        for tag in &content.tags {
            self.tags.entry(tag.clone()).or_default().add(result.passed);
        }
        self.prompt_tokens += result.prompt_tokens;
        self.output_tokens += result.output_tokens;
        self.latencies.push(result.latency_ms);
        self.cut_off += i64::from(result.cut_off);
    }

    fn add_checks(&mut self, result: &EvaluationResult) {
        let mut tested: Vec<(&str, bool)> = Vec::new();
        for check in self.criteria.checks_of(&result.item.content) {
            let passed = has_passed(check, result);
            let category = Some(self.criteria.category(check));
            self.checks.add(&check.name, category, passed);
            let Some(key) = check.clause.as_deref() else {
                continue;
            };
            match tested.iter_mut().find(|(known, _)| *known == key) {
                Some((_, all)) => *all &= passed,
                None => tested.push((key, passed)),
            }
        }
        for (key, passed) in tested {
            let category = self.criteria.category_of_clause(key);
            self.clauses.add(key, category, passed);
        }
    }

    /// What the results come to; they took so many seconds together.
    #[must_use]
    pub fn finish(mut self, seconds: f64) -> EvaluationSummary {
        let items = self.passed.total.max(1) as f64;
        self.latencies.sort_by(f64::total_cmp);
        let category = |(category, items)| CategoryCount { category, items };
        EvaluationSummary {
            passed: self.passed.rate(),
            failures: self.categories.into_iter().map(category).collect(),
            checks: self.checks.rates(),
            clauses: self.clauses.rates(),
            coverage: slices(
                self.coverage
                    .into_iter()
                    .map(|(key, count)| (key.to_string(), count)),
            ),
            tags: slices(self.tags),
            mean_prompt_tokens: self.prompt_tokens as f64 / items,
            mean_output_tokens: self.output_tokens as f64 / items,
            median_latency_ms: percentile(&self.latencies, 0.5),
            p95_latency_ms: percentile(&self.latencies, 0.95),
            cut_off: self.cut_off,
            seconds,
        }
    }
}

fn has_passed(check: &Check, result: &EvaluationResult) -> bool {
    let mut results = result.checks.iter();
    results.any(|found| found.name == check.name && found.passed)
}

fn slices(counts: impl IntoIterator<Item = (String, Count)>) -> Vec<NamedRate> {
    let counts = counts.into_iter();
    counts
        .map(|(name, count)| NamedRate {
            name,
            category: None,
            rate: count.rate(),
        })
        .collect()
}

impl Count {
    fn add(&mut self, passed: bool) {
        self.passed += i64::from(passed);
        self.total += 1;
    }

    /// The share with its interval. Of nothing everything is possible.
    fn rate(self) -> Rate {
        let Self { passed, total } = self;
        let interval = Confidence::two_sided(0.95)
            .and_then(|confidence| wilson(passed.unsigned_abs(), total.unsigned_abs(), confidence));
        let (rate, lower, upper) = interval.map_or((0.0, 0.0, 1.0), |rate| {
            (rate.value, rate.interval.lower, rate.interval.upper)
        });
        Rate {
            passed,
            total,
            rate,
            lower,
            upper,
        }
    }
}

impl Named {
    fn add(&mut self, name: &str, category: Option<FailureCategory>, passed: bool) {
        let place = self.places.get(name).copied().unwrap_or_else(|| {
            let new = (name.to_owned(), category, Count::default());
            self.counts.push(new);
            self.places.insert(name.to_owned(), self.counts.len() - 1);
            self.counts.len() - 1
        });
        self.counts[place].2.add(passed);
    }

    fn rates(self) -> Vec<NamedRate> {
        let counts = self.counts.into_iter();
        counts
            .map(|(name, category, count)| NamedRate {
                name,
                category,
                rate: count.rate(),
            })
            .collect()
    }
}

/// The value below which a share of sorted values lies, by linear interpolation between the two
/// nearest; 0 of nothing.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return 0.0;
    };
    let place = share * last as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between 0 and the last index"
    )]
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::check::PassRule;

    use super::*;

    fn result(coverage: &str, own: bool, passed: [bool; 2], latency_ms: f64) -> EvaluationResult {
        let mut value = json!({
            "position": 0, "output": "x", "score": 0.5,
            "item": { "id": "00000000-0000-7000-8000-000000000000", "key": "k", "input": "i",
                "coverage": coverage, "tags": ["short"], "checks": [] },
            "passed": passed == [true, true],
            "checks": [{ "name": "a", "passed": passed[0] }, { "name": "b", "passed": passed[1] }],
            "categories": if passed == [true, true] { json!([]) } else { json!(["format"]) },
            "failed_clauses": [], "prompt_tokens": 10, "output_tokens": 4,
            "latency_ms": latency_ms, "cut_off": own,
        });
        if own {
            let check = json!({ "name": "b", "type": "refusal", "clause": "one" });
            value["item"]["checks"] = Value::Array(vec![check]);
        }
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_clause_passes_where_all_its_checks_do() {
        let check = json!({ "name": "a", "type": "valid_json", "clause": "one" });
        let checks = vec![serde_json::from_value(check).unwrap()];
        let criteria = Criteria::new(checks, PassRule::AllChecks, &[]);
        let mut summary = Summarizer::new(&criteria);
        summary.add(&result("typical", true, [true, true], 10.0));
        summary.add(&result("edge", true, [true, false], 20.0));
        summary.add(&result("edge", false, [false, true], 40.0));
        let found = summary.finish(1.5);
        let counts = |rates: &[NamedRate]| -> Vec<(String, i64, i64)> {
            let counts = rates.iter();
            counts
                .map(|named| (named.name.clone(), named.rate.passed, named.rate.total))
                .collect()
        };
        assert_eq!((found.passed.passed, found.passed.total), (1, 3));
        assert_eq!(
            counts(&found.checks),
            [("a".to_owned(), 2, 3), ("b".to_owned(), 1, 2)]
        );
        assert_eq!(counts(&found.clauses), [("one".to_owned(), 1, 3)]);
        assert_eq!(
            counts(&found.coverage),
            [("typical".to_owned(), 1, 1), ("edge".to_owned(), 0, 2)]
        );
        assert_eq!(counts(&found.tags), [("short".to_owned(), 1, 3)]);
        assert_eq!(found.failures[0].items, 2);
        assert!((found.median_latency_ms - 20.0).abs() < 1e-12);
        assert!((found.p95_latency_ms - 38.0).abs() < 1e-9);
        assert_eq!(found.cut_off, 2);
        // Wilson's interval of one in three, as published tables round it.
        assert!((found.passed.lower - 0.0615).abs() < 5e-4);
        assert!((found.passed.upper - 0.7923).abs() < 5e-4);
    }

    #[test]
    fn nothing_is_summed_up_to_nothing() {
        let criteria = Criteria::new(Vec::new(), PassRule::AllChecks, &[]);
        let found = Summarizer::new(&criteria).finish(0.0);
        assert_eq!(found.passed.total, 0);
        assert!((found.passed.upper - 1.0).abs() < 1e-12 && found.median_latency_ms.abs() < 1e-12);
    }
}
