//! What a check found in one output, before negation.

/// A check that could be evaluated.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    /// Whether the plain check is satisfied.
    pub holds: bool,
    /// From 0 to 1 where the check has degrees.
    pub score: Option<f64>,
    /// What was found, as a sentence without its full stop, for either outcome.
    pub detail: String,
}

impl Finding {
    pub(crate) fn new(holds: bool, detail: impl Into<String>) -> Self {
        Self {
            holds,
            score: None,
            detail: detail.into(),
        }
    }

    pub(crate) fn with_score(self, score: f64) -> Self {
        Self {
            score: Some(score),
            ..self
        }
    }
}

/// Why a check could not be evaluated on this output. It fails, negated or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable(pub String);

/// What evaluating gives.
pub(crate) type Evaluation = Result<Finding, Unreadable>;
