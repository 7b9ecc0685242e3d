//! Real input for a test page: it leaves a command in `window.driver`, this performs it over WebDriver and answers.
//!
//! | command | what it does |
//! |---|---|
//! | `{ path, body }` | `POST` to the session, such as `/actions`, `/goog/cdp/execute` |
//! | `{ pick: [paths] }` | picks files in the input that is `window.driver.target` |
//! | `{ files: [[path, size]] }` | makes these files in a new folder, and answers with where it is |
use std::{cell::RefCell, fs, path::Path, thread, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::webdriver::Session;

/// The bridge to one page. The folders it made are removed when it is dropped.
pub struct Bridge<'a> {
    session: &'a Session,
    folders: TempDir,
    made: RefCell<usize>,
}

impl<'a> Bridge<'a> {
    /// Opens it; the page may ask from now on.
    ///
    /// # Errors
    /// There is no temporary folder.
    pub fn open(session: &'a Session) -> Result<Self> {
        let folders = TempDir::with_prefix("partway-").context("cannot create a temporary folder")?;
        Ok(Self { session, folders, made: RefCell::default() })
    }

    /// Waits a moment for a command, and performs it. One that fails is the page's to tell.
    ///
    /// # Errors
    /// The page is gone.
    pub fn serve(&self) -> Result<()> {
        let command = self.session.execute("return window.driver?.command ?? null", json!([]))?;
        if command.is_null() {
            thread::sleep(Duration::from_millis(20));
            return Ok(());
        }
        let answer = match self.perform(&command) {
            Ok(value) => json!({ "value": value }),
            Err(error) => json!({ "error": format!("{error:#}") }),
        };
        self.session.execute("window.driver.answer(arguments[0])", json!([answer])).map(drop)
    }

    fn perform(&self, command: &Value) -> Result<Value> {
        if let Some(paths) = command.get("pick") {
            return self.pick(&serde_json::from_value::<Vec<String>>(paths.clone())?);
        }
        if let Some(files) = command.get("files") {
            return self.make(&serde_json::from_value::<Vec<(String, usize)>>(files.clone())?);
        }
        let path = command.get("path").and_then(Value::as_str).context("the page asked for nothing that is known")?;
        self.session.post(path, command.get("body").unwrap_or(&Value::Null))
    }

    fn pick(&self, paths: &[String]) -> Result<Value> {
        let input = self.session.execute("return window.driver.target", json!([]))?;
        let input = Session::reference(&input).context("window.driver.target is no element")?;
        self.session.post(&format!("/element/{input}/value"), &json!({ "text": paths.join("\n") }))
    }

    fn make(&self, files: &[(String, usize)]) -> Result<Value> {
        let number = self.made.replace_with(|made| *made + 1);
        let folder = self.folders.path().join(number.to_string());
        for (path, size) in files {
            let file = folder.join(path);
            ensure!(!path.contains(".."), "{path} is not below its folder");
            fs::create_dir_all(file.parent().unwrap_or(Path::new("/")))?;
            // Every file differs from every other, and every byte from its neighbours.
            let bytes: Vec<u8> = path.bytes().chain(b"/".iter().copied()).cycle().take(*size).collect();
            fs::write(file, bytes)?;
        }
        Ok(json!(folder))
    }
}
