//! What the walk measured, as a table for people.

use std::{
    fs::{File, OpenOptions, create_dir_all},
    io::Write as _,
    path::Path,
    time::Instant,
};

use shared::report::PairedDifference;

/// The table, written line by line.
#[derive(Debug)]
pub(super) struct Figures {
    file: File,
    start: Instant,
}

impl Figures {
    /// Begins the table anew, in a file of `target`.
    pub(super) fn start(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
        create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        println!("The figures are written to {}.", path.display());
        let mut options = OpenOptions::new();
        let file = options.create(true).write(true).truncate(true).open(path);
        let mut figures = Self {
            file: file.unwrap(),
            start: Instant::now(),
        };
        figures.line("| minute | what | figure |\n| --- | --- | --- |");
        figures
    }

    /// Adds a figure.
    pub(super) fn tell(&mut self, what: &str, figure: &str) {
        let minute = self.start.elapsed().as_secs_f64() / 60.0;
        self.line(&format!("| {minute:.1} | {what} | {figure} |"));
    }

    fn line(&mut self, line: &str) {
        writeln!(self.file, "{line}").unwrap();
        println!("{line}");
    }
}

/// A difference in points, with its interval.
pub(super) fn signed(difference: &PairedDifference) -> String {
    let PairedDifference {
        estimate,
        lower,
        upper,
        ..
    } = difference;
    let [estimate, lower, upper] = [estimate, lower, upper].map(|share| share * 100.0);
    format!("{estimate:+.1} points, {lower:+.1} to {upper:+.1}")
}
