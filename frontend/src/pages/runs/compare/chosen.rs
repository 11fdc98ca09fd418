//! The runs that an address names, by their numbers.

use std::fmt;

/// The most runs side by side: more lines are not told apart.
pub const MOST: usize = 6;

/// Runs in the order in which they were chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Their numbers, each once and [`MOST`] of them at most.
    pub numbers: Vec<i64>,
    /// Numbers beyond [`MOST`].
    pub beyond: Vec<i64>,
    /// Words that are no numbers of runs.
    pub unread: Vec<String>,
}

impl Chosen {
    /// The runs of a text such as `3,5,8`.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let mut chosen = Self::default();
        let words = text.split(',').map(str::trim);
        for word in words.filter(|word| !word.is_empty()) {
            match word.parse::<i64>() {
                Ok(number) if number > 0 => chosen.add(number),
                _ => chosen.unread.push(word.to_owned()),
            }
        }
        chosen
    }

    fn add(&mut self, number: i64) {
        if self.has(number) || self.beyond.contains(&number) {
            return;
        }
        if self.is_full() {
            self.beyond.push(number);
        } else {
            self.numbers.push(number);
        }
    }

    /// Whether a run is among them.
    #[must_use]
    pub fn has(&self, number: i64) -> bool {
        self.numbers.contains(&number)
    }

    /// Whether no further run has a place.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.numbers.len() >= MOST
    }

    /// The same with a run that was not among them, or without one that was.
    #[must_use]
    pub fn toggled(&self, number: i64) -> Self {
        let mut chosen = Self {
            numbers: self.numbers.clone(),
            ..Self::default()
        };
        if chosen.has(number) {
            chosen.numbers.retain(|one| *one != number);
        } else {
            chosen.add(number);
        }
        chosen
    }
}

/// As the address has them.
impl fmt::Display for Chosen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&listed(&self.numbers, ","))
    }
}

/// Numbers with something between them.
#[must_use]
pub fn listed(numbers: &[i64], between: &str) -> String {
    let texts: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    texts.join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_written() {
        let chosen = Chosen::from_text("3, 5,8");
        assert_eq!(chosen.numbers, [3, 5, 8]);
        assert_eq!(chosen.to_string(), "3,5,8");
        assert_eq!(Chosen::from_text(&chosen.to_string()), chosen);
        assert_eq!(Chosen::from_text(""), Chosen::default());
    }

    #[test]
    fn what_is_no_run_is_kept_apart() {
        let chosen = Chosen::from_text("3,x,0,-1,3,,99999999999999999999");
        assert_eq!(chosen.numbers, [3]);
        assert_eq!(chosen.unread, ["x", "0", "-1", "99999999999999999999"]);
    }

    #[test]
    fn more_than_fit_are_named() {
        let chosen = Chosen::from_text("1,2,3,4,5,6,7,1,7,8");
        assert_eq!(chosen.numbers, [1, 2, 3, 4, 5, 6]);
        assert_eq!(chosen.beyond, [7, 8]);
        assert!(chosen.is_full());
    }

    #[test]
    fn a_tick_adds_a_run_and_takes_it_out() {
        let two = Chosen::from_text("3,x,5");
        assert_eq!(two.toggled(8).to_string(), "3,5,8");
        assert_eq!(two.toggled(3).to_string(), "5");
        let full = Chosen::from_text("1,2,3,4,5,6");
        assert_eq!(full.toggled(7).numbers, full.numbers);
    }
}
