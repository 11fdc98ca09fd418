//! Checks that cannot be evaluated, whatever the output.

/// A check with an unusable parameter, or an item that lacks what a check compares with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("check `{check}`: `{parameter}` {problem}")]
pub struct CheckError {
    /// The name of the check; empty for the rule that combines checks.
    pub check: String,
    /// The parameter, as in JSON.
    pub parameter: &'static str,
    /// What is wrong and what would be right; continues "the parameter ...".
    pub problem: String,
}

/// A [`CheckError`] before the name of the check is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unusable {
    parameter: &'static str,
    problem: String,
}

impl Unusable {
    pub(crate) fn new(parameter: &'static str, problem: impl Into<String>) -> Self {
        Self {
            parameter,
            problem: problem.into(),
        }
    }

    pub(crate) fn of(self, check: &str) -> CheckError {
        CheckError {
            check: check.to_owned(),
            parameter: self.parameter,
            problem: self.problem,
        }
    }
}
