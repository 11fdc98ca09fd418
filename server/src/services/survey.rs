//! One pass over the rows of a list: their hash, their prompts, and what there is of which kind.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use sha2::{Digest, Sha256};
use shared::{
    coverage::Coverage,
    dataset::{ClauseCount, CoverageCount, KindCount, RowCounts, RowKind, Split},
};
use store::{
    StoreError, Tx,
    row_lists::{self, RowListId},
    segment_rows::{self, RowHead},
};

use crate::services::{row_batches::count, split::Arc};

/// Segments that one query lists.
const SEGMENTS_AT_ONCE: i64 = 100;

/// What rows are counted by.
type Group = (RowKind, Coverage, Vec<String>);

/// What one pass over the rows of a list has found: some twenty bytes a row.
#[derive(Debug, Default)]
pub struct Survey {
    /// The keys of the prompts, in the order of the rows.
    pub prompt_keys: Vec<i64>,
    /// The group of each row.
    groups_of_rows: Vec<u32>,
    groups: HashMap<Group, u32>,
    /// The first bytes of the hashes, to count what stands twice.
    hashes: Vec<u64>,
    digest: Sha256,
}

impl Survey {
    /// Looks at every row of a list.
    pub async fn of(tx: &mut Tx, list: RowListId) -> Result<Self, StoreError> {
        let mut survey = Self::default();
        let mut number = 0;
        loop {
            let segments = row_lists::segments_from(tx, list, number, SEGMENTS_AT_ONCE).await?;
            let Some(end) = segments.last() else {
                return Ok(survey);
            };
            number = end.number + 1;
            for segment in &segments {
                for row in segment_rows::list_heads(tx, segment.segment).await? {
                    survey.add(row)?;
                }
            }
        }
    }

    fn add(&mut self, row: RowHead) -> Result<(), StoreError> {
        let attributes = row.attributes;
        // An export may write the data in another order.
        let data: BTreeMap<&String, &Value> = attributes.data.iter().collect();
        let said = (row.coverage, &attributes.tags, &attributes.clauses, data);
        let said = serde_json::to_vec(&said).map_err(StoreError::corrupt)?;
        self.digest.update(row.hash);
        self.digest.update(Sha256::digest(said));
        let mut first = [0; 8];
        first.copy_from_slice(&row.hash[..8]);
        self.hashes.push(u64::from_be_bytes(first));
        self.prompt_keys.push(row.prompt_key);
        let next = u32::try_from(self.groups.len()).map_err(StoreError::corrupt)?;
        let group = (row.kind, row.coverage, attributes.clauses);
        self.groups_of_rows
            .push(*self.groups.entry(group).or_insert(next));
        Ok(())
    }

    /// The hash of the rows in their order, what is said of each, and how they are split. Where a
    /// row comes from is no part of it.
    #[must_use]
    pub fn content_hash(&self, arc: Arc) -> [u8; 32] {
        let mut digest = self.digest.clone();
        digest.update(arc.start.to_be_bytes());
        digest.update(arc.length.to_be_bytes());
        digest.finalize().into()
    }

    /// Counts the rows by what they are and by the side on which they are.
    #[must_use]
    pub fn count(mut self, arc: Arc) -> RowCounts {
        let mut sides = vec![Sides::default(); self.groups.len()];
        for (key, group) in self.prompt_keys.iter().zip(&self.groups_of_rows) {
            sides[*group as usize].add(arc.side(*key), 1);
        }
        let mut kinds: BTreeMap<RowKind, i64> = BTreeMap::new();
        let mut coverages: BTreeMap<Coverage, Sides> = BTreeMap::new();
        let mut clauses: BTreeMap<String, BTreeMap<Coverage, Sides>> = BTreeMap::new();
        for ((kind, coverage, cited), group) in std::mem::take(&mut self.groups) {
            let sides = sides[group as usize];
            *kinds.entry(kind).or_default() += sides.train + sides.validation;
            coverages.entry(coverage).or_default().add_all(sides);
            for clause in cited {
                clauses
                    .entry(clause)
                    .or_default()
                    .entry(coverage)
                    .or_default()
                    .add_all(sides);
            }
        }
        let total = coverages
            .values()
            .fold(Sides::default(), |mut total, sides| {
                total.add_all(*sides);
                total
            });
        RowCounts {
            rows: total.train + total.validation,
            train: total.train,
            validation: total.validation,
            duplicates: self.count_duplicates(),
            by_kind: kinds
                .into_iter()
                .map(|(kind, rows)| KindCount { kind, rows })
                .collect(),
            by_coverage: Coverage::ALL
                .iter()
                .map(|one| coverages.get(one).copied().unwrap_or_default().of(*one))
                .collect(),
            by_clause: clauses
                .into_iter()
                .map(|(clause, counts)| ClauseCount {
                    clause,
                    by_coverage: counts
                        .into_iter()
                        .map(|(one, sides)| sides.of(one))
                        .collect(),
                })
                .collect(),
        }
    }

    fn count_duplicates(&mut self) -> i64 {
        self.hashes.sort_unstable();
        let all = self.hashes.len();
        self.hashes.dedup();
        count(all - self.hashes.len())
    }
}

/// Rows on each side of the split.
#[derive(Clone, Copy, Debug, Default)]
struct Sides {
    train: i64,
    validation: i64,
}

impl Sides {
    const fn add(&mut self, side: Split, rows: i64) {
        match side {
            Split::Train => self.train += rows,
            Split::Validation => self.validation += rows,
        }
    }

    const fn add_all(&mut self, other: Self) {
        self.train += other.train;
        self.validation += other.validation;
    }

    const fn of(self, coverage: Coverage) -> CoverageCount {
        CoverageCount {
            coverage,
            train: self.train,
            validation: self.validation,
        }
    }
}
