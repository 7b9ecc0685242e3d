//! What a build left: the WebAssembly is to be there once, as a file or as text.
use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};

/// Bytes at the module's begin that tell it from any other: a multiple of three, so that base64 has a text for just
/// these.
const BEGIN: usize = 96;

/// Fails unless the module is below `folder` exactly once.
///
/// # Errors
/// It is missing or there twice, or a file cannot be read; the sentence lists the places.
pub fn ensure_once(folder: &Path, wasm: &[u8]) -> Result<()> {
    let begin = wasm.get(..BEGIN).context("the package's wasm is no module")?;
    let text = BASE64_STANDARD.encode(begin);
    let mut places = Vec::new();
    search(folder, &mut |file, bytes| {
        let times = if bytes == wasm { 1 } else { count(bytes, text.as_bytes()) };
        places.extend((0..times).map(|_| file.strip_prefix(folder).unwrap_or(file).display().to_string()));
    })?;
    ensure!(places.len() == 1, "the wasm is {} times in the output: {places:?}", places.len());
    Ok(())
}

fn search(folder: &Path, seen: &mut impl FnMut(&Path, &[u8])) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            search(&path, seen)?;
        } else {
            seen(&path, &fs::read(&path)?);
        }
    }
    Ok(())
}

fn count(bytes: &[u8], text: &[u8]) -> usize {
    bytes.windows(text.len()).filter(|window| *window == text).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_found_as_file_and_as_text() {
        let wasm: Vec<u8> = (0..=255).collect();
        let folder = tempfile::TempDir::with_prefix("partway-").unwrap();
        assert!(ensure_once(folder.path(), &wasm).is_err());
        fs::create_dir(folder.path().join("assets")).unwrap();
        fs::write(folder.path().join("assets/a.wasm"), &wasm).unwrap();
        ensure_once(folder.path(), &wasm).unwrap();
        fs::write(folder.path().join("main.js"), format!("x = '{}'", BASE64_STANDARD.encode(&wasm))).unwrap();
        let error = ensure_once(folder.path(), &wasm).unwrap_err().to_string();
        assert!(error.contains("a.wasm") && error.contains("main.js"));
    }
}
