//! Two edits of the same version brought together, clause by clause.

use shared::spec::Clause;

/// What comes of two edits.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// The clauses, in my order, theirs at the end.
    pub clauses: Vec<Clause>,
    /// The keys of clauses that both edits touched in different ways. Mine is kept, unless I
    /// removed what they changed.
    pub both: Vec<String>,
}

/// Takes over what `theirs` changed since `base`, and keeps what `mine` changed.
#[must_use]
pub fn merge(base: &[Clause], mine: &[Clause], theirs: &[Clause]) -> Merged {
    let mut merged = Merged {
        clauses: Vec::new(),
        both: Vec::new(),
    };
    for clause in mine {
        let old = find(base, &clause.key);
        let kept = match (old, find(theirs, &clause.key)) {
            (Some(old), Some(new)) if clause == old => Some(new),
            (Some(old), Some(new)) => {
                if new != old && new != clause {
                    merged.both.push(clause.key.clone());
                }
                Some(clause)
            }
            (Some(old), None) => {
                if clause != old {
                    merged.both.push(clause.key.clone());
                }
                (clause != old).then_some(clause)
            }
            (None, Some(new)) => {
                if new != clause {
                    merged.both.push(clause.key.clone());
                }
                Some(clause)
            }
            (None, None) => Some(clause),
        };
        merged.clauses.extend(kept.cloned());
    }
    for clause in theirs {
        if find(mine, &clause.key).is_some() {
            continue;
        }
        match find(base, &clause.key) {
            None => merged.clauses.push(clause.clone()),
            Some(old) if old == clause => {}
            Some(_) => {
                merged.both.push(clause.key.clone());
                merged.clauses.push(clause.clone());
            }
        }
    }
    merged
}

fn find<'a>(clauses: &'a [Clause], key: &str) -> Option<&'a Clause> {
    clauses.iter().find(|clause| clause.key == key)
}

#[cfg(test)]
mod tests {
    use shared::spec::{ClauseKind, Priority};

    use super::*;

    fn clause(key: &str, text: &str) -> Clause {
        Clause {
            key: key.to_owned(),
            text: text.to_owned(),
            kind: ClauseKind::Format,
            priority: Priority::Must,
            good_examples: Vec::new(),
            bad_examples: Vec::new(),
            checks: Vec::new(),
        }
    }

    #[test]
    fn changes_of_different_clauses_are_all_kept() {
        let base = [
            clause("a", "1"),
            clause("b", "1"),
            clause("c", "1"),
            clause("d", "1"),
        ];
        let mine = [
            clause("a", "mine"),
            clause("b", "1"),
            clause("c", "1"),
            clause("e", "1"),
        ];
        let theirs = [
            clause("a", "1"),
            clause("b", "theirs"),
            clause("d", "1"),
            clause("f", "1"),
        ];
        let merged = merge(&base, &mine, &theirs);
        let expected = [
            clause("a", "mine"),
            clause("b", "theirs"),
            clause("e", "1"),
            clause("f", "1"),
        ];
        assert_eq!(merged.clauses, expected);
        assert_eq!(merged.both, Vec::<String>::new());
    }

    #[test]
    fn a_clause_that_both_changed_is_named_and_nothing_is_lost() {
        let base = [clause("a", "1"), clause("b", "1"), clause("c", "1")];
        let mine = [clause("a", "mine"), clause("c", "mine")];
        let theirs = [clause("a", "theirs"), clause("b", "theirs")];
        let merged = merge(&base, &mine, &theirs);
        let expected = [
            clause("a", "mine"),
            clause("c", "mine"),
            clause("b", "theirs"),
        ];
        assert_eq!(merged.clauses, expected);
        assert_eq!(merged.both, ["a", "c", "b"]);
    }
}
