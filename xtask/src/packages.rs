//! What Temper's tests need of the machine, and Debian's packages that have it.
//!
//! As root on Debian what is missing is installed; elsewhere the error names it and says how.

use std::os::unix::fs::MetadataExt as _;

use anyhow::{Result, bail};
use clap::Args;

use crate::{browser, model, postgres, sh, toolchain};

/// Something that a machine may lack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    /// What it is, as a person would call it.
    pub(crate) name: &'static str,
    /// Debian's packages.
    pub(crate) packages: &'static [&'static str],
    /// Whether the machine has it.
    pub(crate) is_met: fn() -> bool,
}

/// Options of `cargo xtask setup`.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
}

/// What can be done about needs that are not met.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    Nothing,
    Install(Vec<&'static str>),
    Tell(String),
}

/// Gets everything that demo and tests need, except what cargo builds.
pub(crate) fn setup(options: &Options) -> Result<()> {
    let needs = [postgres::NEED, browser::NEED];
    for need in needs {
        let state = if (need.is_met)() { "there" } else { "missing" };
        println!("{}: {state}", need.name);
    }
    println!("compiler for WebAssembly: {}", toolchain::describe());
    if options.dry_run {
        match plan(&needs, is_root() && sh::find("apt-get").is_some()) {
            Plan::Nothing => println!("Nothing to install."),
            Plan::Install(packages) => println!("Would install: {}", packages.join(" ")),
            Plan::Tell(text) => println!("{text}"),
        }
        return Ok(());
    }
    ensure(&needs)?;
    toolchain::prepare()?;
    model::fetch()?;
    Ok(())
}

/// Installs what is missing, or fails with what to do.
pub(crate) fn ensure(needs: &[Need]) -> Result<()> {
    match plan(needs, is_root() && sh::find("apt-get").is_some()) {
        Plan::Nothing => Ok(()),
        Plan::Install(packages) => install(&packages),
        Plan::Tell(text) => bail!(text),
    }
}

fn install(packages: &[&str]) -> Result<()> {
    sh::sh("apt-get").args(["update", "--quiet"]).run()?;
    sh::sh("apt-get")
        .args(["install", "--quiet", "--yes", "--no-install-recommends"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .hint("Install these packages by hand, then run the command again.")
        .run()
}

fn plan(needs: &[Need], can_install: bool) -> Plan {
    let missing: Vec<&Need> = needs.iter().filter(|need| !(need.is_met)()).collect();
    let packages: Vec<&str> = missing
        .iter()
        .flat_map(|need| need.packages.iter().copied())
        .collect();
    if missing.is_empty() {
        Plan::Nothing
    } else if can_install {
        Plan::Install(packages)
    } else {
        let names: Vec<&str> = missing.iter().map(|need| need.name).collect();
        Plan::Tell(format!(
            "missing on this machine: {}. On Debian or Ubuntu:\n    sudo apt-get install {}\n\
             On other systems install the same programs and put them on the PATH.",
            names.join(", "),
            packages.join(" ")
        ))
    }
}

/// Whether this program runs as root.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MET: Need = Need {
        name: "a shell",
        packages: &["dash"],
        is_met: || true,
    };
    const MISSING: Need = Need {
        name: "a loom",
        packages: &["loom", "loom-thread"],
        is_met: || false,
    };

    #[test]
    fn only_what_is_missing_is_installed() {
        assert_eq!(plan(&[MET], true), Plan::Nothing);
        let expected = Plan::Install(vec!["loom", "loom-thread"]);
        assert_eq!(plan(&[MET, MISSING], true), expected);
    }

    #[test]
    fn who_may_not_install_is_told_what_to_install() {
        let Plan::Tell(text) = plan(&[MET, MISSING], false) else {
            panic!("nothing is told");
        };
        assert!(text.contains("missing on this machine: a loom."), "{text}");
        assert!(
            text.contains("apt-get install loom loom-thread\n"),
            "{text}"
        );
    }
}
