//! One browser session over WebDriver (W3C): the dozen commands the tests need.
//!
//! Our own, because the known client crates bring 25 further crates for it, and the HTTP client is here anyway.
use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use ureq::Agent;

use super::{Browser, drivers::Driver};

/// The key under which WebDriver hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// How long one command may take. A page that does not load in this time does not load.
const COMMAND: Duration = Duration::from_secs(120);

/// A running browser with one page; ended when dropped.
pub struct Session {
    /// The driver and its folders.
    pub driver: Driver,
    agent: Agent,
    base: String,
}

/// An element of the page, valid while it is in the page.
#[derive(Clone, Debug)]
pub struct Element(String);

impl Session {
    /// Starts the browser.
    ///
    /// # Errors
    /// The browser does not start; the sentence ends with what the driver said.
    pub fn open(driver: Driver) -> Result<Self> {
        let agent: Agent =
            Agent::config_builder().timeout_global(Some(COMMAND)).http_status_as_error(false).build().into();
        let mut session = Self { base: format!("{}/session", driver.origin), driver, agent };
        let request = json!({ "capabilities": { "alwaysMatch": session.driver.capabilities() } });
        let answer = session.post("", &request).with_context(|| {
            format!("{} did not start; its driver said: {}", session.browser(), session.driver.said())
        })?;
        let id = text(&answer, "sessionId").context("the driver gave no session ID")?.to_owned();
        session.base = format!("{}/{id}", session.base);
        session.post("/timeouts", &json!({ "script": 110_000, "pageLoad": 110_000, "implicit": 0 }))?;
        Ok(session)
    }

    /// Which browser it is.
    #[must_use]
    pub fn browser(&self) -> Browser {
        self.driver.browser
    }

    /// Loads a page and waits until it is loaded.
    ///
    /// # Errors
    /// It does not load.
    pub fn go_to(&self, url: &str) -> Result<()> {
        self.post("/url", &json!({ "url": url })).map(drop)
    }

    /// The tab that commands go to.
    ///
    /// # Errors
    /// It is closed.
    pub fn tab(&self) -> Result<String> {
        Ok(self.get("/window")?.as_str().context("the driver named no tab")?.to_owned())
    }

    /// Every tab.
    ///
    /// # Errors
    /// The browser is gone.
    pub fn tabs(&self) -> Result<Vec<String>> {
        Ok(serde_json::from_value(self.get("/window/handles")?)?)
    }

    /// Opens a tab, to which commands go from now on.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn new_tab(&self) -> Result<String> {
        let answer = self.post("/window/new", &json!({ "type": "tab" }))?;
        let tab = text(&answer, "handle").context("the driver named no tab")?.to_owned();
        self.switch_to(&tab)?;
        Ok(tab)
    }

    /// Commands go to this tab from now on.
    ///
    /// # Errors
    /// It is closed.
    pub fn switch_to(&self, tab: &str) -> Result<()> {
        self.post("/window", &json!({ "handle": tab })).map(drop)
    }

    /// Closes the tab that commands go to; say which comes next.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn close_tab(&self) -> Result<()> {
        let answer = self.agent.delete(format!("{}/window", self.base)).call();
        Self::value(answer.context("WebDriver /window")?).map(drop)
    }

    /// Runs a script, the body of a function, in the page; `arguments` is what it is called with. A promise it returns
    /// is awaited.
    ///
    /// # Errors
    /// The script throws.
    pub fn execute(&self, script: &str, arguments: Value) -> Result<Value> {
        self.post("/execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// The first element a CSS selector finds. ` >>> ` between two selectors goes on in the shadow tree of the element
    /// before.
    ///
    /// # Errors
    /// There is none.
    pub fn find(&self, selector: &str) -> Result<Element> {
        let script = "return arguments[0].split(' >>> ')
            .reduce((at, selector) => (at?.shadowRoot ?? at)?.querySelector(selector), document) ?? null";
        let found = self.execute(script, json!([selector]))?;
        let id = Self::reference(&found).with_context(|| format!("no element {selector}"))?;
        Ok(Element(id.to_owned()))
    }

    /// Clicks the first element a CSS selector finds, as a person would.
    ///
    /// # Errors
    /// There is none, or something covers it.
    pub fn click(&self, selector: &str) -> Result<()> {
        let Element(id) = self.find(selector)?;
        self.post(&format!("/element/{id}/click"), &json!({})).with_context(|| format!("clicking {selector}")).map(drop)
    }

    /// Picks files in an `<input type=file>`.
    ///
    /// # Errors
    /// There is no such input, or a path is no UTF-8.
    pub fn pick(&self, selector: &str, files: &[&Path]) -> Result<()> {
        let Element(id) = self.find(selector)?;
        let paths = files
            .iter()
            .map(|file| file.to_str().context("the path of a file to upload is no UTF-8"))
            .collect::<Result<Vec<&str>>>()?;
        self.post(&format!("/element/{id}/value"), &json!({ "text": paths.join("\n") })).map(drop)
    }

    /// Asks a script, the body of a function, until what it returns is neither null nor false, and gives that.
    ///
    /// # Errors
    /// The script throws, or `patience` is over; the sentence names `what` was waited for.
    pub fn wait_for(&self, what: &str, patience: Duration, script: &str, arguments: &Value) -> Result<Value> {
        let start = Instant::now();
        loop {
            let answer = self.execute(script, arguments.clone())?;
            if !answer.is_null() && answer != false {
                return Ok(answer);
            }
            if start.elapsed() > patience {
                bail!("waited {} s in vain for {what}", patience.as_secs());
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// The page as a PNG.
    ///
    /// # Errors
    /// The browser cannot draw it.
    pub fn screenshot(&self) -> Result<Vec<u8>> {
        let answer = self.get("/screenshot")?;
        BASE64_STANDARD.decode(answer.as_str().unwrap_or_default()).context("the screenshot is no base64")
    }

    /// The browser's console lines so far, each once. Only Chromium tells them; for others there are none.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn console(&self) -> Result<Vec<String>> {
        if self.browser() != Browser::Chromium {
            return Ok(Vec::new());
        }
        let answer = self.post("/se/log", &json!({ "type": "browser" }))?;
        let lines = answer.as_array().into_iter().flatten();
        Ok(lines.filter_map(|line| text(line, "message").map(str::to_owned)).collect())
    }

    /// A command of the Chrome DevTools protocol; Chromium only.
    ///
    /// # Errors
    /// The browser refuses, or is another one.
    pub fn devtools(&self, command: &str, parameters: Value) -> Result<Value> {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    /// Sets the window's size in CSS pixels.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn resize(&self, width: u32, height: u32) -> Result<()> {
        self.post("/window/rect", &json!({ "width": width, "height": height })).map(drop)
    }

    /// The reference of an element that a script returned.
    #[must_use]
    pub fn reference(element: &Value) -> Option<&str> {
        text(element, ELEMENT)
    }

    /// Any other command of the session, such as `/actions`.
    ///
    /// # Errors
    /// The driver refuses.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let answer = self.agent.post(format!("{}{path}", self.base)).send_json(body);
        Self::value(answer.with_context(|| format!("WebDriver {path}"))?)
    }

    fn get(&self, path: &str) -> Result<Value> {
        let answer = self.agent.get(format!("{}{path}", self.base)).call();
        Self::value(answer.with_context(|| format!("WebDriver {path}"))?)
    }

    fn value(mut answer: ureq::http::Response<ureq::Body>) -> Result<Value> {
        // A screenshot of a long page is more than the 10 MB the client reads by itself.
        let body = answer.body_mut().with_config().limit(64 << 20).read_to_string()?;
        let mut json: Value = serde_json::from_str(&body).context("the driver answered no JSON")?;
        let value = json.get_mut("value").map(Value::take).unwrap_or_default();
        if answer.status().is_success() {
            return Ok(value);
        }
        let line = |key: &str| text(&value, key).and_then(|text| text.lines().next()).unwrap_or("no reason given");
        bail!("{}: {}", line("error"), line("message"))
    }
}

fn text<'json>(object: &'json Value, key: &str) -> Option<&'json str> {
    object.get(key)?.as_str()
}

impl Drop for Session {
    fn drop(&mut self) {
        // Lets the browser end by itself; the driver's group is ended right after in any case.
        let _ = self.agent.delete(&self.base).config().timeout_global(Some(Duration::from_secs(5))).build().call();
    }
}
