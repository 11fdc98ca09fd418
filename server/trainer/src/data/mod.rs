//! Rows, chat template, tokens with their loss mask, and the order of batches.
