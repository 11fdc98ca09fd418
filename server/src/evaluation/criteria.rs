//! What answers to a suite are judged by.

use std::collections::HashMap;

use shared::{
    check::{Check, CheckKind, PassRule},
    evaluation::FailureCategory,
    spec::{Clause, ClauseKind},
    suite::SuiteItemContent,
};

/// The checks and the rule of a suite, with the clauses that sort its failures.
#[derive(Clone, Debug)]
pub struct Criteria {
    /// Checks that every item has, besides its own.
    pub checks: Vec<Check>,
    /// When an item counts as passed.
    pub rule: PassRule,
    clauses: HashMap<String, ClauseKind>,
}

impl Criteria {
    /// The criteria of a suite, with the clauses of a spec if there is one.
    #[must_use]
    pub fn new(checks: Vec<Check>, rule: PassRule, clauses: &[Clause]) -> Self {
        let clauses = clauses
            .iter()
            .map(|clause| (clause.key.clone(), clause.kind));
        Self {
            checks,
            rule,
            clauses: clauses.collect(),
        }
    }

    /// Every check of an item, the suite's first.
    pub fn checks_of<'a>(&'a self, item: &'a SuiteItemContent) -> impl Iterator<Item = &'a Check> {
        self.checks.iter().chain(&item.checks)
    }

    /// What a failure of a check is: what its clause is about, or else what the check looks at.
    #[must_use]
    pub fn category(&self, check: &Check) -> FailureCategory {
        let clause = check.clause.as_deref();
        clause
            .and_then(|key| self.category_of_clause(key))
            .unwrap_or_else(|| by_check(&check.kind))
    }

    /// What a breach of a clause is; absent where the spec has no such clause.
    #[must_use]
    pub fn category_of_clause(&self, key: &str) -> Option<FailureCategory> {
        self.clauses.get(key).map(|kind| by_clause(*kind))
    }
}

const fn by_clause(kind: ClauseKind) -> FailureCategory {
    match kind {
        ClauseKind::Format => FailureCategory::Format,
        ClauseKind::Instruction | ClauseKind::Style => FailureCategory::InstructionFollowing,
        ClauseKind::Knowledge => FailureCategory::Knowledge,
        ClauseKind::Safety => FailureCategory::Safety,
    }
}

const fn by_check(kind: &CheckKind) -> FailureCategory {
    match kind {
        CheckKind::ValidJson {}
        | CheckKind::JsonSchema { .. }
        | CheckKind::RequiredKeys { .. }
        | CheckKind::FixedSet { .. } => FailureCategory::Format,
        CheckKind::ExactMatch { .. }
        | CheckKind::PointerEquals { .. }
        | CheckKind::ListF1 { .. }
        | CheckKind::GroundedEntities { .. } => FailureCategory::Knowledge,
        CheckKind::Refusal {} => FailureCategory::Safety,
        CheckKind::Regex { .. }
        | CheckKind::Keywords { .. }
        | CheckKind::QuestionCount { .. }
        | CheckKind::Length { .. } => FailureCategory::InstructionFollowing,
    }
}
