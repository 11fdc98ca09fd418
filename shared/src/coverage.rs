//! What kind of case a training row or a held-out item is.

text_enum! {
    /// What kind of case a training row or a held-out item is.
    pub enum Coverage {
        /// What most requests look like.
        Typical = "typical",
        /// Rare, short, long, messy or ambiguous.
        Edge = "edge",
        /// Somebody tries to make the model misbehave.
        Adversarial = "adversarial",
        /// The behaviour must not show: nothing to extract, nothing to do.
        Negative = "negative",
    }
}
