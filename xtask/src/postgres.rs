//! A PostgreSQL server in a temporary folder, which lives as long as the tests.
//!
//! Its data is thrown away, so it does not wait for the disk. It listens on the loopback address
//! only, on a free port, and trusts everybody there.

use std::{
    fs,
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::{
    packages::{self, Need},
    sh::{find, sh},
    wait,
};

/// What the tests on PostgreSQL need.
pub(crate) const NEED: Need = Need {
    name: "PostgreSQL",
    packages: &["postgresql"],
    is_met: || programs().is_some(),
};

/// How long the server may take to start or to stop.
const LIMIT: Duration = Duration::from_mins(1);

/// A running server; it stops when this goes.
#[derive(Debug)]
pub(crate) struct Postgres {
    server: Child,
    port: u16,
    folder: TempDir,
}

impl Postgres {
    /// Starts a server, after installing it if needed.
    pub(crate) fn start() -> Result<Self> {
        packages::ensure(&[NEED])?;
        let programs = programs().context("PostgreSQL was installed but is not found")?;
        let folder = TempDir::new()?;
        let owner = owner()?;
        if let Some((user, group)) = owner {
            chown(folder.path(), Some(user), Some(group))?;
        }
        initialise(&programs, folder.path(), owner)?;
        let port = free_port()?;
        let mut server = Self {
            server: launch(&programs, folder.path(), owner, port)?,
            port,
            folder,
        };
        server.wait_until_ready(&programs)?;
        Ok(server)
    }

    /// The address for a client.
    pub(crate) fn url(&self) -> String {
        format!("postgres://temper@127.0.0.1:{}/postgres", self.port)
    }

    fn wait_until_ready(&mut self, programs: &Path) -> Result<()> {
        let port = self.port.to_string();
        wait::until("the start of PostgreSQL", LIMIT, || {
            if let Some(status) = self.server.try_wait()? {
                let log = fs::read_to_string(self.folder.path().join("log"))?;
                bail!("PostgreSQL ended at its start ({status}):\n{log}");
            }
            let ready = sh(programs.join("pg_isready")).args(["-h", "127.0.0.1", "-p", &port]);
            Ok(ready.succeeds())
        })
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // An interrupt asks for a fast shutdown, which ends sessions and frees shared memory.
        let process = self.server.id().to_string();
        let asked = sh("kill").args(["-INT", &process]).succeeds();
        let ended = asked
            && wait::until("the end of PostgreSQL", LIMIT, || {
                Ok(self.server.try_wait()?.is_some())
            })
            .is_ok();
        if !ended {
            self.server.kill().ok();
            self.server.wait().ok();
        }
    }
}

/// User and group that the server runs as; none means those of this program.
type Owner = Option<(u32, u32)>;

/// Makes the empty cluster `data` in a folder.
fn initialise(programs: &Path, folder: &Path, owner: Owner) -> Result<()> {
    let mut command = sh(programs.join("initdb"))
        .args(["--username=temper", "--auth=trust", "--encoding=UTF8"])
        .args(["--locale=C", "--no-sync", "--pgdata=data"])
        .into_command();
    let output = own(&mut command, folder, owner).output()?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        bail!("initdb failed ({}):\n{text}", output.status);
    }
    Ok(())
}

fn launch(programs: &Path, folder: &Path, owner: Owner, port: u16) -> Result<Child> {
    let log = fs::File::create(folder.join("log"))?;
    let mut command = sh(programs.join("postgres"))
        .args(["-D", "data", "-h", "127.0.0.1", "-p", &port.to_string()])
        .arg("-k")
        .arg(folder)
        .args(["-c", "fsync=off", "-c", "full_page_writes=off"])
        .args(["-c", "synchronous_commit=off", "-c", "max_connections=300"])
        .into_command();
    let command = own(&mut command, folder, owner).stdout(log.try_clone()?);
    command
        .stderr(log)
        .spawn()
        .context("cannot start PostgreSQL")
}

/// Lets a command run in a folder as its owner.
fn own<'a>(command: &'a mut Command, folder: &Path, owner: Owner) -> &'a mut Command {
    command.current_dir(folder);
    if let Some((user, group)) = owner {
        command.gid(group).uid(user);
    }
    command
}

/// Somebody who is not root, if we are: the server refuses to run as root.
fn owner() -> Result<Owner> {
    if !packages::is_root() {
        return Ok(None);
    }
    let accounts = fs::read_to_string("/etc/passwd")?;
    let owner = ["postgres", "nobody"]
        .iter()
        .find_map(|name| account(&accounts, name));
    owner
        .map(Some)
        .context("there is no account `postgres` or `nobody` to run PostgreSQL as")
}

/// User and group of an account in the text of `/etc/passwd`.
fn account(accounts: &str, name: &str) -> Owner {
    let mut lines = accounts
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>());
    let fields = lines.find(|fields| fields.first() == Some(&name))?;
    Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}

/// The folder of the newest server's programs: Debian keeps them off the PATH.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let newest = versions
        .filter(|entry| entry.path().join("bin/initdb").is_file())
        .max_by_key(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .parse::<u32>()
                .unwrap_or(0)
        });
    newest
        .map(|entry| entry.path().join("bin"))
        .or_else(|| find("initdb")?.parent().map(Path::to_owned))
        .filter(|folder| folder.join("postgres").is_file())
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let text =
            "root:x:0:0::/root:/bin/sh\nnobody2:x:7:8::/:/bin/sh\nnobody:x:65534:65533::/:/x\n";
        assert_eq!(account(text, "nobody"), Some((65534, 65533)));
        assert_eq!(account(text, "postgres"), None);
    }
}
