//! Chromedriver as a child process, on a free port that it chooses itself.

use std::{path::PathBuf, process::Stdio, time::Duration};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// How long the driver may take to start.
const LIMIT: Duration = Duration::from_secs(30);

/// Flags that keep Chromium to itself: no window, no network of its own, no first-run pages.
const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
];

/// The browser and its driver.
#[derive(Debug)]
pub(super) struct Programs {
    chromedriver: PathBuf,
    chromium: PathBuf,
}

impl Programs {
    /// The programs that the environment names, unless the test is to be skipped.
    pub(super) fn from_environment() -> Option<Self> {
        let path = |name| std::env::var_os(name).map(PathBuf::from);
        let found = path("TEST_CHROMEDRIVER").zip(path("TEST_CHROMIUM"));
        if found.is_none() {
            let needed = std::env::var_os("TEST_REQUIRE_BROWSER").is_some();
            assert!(
                !needed,
                "TEST_CHROMEDRIVER and TEST_CHROMIUM must name a browser"
            );
            eprintln!("skipped: TEST_CHROMEDRIVER and TEST_CHROMIUM name no browser");
        }
        found.map(|(chromedriver, chromium)| Self {
            chromedriver,
            chromium,
        })
    }
}

/// A running driver; it goes with this.
#[derive(Debug)]
pub(super) struct Driver {
    _process: Child,
    port: u16,
    profile: TempDir,
    chromium: PathBuf,
}

impl Driver {
    pub(super) async fn start(programs: &Programs) -> Self {
        let mut process = Command::new(&programs.chromedriver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let output = process.stdout.take().unwrap();
        let port = timeout(LIMIT, announced_port(output)).await;
        Self {
            _process: process,
            port: port.expect("chromedriver did not start in time"),
            profile: TempDir::new().unwrap(),
            chromium: programs.chromium.clone(),
        }
    }

    /// Opens a browser with an empty profile.
    pub(super) async fn open_browser(&self) -> Client {
        let address = format!("http://127.0.0.1:{}", self.port);
        let Value::Object(capabilities) = self.capabilities() else {
            unreachable!("the capabilities are an object");
        };
        ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&address)
            .await
            .expect("chromedriver opens no browser")
    }

    fn capabilities(&self) -> Value {
        let profile = format!("--user-data-dir={}", self.profile.path().display());
        let flags: Vec<&str> = FLAGS.into_iter().chain([profile.as_str()]).collect();
        json!({
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": self.chromium, "args": flags },
            "goog:loggingPrefs": { "browser": "ALL" },
        })
    }
}

/// Reads the port from the driver's first lines, and lets the others pass.
async fn announced_port(output: impl AsyncRead + Send + Unpin + 'static) -> u16 {
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        let port = line.split("successfully on port ").nth(1);
        let port = port.and_then(|rest| rest.trim_end_matches('.').parse().ok());
        if let Some(port) = port {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return port;
        }
    }
    panic!("chromedriver ended without naming its port");
}
