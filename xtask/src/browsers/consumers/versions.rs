//! `examples/versions.json`: the exact version of whatever the tests take from npm.
use std::{collections::BTreeMap, fs};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::workspace::Workspace;

/// Packages that are taken in another version than the newest, with the key that has it.
pub type Pins<'a> = &'a [(&'a str, &'a str)];

/// Package, or `package@major` where an older one is wanted too, to version.
#[derive(Debug)]
pub struct Versions(BTreeMap<String, String>);

impl Versions {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(workspace: &Workspace) -> Result<Self> {
        let path = workspace.path("examples/versions.json");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self(serde_json::from_str(&text).context("examples/versions.json")?))
    }

    /// The version under a key.
    ///
    /// # Errors
    /// There is none.
    pub fn get(&self, key: &str) -> Result<&str> {
        self.0.get(key).map(String::as_str).with_context(|| format!("examples/versions.json has no {key}"))
    }

    /// Replaces a manifest's ranges by exact versions, and Partway by its tarball.
    ///
    /// # Errors
    /// The manifest is no JSON, or names a package whose version is not known.
    pub fn pin(&self, manifest: &str, pins: Pins<'_>, tarball: &str) -> Result<String> {
        let mut manifest: Value = serde_json::from_str(manifest)?;
        for kind in ["dependencies", "devDependencies"] {
            for (name, range) in manifest.get_mut(kind).and_then(Value::as_object_mut).into_iter().flatten() {
                let key = pins.iter().find(|(package, _)| package == name).map_or(name.as_str(), |(_, key)| key);
                // An alias, `npm:package@range`, stays one.
                let alias = range.as_str().and_then(|range| range.strip_prefix("npm:")?.rsplit_once('@'));
                *range = match (name.as_str(), alias) {
                    ("partway", _) => format!("file:{tarball}"),
                    (_, Some((package, _))) => format!("npm:{package}@{}", self.get(key)?),
                    (_, None) => self.get(key)?.to_owned(),
                }
                .into();
            }
        }
        Ok(manifest.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_become_versions() {
        let versions = [("vite", "8.0.1"), ("vite@7", "7.0.2")].map(|(name, version)| (name.into(), version.into()));
        let versions = Versions(versions.into());
        let manifest = r#"{"dependencies":{"partway":"^0.1.0"},"devDependencies":{"vite":"^8.0.0"}}"#;
        let pinned = |pins: Pins<'_>| versions.pin(manifest, pins, "/p.tgz").unwrap();
        assert_eq!(pinned(&[]), r#"{"dependencies":{"partway":"file:/p.tgz"},"devDependencies":{"vite":"8.0.1"}}"#);
        assert!(pinned(&[("vite", "vite@7")]).contains(r#""vite":"7.0.2""#));
        let alias = r#"{"dependencies":{"vite-7":"npm:vite@^7.0.0"}}"#;
        let pinned = versions.pin(alias, &[("vite-7", "vite@7")], "").unwrap();
        assert_eq!(pinned, r#"{"dependencies":{"vite-7":"npm:vite@7.0.2"}}"#);
        assert!(versions.pin(r#"{"dependencies":{"other":"1"}}"#, &[], "").is_err());
    }
}
