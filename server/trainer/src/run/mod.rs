//! The training loop, evaluation, checkpoints, resuming.
