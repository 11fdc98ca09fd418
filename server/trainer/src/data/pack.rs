//! Short rows put together into full places of a batch.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};

/// Best fit decreasing: each row, from the longest to the shortest, goes into the pack with the
/// least room that still holds it (Ding et al. 2024). Gives for each pack the numbers of its rows.
///
/// Packs and their order are those of TRL 1.16's strategy `bfd`, which packs a thousand rows at a
/// time; here all rows are packed at once, which fills them better. `lengths` are from 1 to
/// `capacity`. Takes O(n log n).
pub fn best_fit(lengths: &[usize], capacity: usize) -> Vec<Vec<usize>> {
    let mut longest_first: Vec<usize> = (0..lengths.len()).collect();
    longest_first.sort_by_key(|row| Reverse(lengths[*row]));
    let mut packs: Vec<Vec<usize>> = Vec::new();
    // The packs with so much room, the first that came to it first.
    let mut with_room: BTreeMap<usize, VecDeque<usize>> = BTreeMap::new();
    for row in longest_first {
        let length = lengths[row];
        let fits = with_room.range_mut(length..).next();
        let found = fits.and_then(|(room, packs)| Some((*room, packs.pop_front()?)));
        let (room, pack) = found.unwrap_or_else(|| {
            packs.push(Vec::new());
            (capacity, packs.len() - 1)
        });
        if with_room.get(&room).is_some_and(VecDeque::is_empty) {
            with_room.remove(&room);
        }
        packs[pack].push(row);
        if room > length {
            with_room.entry(room - length).or_default().push_back(pack);
        }
    }
    packs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_goes_where_the_least_room_is_left() {
        // 6 and 5 open packs of 10, 4 fills the first, 3 fits the second and leaves 2.
        let packs = best_fit(&[3, 6, 5, 4, 2, 1], 10);
        assert_eq!(packs, [vec![1, 3], vec![2, 0, 4], vec![5]]);
        assert!(best_fit(&[], 10).is_empty());
    }

    #[test]
    fn every_row_is_in_one_pack_and_none_is_too_full() {
        let lengths: Vec<usize> = (0..500).map(|at| at * at % 97 + 1).collect();
        let packs = best_fit(&lengths, 128);
        let mut rows = packs.concat();
        rows.sort_unstable();
        assert_eq!(rows, (0..500).collect::<Vec<_>>());
        let full = |pack: &Vec<usize>| pack.iter().map(|row| lengths[*row]).sum::<usize>();
        assert!(packs.iter().all(|pack| full(pack) <= 128));
        // The tokens alone need almost as many.
        let least = lengths.iter().sum::<usize>().div_ceil(128);
        assert!(packs.len() <= least + 1, "{} of {least}", packs.len());
    }
}
