//! The real program as a child process, and a client that talks to it.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use axum::http::{Method, Request, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};

/// A small Llama in the form of a Hugging Face folder.
const TINY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/trainer/tests/reference/fixtures/tiny-llama"
);

const EMAIL: &str = "admin@example.com";
const PASSWORD: &str = "correct horse battery";

/// Puts the small model into the folder of models.
pub(crate) fn bring_model(data_dir: &Path) {
    let folder = data_dir.join("models/tiny");
    fs::create_dir_all(&folder).unwrap();
    for entry in fs::read_dir(TINY).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// `temper serve` on a data folder.
pub(crate) struct Program {
    data_dir: PathBuf,
    child: Child,
    address: String,
    code: Option<String>,
    client: Client<HttpConnector, Full<Bytes>>,
    cookie: String,
}

impl Program {
    /// Starts the program and reads from its first lines where it is.
    pub(crate) fn start(data_dir: &Path) -> Self {
        let (child, address, code) = launch(data_dir);
        Self {
            data_dir: data_dir.to_owned(),
            child,
            address,
            code,
            client: Client::builder(TokioExecutor::new()).build_http(),
            cookie: String::new(),
        }
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Ends the program as a power cut would: with SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn restart(&mut self) {
        (self.child, self.address, self.code) = launch(&self.data_dir);
    }

    /// Makes the first account.
    pub(crate) async fn set_up(&mut self) {
        let code = self.code.take().expect("the program prints a code");
        let body = json!({ "code": code, "name": "Ada", "email": EMAIL, "password": PASSWORD });
        self.post("/api/setup", &body).await;
    }

    pub(crate) async fn sign_in(&mut self) {
        let body = json!({ "email": EMAIL, "password": PASSWORD });
        self.post("/api/session", &body).await;
    }

    pub(crate) async fn get(&mut self, path: &str) -> Value {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Value {
        self.send(Method::POST, path, Some(body)).await
    }

    /// Asks until the answer is as wanted, and fails after two minutes.
    pub(crate) async fn wait_for(&mut self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut seen = Value::Null;
        for _ in 0..6000 {
            seen = self.get(path).await;
            if wanted(&seen) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("never as wanted: {seen}");
    }

    async fn send(&mut self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/json");
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = request.body(Full::from(body)).unwrap();
        let response = self.client.request(request).await.unwrap();
        if let Some(cookie) = response.headers().get(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            pair.clone_into(&mut self.cookie);
        }
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let answer = String::from_utf8_lossy(&bytes);
        assert!(status.is_success(), "{path}: {status} {answer}");
        serde_json::from_str(&answer).unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have been killed already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Starts the program on any port, and answers its address and the code of the set-up page.
fn launch(data_dir: &Path) -> (Child, String, Option<String>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_temper"))
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--lease-seconds",
            "2",
            "--data-dir",
        ])
        .arg(data_dir)
        .env("RUST_LOG", "warn")
        .env_remove("TEMPER_DATABASE_URL")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut address = String::new();
    // The log stands on the same stream in some forms; the first two lines of ours are enough.
    for line in lines.by_ref() {
        let line = line.unwrap();
        if let Some((_, found)) = line.split_once("Temper is at http://") {
            found.clone_into(&mut address);
            break;
        }
    }
    let code = data_dir.join("set-up");
    let known = code.exists();
    let code = (!known).then(|| {
        fs::write(&code, "").unwrap();
        let line = lines.next().unwrap().unwrap();
        line.rsplit_once(' ').unwrap().1.to_owned()
    });
    // Whoever writes into a pipe that nobody reads is killed.
    std::thread::spawn(move || lines.for_each(drop));
    (child, address, code)
}
