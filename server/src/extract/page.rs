//! The parameters of lists that come in pages.

use serde::Deserialize;
use shared::page::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE};
use utoipa::IntoParams;
use uuid::Uuid;

/// Which page of a list.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The cursor that the previous page ended with.
    pub after: Option<Uuid>,
    /// How many rows, at most 200.
    pub limit: Option<u32>,
}

impl PageQuery {
    /// How many rows the page holds.
    #[must_use]
    pub fn limit(&self) -> u32 {
        self.limit
            .unwrap_or(DEFAULT_PAGE_SIZE)
            .clamp(1, MAX_PAGE_SIZE)
    }

    /// How many rows to ask for: one more, to see whether another page follows.
    #[must_use]
    pub fn probe(&self) -> u32 {
        self.limit() + 1
    }
}

/// Cuts the row that was asked for in excess, and answers the cursor of the next page.
pub fn next_cursor<T>(rows: &mut Vec<T>, limit: u32, id: impl Fn(&T) -> Uuid) -> Option<String> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if rows.len() <= limit {
        return None;
    }
    rows.truncate(limit);
    rows.last().map(|row| id(row).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_given_only_where_another_page_follows() {
        let mut rows: Vec<u128> = (1..=3).collect();
        let next = next_cursor(&mut rows, 2, |row| Uuid::from_u128(*row));
        assert_eq!(
            (rows.len(), next),
            (2, Some(Uuid::from_u128(2).to_string()))
        );
        assert_eq!(next_cursor(&mut rows, 2, |row| Uuid::from_u128(*row)), None);
    }
}
