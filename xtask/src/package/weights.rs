//! What the package weighs: a table of its files.
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};

/// Prints the files of the package with their sizes. What the element adds to an app, bundled, is measured and held to
/// its budget by the step `consumers`, which has a bundler.
///
/// # Errors
/// A file cannot be read.
pub(super) fn print(package: &Path, files: &[PathBuf]) -> Result<()> {
    eprintln!("{:<28} {:>10} {:>10} {:>10}", "pkg/ (bytes)", "raw", "gzip", "brotli");
    for file in files {
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.strip_prefix(package).unwrap_or(file).display().to_string();
        Weight::of(&bytes)?.print(&name);
    }
    Ok(())
}

/// Bytes, as they are and as they are sent.
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
