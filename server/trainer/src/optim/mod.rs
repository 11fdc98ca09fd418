//! AdamW, clipping and learning-rate schedules.
