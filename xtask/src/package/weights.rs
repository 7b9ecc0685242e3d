//! What the package weighs: a table of its files, and a ceiling for what a page loads.
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};

/// What a page loads to upload with the default names.
pub(super) const LOADED: [&str; 6] =
    ["partway.js", "partway_api.js", "partway_load.js", "partway_names.js", "partway_wasm.js", "partway_wasm_bg.wasm"];
/// Most bytes of it after brotli, without wasm-opt. It only goes down.
const CEILING: usize = 129_500;

/// Prints the files of the package with their sizes. What the element adds to an app, bundled, is measured and held to
/// its budget by the step `consumers`, which has a bundler.
///
/// # Errors
/// A file cannot be read, or what a page loads is over the ceiling.
pub(super) fn print(package: &Path, files: &[PathBuf]) -> Result<()> {
    eprintln!("{:<28} {:>10} {:>10} {:>10}", "pkg/ (bytes)", "raw", "gzip", "brotli");
    let mut loaded = Weight::default();
    for file in files {
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.strip_prefix(package).unwrap_or(file).display().to_string();
        let weight = Weight::of(&bytes)?;
        weight.print(&name);
        if LOADED.contains(&name.as_str()) {
            loaded.add(&weight);
        }
    }
    loaded.print("what a page loads");
    ensure!(loaded.brotli <= CEILING, "a page loads {} bytes after brotli, of at most {CEILING}", loaded.brotli);
    Ok(())
}

/// Bytes, as they are and as they are sent.
#[derive(Default)]
struct Weight {
    raw: usize,
    gzip: usize,
    brotli: usize,
}

impl Weight {
    fn of(bytes: &[u8]) -> Result<Self> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(bytes)?;
        let mut brotli = Vec::new();
        let params = BrotliEncoderParams { quality: 11, lgwin: 22, size_hint: bytes.len(), ..Default::default() };
        brotli::BrotliCompress(&mut &*bytes, &mut brotli, &params)?;
        Ok(Self { raw: bytes.len(), gzip: gzip.finish()?.len(), brotli: brotli.len() })
    }

    fn add(&mut self, other: &Self) {
        (self.raw, self.gzip, self.brotli) = (self.raw + other.raw, self.gzip + other.gzip, self.brotli + other.brotli);
    }

    fn print(&self, name: &str) {
        eprintln!("{name:<28} {:>10} {:>10} {:>10}", self.raw, self.gzip, self.brotli);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_bytes_weigh_less_in_both_forms() {
        let weight = Weight::of(&[b'a'; 4096]).unwrap();
        assert_eq!(weight.raw, 4096);
        assert!(weight.gzip < 100 && weight.brotli < 100, "{} {}", weight.gzip, weight.brotli);
    }
}
