//! `package.json`, made of `pkg.json`.
use std::fs;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::workspace::Workspace;

/// The text of `package.json`.
///
/// # Errors
/// `pkg.json` cannot be read, is no JSON, or has no place for the version.
pub(super) fn text(workspace: &Workspace) -> Result<String> {
    let path = workspace.path("pkg.json");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    // The library's version too: both have the workspace's.
    with_version(&text, env!("CARGO_PKG_VERSION")).context("pkg.json")
}

/// Sets the manifest's version in its text: the order of keys has a meaning in `exports` and must stay.
fn with_version(manifest: &str, version: &str) -> Result<String> {
    let json: Value = serde_json::from_str(manifest).context("is no JSON")?;
    let Some(old) = json.get("version").and_then(Value::as_str) else {
        bail!("needs a key \"version\", a string for the build to fill in");
    };
    let (before, after) = manifest.split_once("\"version\"").context("has an escaped key \"version\"")?;
    let filled = format!("{before}\"version\"{}", after.replacen(&format!("\"{old}\""), &format!("\"{version}\""), 1));
    let json: Value = serde_json::from_str(&filled).context("is no JSON after filling in the version")?;
    ensure!(json.get("version").and_then(Value::as_str) == Some(version), "write \"version\" once, at the top");
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_filled_in_and_the_order_of_keys_stays() {
        let manifest = "{\n  \"name\": \"p\",\n  \"version\": \"0.0.0\",\n  \"exports\": { \"types\": \"./p.d.ts\", \"default\": \"./p.js\" }\n}\n";
        let filled = with_version(manifest, "1.2.3").unwrap();
        assert_eq!(filled, manifest.replace("0.0.0", "1.2.3"));
    }

    #[test]
    fn a_manifest_whose_version_cannot_be_found_is_refused() {
        assert!(with_version("{\"name\": \"p\"}", "1.2.3").is_err());
        assert!(with_version("{", "1.2.3").is_err());
        assert!(with_version("{\"a\": {\"version\": \"0\"}, \"version\": \"0\"}", "1.2.3").is_err());
    }
}
