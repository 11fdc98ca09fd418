//! What a person does with a page: go somewhere, look, press, fill in. Looking waits.

use std::{net::SocketAddr, path::Path, time::Duration};

use fantoccini::{Client, Locator, elements::Element};
use serde_json::{Value, json};
use tests::{ADMIN_EMAIL, PASSWORD};
use tokio::time::{Instant, sleep};

use super::{console, devtools::Devtools, driver::Driver};

/// How long a page may take until it shows something.
const LIMIT: Duration = Duration::from_secs(20);

/// How long to wait between two looks.
const PERIOD: Duration = Duration::from_millis(50);

/// The same once it takes long.
const LONG_PERIOD: Duration = Duration::from_secs(1);

/// A tab of a browser.
#[derive(Debug)]
pub(crate) struct Page {
    client: Client,
    address: SocketAddr,
    name: &'static str,
}

impl Page {
    pub(super) async fn open(driver: &Driver, address: SocketAddr, name: &'static str) -> Self {
        Self {
            client: driver.open_browser().await,
            address,
            name,
        }
    }

    pub(super) async fn close(self) {
        self.client.close().await.unwrap();
    }

    /// The browser's driver, for what has no method here.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Goes to an address of the application, such as `/projects`.
    pub(crate) async fn go(&self, path: &str) {
        let url = format!("http://{}{path}", self.address);
        self.client.goto(&url).await.unwrap();
    }

    /// Signs in with the account of [`Server::load_sample`](super::Server::load_sample).
    pub(crate) async fn sign_in(&self) {
        self.go("/sign-in").await;
        self.fill("E-mail address", ADMIN_EMAIL).await;
        self.fill("Password", PASSWORD).await;
        self.press("Sign in").await;
        self.find("nav[aria-label='Project']").await;
    }

    /// Chooses a file in the page's field for one.
    pub(crate) async fn choose_file(&self, file: &Path) {
        let locator = Locator::Css("input[type=file]");
        let field = self.client.wait().at_most(LIMIT).for_element(locator);
        let field = field.await.unwrap();
        field.send_keys(file.to_str().unwrap()).await.unwrap();
    }

    /// Where the page is, such as `/projects?filter=mine`.
    pub(crate) async fn path(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        let query = url.query().map(|query| format!("?{query}"));
        format!("{}{}", url.path(), query.unwrap_or_default())
    }

    /// The first visible element that a CSS selector finds.
    pub(crate) async fn find(&self, selector: &str) -> Element {
        self.wait_for(Locator::Css(selector), selector).await
    }

    /// Waits until the page shows a text.
    pub(crate) async fn see(&self, text: &str) {
        self.until(&format!("the text {text:?}"), async || {
            let script = "return document.body.innerText";
            let shown = self.client.execute(script, Vec::new()).await;
            matches!(shown, Ok(Value::String(shown)) if shown.contains(text))
        })
        .await;
    }

    /// Presses the button or follows the link with this name.
    pub(crate) async fn press(&self, name: &str) {
        let xpath = format!(
            "//*[self::button or self::a or @role='button'][normalize-space(.)={0} or @aria-label={0}]",
            quote(name)
        );
        let element = self.wait_for(Locator::XPath(&xpath), name).await;
        element.click().await.unwrap();
    }

    /// The field with this label.
    pub(crate) async fn field(&self, label: &str) -> Element {
        let label_is = format!("starts-with(normalize-space(.), {})", quote(label));
        let field = "(self::input or self::textarea or self::select)";
        let xpath = format!(
            "//*[{field} and @id=//label[{label_is}]/@for] | //label[{label_is}]//*[{field}]"
        );
        self.wait_for(Locator::XPath(&xpath), label).await
    }

    /// Replaces what is in the field with this label.
    pub(crate) async fn fill(&self, label: &str, text: &str) {
        let field = self.field(label).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Chooses what begins with a text in the field with this label.
    pub(crate) async fn select(&self, label: &str, choice: &str) {
        let field = self.field(label).await;
        let options = field.find_all(Locator::Css("option")).await.unwrap();
        for option in options {
            let text = option.text().await.unwrap();
            if text.trim().starts_with(choice) {
                option.click().await.unwrap();
                return;
            }
        }
        panic!("{label} offers no {choice}");
    }

    /// Ticks the box or the choice whose label begins with a text.
    pub(crate) async fn tick(&self, label: &str) {
        let xpath = format!("//label[starts-with(normalize-space(.), {})]", quote(label));
        let label = self.wait_for(Locator::XPath(&xpath), label).await;
        label.click().await.unwrap();
    }

    /// Opens what is folded under a heading that begins with a text, unless it is open.
    pub(crate) async fn unfold(&self, heading: &str) {
        let starts = format!("starts-with(normalize-space(.), {})", quote(heading));
        let xpath = format!("//details[not(@open)]/summary[{starts}]");
        let folded = self.client.find_all(Locator::XPath(&xpath)).await.unwrap();
        if let Some(summary) = folded.first() {
            summary.click().await.unwrap();
        }
    }

    /// Makes the first account, through the page.
    pub(crate) async fn set_up(&self) {
        self.go("/setup").await;
        self.fill("One-time code", tests::SETUP_CODE).await;
        self.fill("Name", "Ada Lovelace").await;
        self.fill("E-mail address", tests::ADMIN_EMAIL).await;
        self.fill("Password", tests::PASSWORD).await;
        self.press("Make the account").await;
        self.see("Projects").await;
    }

    /// Calls the API as the person who is signed in, and answers with what it says.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        const SCRIPT: &str = "const [method, path, body, done] = arguments;
            const headers = { 'Content-Type': 'application/json' };
            const init = body === null ? { method } : { method, headers, body };
            fetch(path, init).then(async (answer) => done({
                ok: answer.ok,
                text: await answer.text(),
            }));";
        let body = body.map_or(Value::Null, |body| Value::String(body.to_string()));
        let arguments = vec![method.into(), path.into(), body];
        let answer = self.client.execute_async(SCRIPT, arguments).await.unwrap();
        let text = answer["text"].as_str().unwrap_or_default();
        assert_eq!(answer["ok"], true, "{method} {path} answered {text}");
        serde_json::from_str(text).unwrap_or_default()
    }

    /// Gives the page the size of another screen, in CSS pixels.
    pub(crate) async fn resize(&self, width: u32, height: u32) {
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 720,
        });
        self.tell_browser("Emulation.setDeviceMetricsOverride", metrics)
            .await;
    }

    /// Takes the network away, or gives it back.
    pub(crate) async fn set_offline(&self, offline: bool) {
        let conditions = json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        self.tell_browser("Network.enable", json!({})).await;
        self.tell_browser("Network.emulateNetworkConditions", conditions)
            .await;
    }

    /// Lets requests fail whose address fits one of the patterns, and no others.
    pub(crate) async fn block(&self, patterns: &[&str]) {
        self.tell_browser("Network.enable", json!({})).await;
        self.tell_browser("Network.setBlockedURLs", json!({ "urls": patterns }))
            .await;
    }

    async fn tell_browser(&self, name: &'static str, parameters: Value) {
        let command = Devtools { name, parameters };
        self.client.issue_cmd(command).await.unwrap();
    }

    /// Keeps a picture of the page in `target/screenshots`.
    pub(crate) async fn take_picture(&self, moment: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{}-{moment}.png", self.name));
        match self.client.screenshot().await {
            Ok(picture) => std::fs::write(file, picture).unwrap(),
            Err(error) => eprintln!("no picture: {error}"),
        }
    }

    /// What the console called an error since it was last asked.
    pub(crate) async fn console_errors(&self) -> Vec<String> {
        console::errors(&self.client).await
    }

    /// Waits until a condition holds.
    pub(crate) async fn until(&self, what: &str, condition: impl AsyncFnMut() -> bool) {
        self.until_within(LIMIT, what, condition).await;
    }

    /// Waits until a condition holds that may take its time: looks every 50 ms at first, and every
    /// second later.
    pub(crate) async fn until_within(
        &self,
        limit: Duration,
        what: &str,
        mut condition: impl AsyncFnMut() -> bool,
    ) {
        let start = Instant::now();
        while !condition().await {
            let seconds = limit.as_secs();
            assert!(
                start.elapsed() < limit,
                "{what} did not appear within {seconds} seconds"
            );
            let is_long = start.elapsed() > LIMIT;
            sleep(if is_long { LONG_PERIOD } else { PERIOD }).await;
        }
    }

    async fn wait_for(&self, locator: Locator<'_>, what: &str) -> Element {
        let mut found = None;
        self.until(what, async || {
            for element in self.client.find_all(locator).await.unwrap_or_default() {
                if element.is_displayed().await.unwrap_or(false) {
                    found = Some(element);
                    return true;
                }
            }
            false
        })
        .await;
        found.unwrap()
    }
}

/// A text in `XPath`, which knows no escapes; names with both kinds of quotes do not occur.
fn quote(text: &str) -> String {
    let mark = if text.contains('"') { '\'' } else { '"' };
    format!("{mark}{text}{mark}")
}
