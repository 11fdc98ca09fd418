//! Which rows of a batch see which: sequences that lie one after another, and beginnings that
//! several of them share.

use std::ops::Range;

use candle_core::{Result, bail};

/// Rows that lie one after another. Each of them sees itself, those before it in the segment, and
/// all rows of the segments above.
///
/// A sequence is a segment without a parent. Sequences that begin alike are segments below the one
/// that holds their beginning, so that it is computed once: its rows come to the same result
/// whatever follows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The first row.
    pub start: usize,
    /// Behind the last row.
    pub end: usize,
    /// The number of the segment above, which stands earlier in the list.
    pub parent: Option<usize>,
}

impl Segment {
    /// The number of its rows.
    pub const fn rows(self) -> usize {
        self.end - self.start
    }
}

/// What the rows of one segment look at.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    /// The segment's own rows.
    pub(super) own: Range<usize>,
    /// The rows of the segments above it, from the outermost on.
    pub(super) above: Vec<Range<usize>>,
    /// The number of all rows above.
    pub(super) height: usize,
}

impl Sight {
    /// What the rows of `segments[number]` look at.
    pub(super) fn new(segments: &[Segment], number: usize) -> Self {
        let own = segments[number];
        let parents = std::iter::successors(own.parent, |number| segments[*number].parent);
        let mut above: Vec<_> = parents
            .map(|number| segments[number].start..segments[number].end)
            .collect();
        above.reverse();
        Self {
            own: own.start..own.end,
            height: above.iter().map(ExactSizeIterator::len).sum(),
            above,
        }
    }

    /// The rows that a block of own rows ending at `last` looks at, in order, those of the first
    /// `hidden` positions left out; rows that lie next to each other are one range.
    pub(super) fn ranges(&self, mut hidden: usize, last: usize) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = Vec::with_capacity(self.above.len() + 1);
        let own = self.own.start..last;
        for rows in self.above.iter().chain(std::iter::once(&own)) {
            let left_out = hidden.min(rows.len());
            hidden -= left_out;
            let rows = rows.start + left_out..rows.end;
            match ranges.last_mut() {
                _ if rows.is_empty() => {}
                Some(before) if before.end == rows.start => before.end = rows.end,
                _ => ranges.push(rows),
            }
        }
        ranges
    }
}

/// Refuses segments that do not cover the rows in order, or whose parents come after them.
pub(super) fn check(segments: &[Segment], rows: usize) -> Result<()> {
    let mut next = 0;
    for (number, segment) in segments.iter().enumerate() {
        let below = segment.parent.is_none_or(|parent| parent < number);
        if segment.start != next || segment.end < segment.start || !below {
            bail!("segment {number}, {segment:?}, is not in order");
        }
        next = segment.end;
    }
    if next != rows {
        bail!("segments end at {next} where there are {rows} rows");
    }
    Ok(())
}

/// Segments that have rows with the heads of an attention layer, those with the most work first.
pub(super) fn tasks(segments: &[Segment], heads: usize) -> Vec<(Sight, usize)> {
    let numbers = (0..segments.len()).filter(|number| segments[*number].rows() > 0);
    let mut sights: Vec<_> = numbers.map(|number| Sight::new(segments, number)).collect();
    let work = |sight: &Sight| sight.own.len() * (2 * sight.height + sight.own.len());
    sights.sort_by_key(|sight| std::cmp::Reverse(work(sight)));
    let each = sights.into_iter();
    each.flat_map(|sight| (0..heads).map(move |head| (sight.clone(), head)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: [Segment; 4] = [
        Segment {
            start: 0,
            end: 5,
            parent: None,
        },
        Segment {
            start: 5,
            end: 8,
            parent: Some(0),
        },
        Segment {
            start: 8,
            end: 9,
            parent: Some(1),
        },
        Segment {
            start: 9,
            end: 12,
            parent: Some(0),
        },
    ];

    #[test]
    fn rows_see_what_is_above_them() {
        let sight = Sight::new(&TREE, 3);
        assert_eq!(sight.height, 5);
        assert_eq!(sight.ranges(0, 11), [0..5, 9..11]);
        assert_eq!(sight.ranges(3, 11), [3..5, 9..11]);
        for (hidden, expected) in [(0, 0..9), (5, 5..9), (7, 7..9)] {
            let ranges = Sight::new(&TREE, 2).ranges(hidden, 9);
            assert_eq!(ranges, std::slice::from_ref(&expected));
        }
        assert_eq!(tasks(&TREE, 2).len(), 8);
    }

    #[test]
    fn segments_out_of_order_are_refused() {
        assert!(check(&TREE, 12).is_ok());
        assert!(check(&TREE, 13).is_err());
        assert!(check(&TREE[1..], 12).is_err());
        let mut tree = TREE;
        tree[1].parent = Some(2);
        assert!(check(&tree, 12).is_err());
    }
}
