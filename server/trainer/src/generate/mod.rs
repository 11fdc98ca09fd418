//! Batched sampling with a key-value cache.
