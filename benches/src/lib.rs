//! What the measurements share: a server in a folder, the process's memory, and how an answer is
//! told.

use std::path::Path;

use anyhow::Context as _;
use server::config::{DataConfig, HubConfig, ServeConfig};

/// A server on a free port that keeps its files in a folder.
#[must_use]
pub fn serve_config(folder: &Path, database: &str) -> ServeConfig {
    ServeConfig {
        data: DataConfig {
            data_dir: folder.to_owned(),
            database_url: Some(database.to_owned()),
        },
        hub: HubConfig {
            hf_endpoint: String::new(),
            hf_token: None,
        },
        forbid_downloads: true,
        listen: ([127, 0, 0, 1], 0).into(),
        assets: folder.to_owned(),
        client_address_header: None,
        secure_cookies: false,
        max_upload_bytes: u64::MAX,
        runners: 1,
        lease_seconds: 30,
    }
}

/// A figure of the process's memory in MiB, by its name in `/proc/self/status`: `VmRSS` is what it
/// has now, `VmHWM` the most that it has had.
pub fn mebibytes(name: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let text = line.context("the system does not say")?;
    let text = text.trim_start_matches(':').trim_end_matches(" kB").trim();
    Ok(text.parse::<u64>()? >> 10)
}

/// Tells an answer.
#[expect(clippy::print_stdout, reason = "what a bench is for")]
pub fn say(line: &str) {
    println!("{line}");
}
