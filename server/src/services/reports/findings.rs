//! What a report says in sentences: better, worse, kept, undecided; and the verdict.

use shared::{
    report::{
        ClauseComparison, Direction, GateOutcome, PairedDifference, ReportFinding, SuiteComparison,
    },
    suite::Gate,
};

use super::words::{counts, interval, p_value};

/// Corrected p-values below it are called a difference.
pub(super) const SIGNIFICANCE: f64 = 0.05;

/// A sentence for each suite and each clause: what got worse first, then what is undecided, then
/// what got better or was kept.
pub(super) fn findings(
    suites: &[SuiteComparison],
    clauses: &[ClauseComparison],
    confidence: f64,
) -> Vec<ReportFinding> {
    let of_suites = suites.iter().map(|suite| of_suite(suite, confidence));
    let of_clauses = clauses.iter().map(|clause| of_clause(clause, confidence));
    let mut findings: Vec<ReportFinding> = of_suites.chain(of_clauses).collect();
    findings.sort_by_key(|finding| match finding.direction {
        Direction::Worse => 0,
        Direction::Undecided => 1,
        Direction::Better => 2,
        Direction::Kept => 3,
    });
    findings
}

fn of_suite(suite: &SuiteComparison, confidence: f64) -> ReportFinding {
    let change = change(&suite.difference);
    let direction = match (change, suite.gate, suite.outcome.passed) {
        (Direction::Undecided, _, true) => Direction::Kept,
        (Direction::Undecided, Gate::Guard { margin }, false)
            if suite.difference.upper < -margin =>
        {
            Direction::Worse
        }
        (change, ..) => change,
    };
    let gate = match suite.gate {
        Gate::Goal { .. } => "goal",
        Gate::Guard { .. } => "guard",
    };
    let outcome = match suite.outcome {
        GateOutcome { passed: true, .. } => "passed",
        GateOutcome { passed: false, .. } => "not passed",
    };
    let what = match direction {
        Direction::Better => "is better",
        Direction::Worse => "is worse",
        Direction::Kept => "was kept",
        Direction::Undecided => "is undecided",
    };
    let sentence = format!(
        "{} {what}: {} to {} items passed, {}, {}; {gate} {outcome}.",
        suite.name,
        suite.baseline.passed,
        counts(&suite.candidate),
        interval(&suite.difference, confidence),
        corrected(&suite.difference),
    );
    ReportFinding {
        direction,
        sentence,
    }
}

fn of_clause(clause: &ClauseComparison, confidence: f64) -> ReportFinding {
    let direction = change(&clause.difference);
    let what = match direction {
        Direction::Better => "is kept more often",
        Direction::Worse => "is kept less often",
        Direction::Undecided | Direction::Kept => "is undecided",
    };
    let sentence = format!(
        "Clause {} {what}: {} to {} items, {}, {}.",
        clause.key,
        clause.baseline.passed,
        counts(&clause.candidate),
        interval(&clause.difference, confidence),
        corrected(&clause.difference),
    );
    ReportFinding {
        direction,
        sentence,
    }
}

/// Better or worse beyond chance, by the corrected p-value.
fn change(difference: &PairedDifference) -> Direction {
    let p = difference.corrected_p_value.unwrap_or(difference.p_value);
    match difference.estimate {
        _ if p >= SIGNIFICANCE => Direction::Undecided,
        estimate if estimate > 0.0 => Direction::Better,
        _ => Direction::Worse,
    }
}

fn corrected(difference: &PairedDifference) -> String {
    match difference.corrected_p_value {
        Some(p) => format!("{} after correction", p_value(p)),
        None => p_value(difference.p_value),
    }
}

/// The verdict in one sentence.
pub(super) fn verdict(candidate: &str, baseline: &str, suites: &[SuiteComparison]) -> String {
    let failed: Vec<&str> = suites
        .iter()
        .filter(|suite| !suite.outcome.passed)
        .map(|suite| suite.name.as_str())
        .collect();
    match failed.as_slice() {
        [] => {
            let gates = match suites.len() {
                1 => "the gate that was".to_owned(),
                more => format!("all {more} gates that were"),
            };
            format!("Passed: {candidate} may replace {baseline}; it met {gates} set beforehand.")
        }
        failed => format!(
            "Not passed: {candidate} should not replace {baseline}; it did not meet {} of {} \
             gates: {}.",
            failed.len(),
            suites.len(),
            failed.join(", ")
        ),
    }
}
