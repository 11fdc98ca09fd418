//! Running programs: each is printed before it runs, and a failure names the command and how to go
//! on.

use std::{
    ffi::{OsStr, OsString},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

/// A program to run.
#[derive(Debug)]
pub(crate) struct Sh {
    command: Command,
    hint: Option<String>,
}

/// A program by its name on the PATH, or by its path.
pub(crate) fn sh(program: impl AsRef<OsStr>) -> Sh {
    Sh {
        command: Command::new(program),
        hint: None,
    }
}

/// The cargo that runs this program, with the repository as its folder.
pub(crate) fn cargo() -> Sh {
    sh(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())).folder(crate::workspace::root())
}

impl Sh {
    /// Adds an argument.
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    pub(crate) fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets a variable of the environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets variables of the environment.
    pub(crate) fn envs<'a>(
        mut self,
        variables: impl IntoIterator<Item = &'a (String, OsString)>,
    ) -> Self {
        self.command
            .envs(variables.into_iter().map(|(name, value)| (name, value)));
        self
    }

    /// Takes a variable out of the environment.
    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Runs the program in a folder.
    pub(crate) fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// What a person can do when it fails.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Runs the program with its output on the console.
    pub(crate) fn run(mut self) -> Result<()> {
        println!("$ {}", self.line());
        let status = self.command.status();
        let status = status.with_context(|| self.explain("cannot be started"))?;
        if !status.success() {
            bail!(self.explain(&format!("failed ({status})")));
        }
        Ok(())
    }

    /// Becomes the program, so that signals reach it and nothing else; returns only if it cannot
    /// be started.
    pub(crate) fn exec(mut self) -> Result<()> {
        println!("$ {}", self.line());
        let error = self.command.exec();
        Err(error).with_context(|| self.explain("cannot be started"))
    }

    /// Runs the program and answers what it prints, without the last line break.
    pub(crate) fn read(mut self) -> Result<String> {
        let output = self.command.stderr(Stdio::inherit()).output();
        let output = output.with_context(|| self.explain("cannot be started"))?;
        if !output.status.success() {
            bail!(self.explain(&format!("failed ({})", output.status)));
        }
        Ok(String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned())
    }

    /// Whether the program can be started and succeeds; it prints nothing.
    pub(crate) fn succeeds(mut self) -> bool {
        self.command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    /// The command, for those who need more of it.
    pub(crate) fn into_command(self) -> Command {
        self.command
    }

    /// The command as a person would type it.
    pub(crate) fn line(&self) -> String {
        let program = self.command.get_program();
        let is_cargo = Path::new(program).ends_with("bin/cargo");
        let program = if is_cargo {
            OsStr::new("cargo")
        } else {
            program
        };
        let mut line = program.to_string_lossy().into_owned();
        for argument in self.command.get_args() {
            line.push(' ');
            line.push_str(&argument.to_string_lossy());
        }
        line
    }

    fn explain(&self, what: &str) -> String {
        let hint = self.hint.as_ref().map(|hint| format!("\n{hint}"));
        format!("`{}` {what}{}", self.line(), hint.unwrap_or_default())
    }
}

/// Finds a program on the PATH.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_and_how_to_go_on() {
        let error = sh("false").arg("now").hint("Try true.").run().unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("`false now` failed"), "{text}");
        assert!(text.ends_with("\nTry true."), "{text}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = sh("no-such-program-here").read().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`no-such-program-here` cannot be started"
        );
        assert!(!sh("no-such-program-here").succeeds());
    }

    #[test]
    fn output_comes_back_without_its_last_line_break() {
        assert_eq!(sh("echo").args(["a", "b"]).read().unwrap(), "a b");
    }
}
