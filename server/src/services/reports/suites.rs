//! One suite, compared: rates, gate, checks, slices, and the items that changed sides.

use std::collections::BTreeMap;

use serde_json::Value;
use shared::{
    evaluation::{Evaluation, EvaluationResult},
    report::{ComparedItem, EvaluationPair, SliceComparison, Spending, SuiteComparison},
    suite::Suite,
};
use statistics::{Confidence, StatisticsError, smallest_detectable_effect};

use super::{gates, paired::Pairing};

/// The power at which the smallest detectable difference is stated.
const POWER: f64 = 0.8;

/// One side of a comparison: an evaluation with the results of all its items.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side<'a> {
    pub(super) evaluation: &'a Evaluation,
    pub(super) results: &'a [EvaluationResult],
}

/// A suite with both of its evaluations, whose results are in the same order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matched<'a> {
    pub(super) suite: &'a Suite,
    pub(super) baseline: Side<'a>,
    pub(super) candidate: Side<'a>,
}

impl<'a> Matched<'a> {
    /// The results of baseline and candidate, item by item.
    pub(super) fn pairs(
        &self,
    ) -> impl Iterator<Item = (&'a EvaluationResult, &'a EvaluationResult)> + use<'a> {
        self.baseline.results.iter().zip(self.candidate.results)
    }

    /// Compares the two.
    pub(super) fn compare(
        &self,
        confidence: Confidence,
    ) -> Result<SuiteComparison, StatisticsError> {
        let verdicts = self.pairs().map(|(old, new)| (old.passed, new.passed));
        let pairing = Pairing::of(verdicts, confidence)?;
        let changed = |was: bool| {
            let changed = self
                .pairs()
                .filter(move |(old, new)| old.passed == was && new.passed != was);
            changed.map(|(old, new)| compared_item(old, new)).collect()
        };
        Ok(SuiteComparison {
            suite_id: self.suite.id,
            name: format!("{} v{}", self.suite.name, self.suite.version),
            kind: self.suite.kind,
            evaluations: EvaluationPair {
                baseline: self.baseline.evaluation.id,
                candidate: self.candidate.evaluation.id,
            },
            gate: self.suite.gate,
            outcome: gates::decide(self.suite.gate, &pairing, confidence)?,
            baseline: pairing.baseline,
            candidate: pairing.candidate,
            difference: pairing.difference,
            smallest_detectable: detectable(&pairing, confidence)?,
            checks: self.checks(confidence)?,
            slices: self.slices(confidence)?,
            baseline_spending: spending(self.baseline.evaluation),
            candidate_spending: spending(self.candidate.evaluation),
            broken: changed(true),
            fixed: changed(false),
        })
    }

    /// Every check over the items that have it, in the order in which they first occur.
    fn checks(&self, confidence: Confidence) -> Result<Vec<SliceComparison>, StatisticsError> {
        let mut groups = Groups::default();
        for (old, new) in self.pairs() {
            for (before, after) in old.checks.iter().zip(&new.checks) {
                groups.add(&before.name, (before.passed, after.passed));
            }
        }
        groups.compare(confidence)
    }

    /// Items by coverage and by tag; a group with all of the items says nothing and is left out.
    fn slices(&self, confidence: Confidence) -> Result<Vec<SliceComparison>, StatisticsError> {
        let mut coverages = BTreeMap::<_, Vec<_>>::new();
        let mut tags = BTreeMap::<_, Vec<_>>::new();
        for (old, new) in self.pairs() {
            let verdict = (old.passed, new.passed);
            let content = &old.item.content;
            let coverage = content.coverage.as_str();
            coverages.entry(coverage).or_default().push(verdict);
            for tag in &content.tags {
                tags.entry(tag.as_str()).or_default().push(verdict);
            }
        }
        let all = self.baseline.results.len();
        let groups = coverages.into_iter().chain(tags);
        let telling = groups.filter(|(_, verdicts)| verdicts.len() < all);
        telling
            .map(|(name, verdicts)| slice(name, verdicts, confidence))
            .collect()
    }
}

/// Verdicts under names, in the order in which the names came.
#[derive(Debug, Default)]
struct Groups<'a> {
    order: Vec<&'a str>,
    verdicts: BTreeMap<&'a str, Vec<(bool, bool)>>,
}

impl<'a> Groups<'a> {
    fn add(&mut self, name: &'a str, verdict: (bool, bool)) {
        let group = self.verdicts.entry(name).or_default();
        if group.is_empty() {
            self.order.push(name);
        }
        group.push(verdict);
    }

    fn compare(mut self, confidence: Confidence) -> Result<Vec<SliceComparison>, StatisticsError> {
        let names = self.order.into_iter();
        names
            .map(|name| {
                let verdicts = self.verdicts.remove(name).unwrap_or_default();
                slice(name, verdicts, confidence)
            })
            .collect()
    }
}

fn slice(
    name: &str,
    verdicts: Vec<(bool, bool)>,
    confidence: Confidence,
) -> Result<SliceComparison, StatisticsError> {
    let pairing = Pairing::of(verdicts, confidence)?;
    Ok(SliceComparison {
        name: name.to_owned(),
        baseline: pairing.baseline,
        candidate: pairing.candidate,
        difference: pairing.difference,
    })
}

/// What the suite could have shown at the discordance that was seen; nothing where the two agree on
/// every item.
fn detectable(pairing: &Pairing, confidence: Confidence) -> Result<Option<f64>, StatisticsError> {
    let discordance = pairing.table.discordance_rate()?;
    if discordance == 0.0 {
        return Ok(None);
    }
    smallest_detectable_effect(pairing.table.total(), discordance, POWER, confidence)
}

fn spending(evaluation: &Evaluation) -> Spending {
    let summary = evaluation.summary.as_ref();
    summary.map_or_else(Spending::default, |summary| Spending {
        mean_prompt_tokens: summary.mean_prompt_tokens,
        mean_output_tokens: summary.mean_output_tokens,
        median_latency_ms: summary.median_latency_ms,
    })
}

fn compared_item(old: &EvaluationResult, new: &EvaluationResult) -> ComparedItem {
    let content = &old.item.content;
    let failed = if old.passed { new } else { old };
    ComparedItem {
        key: content.key.clone(),
        input: content.input.clone(),
        expected: match &content.expected {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        },
        coverage: content.coverage,
        baseline_output: old.output.clone(),
        candidate_output: new.output.clone(),
        failed_checks: failed
            .checks
            .iter()
            .filter(|check| !check.passed)
            .cloned()
            .collect(),
    }
}
