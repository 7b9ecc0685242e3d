//! What the package weighs: a table of its files, and the element's budget.
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};

/// Most bytes of the element after brotli, on top of the library, languages apart.
const ELEMENT_BUDGET: usize = 15_000;

/// Prints the files of the package with their sizes.
///
/// # Errors
/// A file cannot be read, or the element is larger than its budget.
pub(super) fn print(package: &Path) -> Result<()> {
    let mut files = Vec::new();
    collect(package, &mut files)?;
    files.sort();
    let mut element = Weight::default();
    eprintln!("{:<28} {:>10} {:>10} {:>10}", "pkg/ (bytes)", "raw", "gzip", "brotli");
    for file in &files {
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let weight = Weight::of(&bytes)?;
        let name = file.strip_prefix(package).unwrap_or(file);
        weight.print(&name.display().to_string());
        if name.starts_with("element") && !name.starts_with("element/languages") {
            element.add(&weight);
        }
    }
    element.print("the element, languages apart");
    check_budget(element.brotli)
}

fn check_budget(brotli: usize) -> Result<()> {
    ensure!(
        brotli <= ELEMENT_BUDGET,
        "the element is {brotli} bytes after brotli, {} more than its budget of {ELEMENT_BUDGET}",
        brotli - ELEMENT_BUDGET
    );
    Ok(())
}

/// Every file below `folder`.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
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
        self.raw += other.raw;
        self.gzip += other.gzip;
        self.brotli += other.brotli;
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

    #[test]
    fn an_element_over_its_budget_is_refused_with_the_figure() {
        assert!(check_budget(ELEMENT_BUDGET).is_ok());
        let error = check_budget(ELEMENT_BUDGET + 1).unwrap_err().to_string();
        assert!(error.contains("15001 bytes"), "{error}");
    }
}
