//! What the bytes of the wasm are for: a table by module.
use std::{collections::BTreeMap, fs, io::Write as _, path::Path};

use anyhow::{Context, Result};
use flate2::{Compression, write::GzEncoder};

use crate::functions::functions;

/// Crates that only names, and what is kept of them on the device, need.
const CIPHERS: [&str; 25] = [
    "aead",
    "aes",
    "aes_gcm",
    "base64ct",
    "block_buffer",
    "block_padding",
    "cbc",
    "cipher",
    "cmov",
    "cpubits",
    "crypto_common",
    "ctr",
    "ctutils",
    "digest",
    "ghash",
    "hkdf",
    "hmac",
    "hybrid_array",
    "inout",
    "md5",
    "polyval",
    "sha2",
    "subtle",
    "universal_hash",
    "zeroize",
];
/// Crates that are in every program.
const STANDARD: [&str; 6] = ["alloc", "compiler_builtins", "core", "hashbrown", "rlsf", "std"];
/// Modules of the library; what is in none of them belongs to the last.
const ROOMS: [&str; 6] = [NAMES, "resume", "engine", "protocol", "browser", "js"];
const NAMES: &str = "names";
const CIPHERS_ROW: &str = "ciphers and hashes of names and resume";
const STANDARD_ROW: &str = "standard library";
const OTHERS: &str = "other crates (wasm-bindgen, js-sys, …)";

/// Prints the table of a wasm that still has its names: bytes of its functions, and of the same after gzip. A generic
/// function counts for the first module of the library that its name holds, else for a cipher, else for another crate.
///
/// # Errors
/// The file cannot be read, or is no wasm with names.
pub fn print(wasm: &Path) -> Result<()> {
    let bytes = fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    let rows = rows(&bytes).with_context(|| wasm.display().to_string())?;
    eprintln!("{:<44} {:>8} {:>8}", "code by module (bytes)", "raw", "gzip");
    for (name, code) in &rows {
        eprintln!("{name:<44} {:>8} {:>8}", code.len(), gzip(code)?);
    }
    let of = |row: &str| rows.get(row).map(Vec::as_slice).unwrap_or_default();
    let all = [of(NAMES), of(CIPHERS_ROW)].concat();
    eprintln!("{:<44} {:>8} {:>8}", "names with all ciphers and hashes", all.len(), gzip(&all)?);
    Ok(())
}

/// The functions' bodies, by row.
fn rows(wasm: &[u8]) -> Result<BTreeMap<&'static str, Vec<u8>>> {
    let mut rows = BTreeMap::<_, Vec<u8>>::new();
    for function in functions(wasm)?.into_values() {
        rows.entry(row_of(&function.name)).or_default().extend(function.body.as_bytes());
    }
    Ok(rows)
}

/// Which row a function of this name belongs to.
fn row_of(name: &str) -> &'static str {
    let paths: Vec<(&str, &str)> = paths(name).collect();
    if let Some((_, module)) = paths.iter().find(|(root, _)| *root == "partway") {
        if *module == "aead" {
            return CIPHERS_ROW;
        }
        return ROOMS.iter().find(|room| *room == module).copied().unwrap_or("js");
    }
    let named = |crates: &[&str]| paths.iter().any(|(root, _)| crates.contains(root));
    if named(&CIPHERS) {
        CIPHERS_ROW
    } else if !paths.is_empty() && paths.iter().all(|(root, _)| STANDARD.contains(root)) {
        STANDARD_ROW
    } else {
        OTHERS
    }
}

/// The paths in a name: of each its root and what follows that.
fn paths(name: &str) -> impl Iterator<Item = (&str, &str)> {
    name.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':').filter_map(|path| {
        let (root, rest) = path.split_once("::").filter(|(root, _)| !root.is_empty())?;
        Some((root, rest.split("::").next().unwrap_or_default()))
    })
}

fn gzip(bytes: &[u8]) -> Result<usize> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(bytes)?;
    Ok(gzip.finish()?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_counts_for_whom_it_is_made() {
        for (name, row) in [
            ("partway::names::session::SessionNames::read", NAMES),
            ("<partway::aead::AeadKey>::decrypt", CIPHERS_ROW),
            ("<partway::engine::machine::Engine>::poll", "engine"),
            ("core::ptr::drop_in_place::<partway::browser::driver::Driver>", "browser"),
            ("<alloc::vec::Vec<aes::Block> as core::clone::Clone>::clone", CIPHERS_ROW),
            ("<sha2::block_api::Sha256VarCore as digest::block_api::UpdateCore>::update_blocks", CIPHERS_ROW),
            ("alloc::raw_vec::RawVec::<u8>::grow_one", STANDARD_ROW),
            ("js_sys::futures::future_to_promise::<partway::js::bucket::Bucket>", "js"),
            ("openBucket", OTHERS),
        ] {
            assert_eq!(row_of(name), row, "{name}");
        }
    }
}
