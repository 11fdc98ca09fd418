//! Rows as tokens, with a mask of what is learned.

/// One row as the model sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenizedRow {
    /// The tokens, prompt and completion.
    pub tokens: Vec<u32>,
    /// For each token whether the loss counts it as a label; as long as `tokens`.
    pub loss_mask: Vec<bool>,
}

/// A prompt with a better and a worse response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenizedPair {
    /// The prompt and the better response.
    pub chosen: TokenizedRow,
    /// The prompt and the worse response.
    pub rejected: TokenizedRow,
}
