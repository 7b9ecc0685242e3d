//! The faults of a running gateway, set and read by who knows its word.
use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::gateway::Gateway;

impl Gateway {
    /// Puts `rules` in place of the scenario's; its log begins anew.
    ///
    /// # Errors
    /// The gateway refuses.
    pub fn set_faults(&self, scenario: &str, rules: &Value) -> Result<()> {
        let request = ureq::put(self.scenario(scenario)).header("Fault-Word", &self.word);
        request.send_json(rules).context("setting the faults")?;
        Ok(())
    }

    /// The scenario's rules, by their number, and its log.
    ///
    /// # Errors
    /// The gateway refuses, or its answer cannot be read.
    pub fn faults(&self, scenario: &str) -> Result<Value> {
        let mut answer = ureq::get(self.scenario(scenario)).header("Fault-Word", &self.word).call()?;
        Ok(serde_json::from_str(&answer.body_mut().read_to_string()?)?)
    }

    fn scenario(&self, name: &str) -> String {
        format!("{}/faults/{name}", self.origin)
    }
}
