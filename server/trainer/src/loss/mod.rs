//! Objectives: from token log-probabilities to a loss and its gradient.
