//! The hashes by which a page knows that a CDN gives it this package and no other.
use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};
use sha2::{Digest, Sha384};

/// Files that a page names itself.
const NAMED: [&str; 3] = ["partway.js", "element/index.js", "partway_wasm_bg.wasm"];

/// Writes `integrity.json`, with the `integrity` of each script and of the wasm by its path in the package, and prints
/// those of files that a page names itself.
///
/// # Errors
/// A file cannot be read or written.
pub(super) fn write(package: &Path, files: &[PathBuf]) -> Result<()> {
    let mut hashes = Map::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|kind| kind == "js" || kind == "wasm")) {
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let parts = file.strip_prefix(package).unwrap_or(file).components();
        let name = parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
        let hash = integrity(&bytes);
        if NAMED.contains(&name.as_str()) {
            eprintln!("{name:<28} {hash}");
        }
        hashes.insert(name, Value::String(hash));
    }
    let text = serde_json::to_string_pretty(&hashes)?;
    fs::write(package.join("integrity.json"), text + "\n").context("cannot write integrity.json")
}

/// As in the attribute of that name.
fn integrity(bytes: &[u8]) -> String {
    format!("sha384-{}", BASE64_STANDARD.encode(Sha384::digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_openssl() {
        // printf abc | openssl dgst -sha384 -binary | base64
        let known = "sha384-ywB1P0WjXou1oD1pmsZQBycsMqsO3tFjGotgWkP/W+2AhgcroefMI1i67KE0yCWn";
        assert_eq!(integrity(b"abc"), known);
    }

    #[test]
    fn scripts_and_wasm_are_listed_by_their_paths_and_nothing_else_is() {
        let root = std::env::temp_dir().join(format!("partway-integrity-{}", std::process::id()));
        fs::create_dir_all(root.join("element")).unwrap();
        let files = ["element/index.js", "a.wasm", "a.d.ts"].map(|name| root.join(name));
        files.iter().for_each(|file| fs::write(file, b"abc").unwrap());
        write(&root, &files).unwrap();
        let listed: Value = serde_json::from_slice(&fs::read(root.join("integrity.json")).unwrap()).unwrap();
        let names: Vec<_> = listed.as_object().unwrap().keys().cloned().collect();
        assert_eq!(names, ["a.wasm", "element/index.js"]);
        fs::remove_dir_all(&root).unwrap();
    }
}
