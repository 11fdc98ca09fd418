//! Lists that come in pages.

use serde::{Deserialize, Serialize};

/// The most rows that one page may hold.
pub const MAX_PAGE_SIZE: u32 = 200;

/// The rows of a page when the request does not say.
pub const DEFAULT_PAGE_SIZE: u32 = 50;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// The rows, in the list's order.
    pub items: Vec<T>,
    /// The cursor of the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
