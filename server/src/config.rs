//! What the operator decides, from flags and environment.

use std::{fmt, net::SocketAddr, path::PathBuf};

use clap::Args;

/// Where Temper keeps its records and files.
#[derive(Args, Clone, Debug)]
pub struct DataConfig {
    /// The folder of everything Temper keeps: database, models, runs, uploads.
    #[arg(long, env = "TEMPER_DATA_DIR", default_value = "data")]
    pub data_dir: PathBuf,
    /// The database: `postgres://...`, or `sqlite:PATH`. By default a file in the data folder.
    #[arg(long, env = "TEMPER_DATABASE_URL")]
    pub database_url: Option<String>,
}

/// A secret that does not show in logs.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The secret.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self(secret)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

/// Where base models are downloaded from.
#[derive(Args, Clone, Debug)]
pub struct HubConfig {
    /// The address of the hub, or of a mirror of it.
    #[arg(long, env = "HF_ENDPOINT", default_value = "https://huggingface.co")]
    pub hf_endpoint: String,
    /// A token of the hub, which gated and private repositories need; better given by the
    /// environment, as others can see the command line.
    #[arg(long, env = "HF_TOKEN", hide_env_values = true)]
    pub hf_token: Option<Secret>,
}

/// How the server listens and behaves.
#[derive(Args, Clone, Debug)]
pub struct ServeConfig {
    /// Records and files.
    #[command(flatten)]
    pub data: DataConfig,
    /// Downloads of base models.
    #[command(flatten)]
    pub hub: HubConfig,
    /// Download no base models: the server then asks nothing of other machines, and models are
    /// registered from its own folder only.
    #[arg(long, env = "TEMPER_FORBID_DOWNLOADS")]
    pub forbid_downloads: bool,
    /// The address and port to listen on.
    #[arg(long, env = "TEMPER_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The folder of the built frontend.
    #[arg(long, env = "TEMPER_ASSETS", default_value = "target/frontend")]
    pub assets: PathBuf,
    /// The header in which a reverse proxy of yours names the client's address, such as
    /// `x-forwarded-for`. Without it the address of the connection counts. Set it only behind a
    /// proxy that overwrites or appends to it: its last entry is believed.
    #[arg(long, env = "TEMPER_CLIENT_ADDRESS_HEADER")]
    pub client_address_header: Option<String>,
    /// Mark cookies as Secure, so that browsers send them over HTTPS only.
    #[arg(long, env = "TEMPER_SECURE_COOKIES")]
    pub secure_cookies: bool,
    /// The most bytes of a file that is uploaded for an import.
    #[arg(long, env = "TEMPER_MAX_UPLOAD_BYTES", default_value_t = 2 << 30)]
    pub max_upload_bytes: u64,
    /// How many background jobs run at the same time.
    #[arg(long, env = "TEMPER_RUNNERS", default_value_t = 1)]
    pub runners: usize,
    /// After how many seconds without a sign of life a runner's job is given to another one: what a
    /// crash costs until its work goes on.
    #[arg(long, env = "TEMPER_LEASE_SECONDS", default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(1..))]
    pub lease_seconds: u64,
}

impl DataConfig {
    /// The address of the database.
    #[must_use]
    pub fn database_url(&self) -> String {
        self.database_url
            .clone()
            .unwrap_or_else(|| format!("sqlite:{}", self.data_dir.join("temper.db").display()))
    }
}
