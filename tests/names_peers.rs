//! Our names against software nobody here wrote, both ways: Python's `cryptography`, `crypto-js` and WebCrypto in
//! Node.js, `openssl enc`; and our ciphers against the vectors of NIST and RFC 5869. Prints how many of each.
//!
//! It installs what it needs below `target/`, with the machine's own pip and npm, so it runs only when asked for:
//! `cargo test --test names_peers -- --nocapture`. Then it fails where something is missing, and says what.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aes::Aes256;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use hkdf::Hkdf;
use partway::names::{NameFields, Scheme, SessionNames};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// Versions that agree with ours; a newer one is a change of its own.
const PYTHON_PACKAGES: [&str; 2] = ["cryptography==50.0.2", "cryptography_vectors==50.0.2"];
const CRYPTO_JS: &str = "crypto-js@4.2.0";

const GUID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
/// Session IDs, and whether they are a raw key.
const SESSIONS: [(&str, bool); 5] = [
    (GUID, true),
    ("7c9e6679742540de944be07fc1f90ae7", true),
    ("k7Q2m9-xZ4tR8_wB1nL6vC3-yH5sD0fG", true),
    ("k7q2m9xz", false),
    ("Sitzung-\u{df}-\u{6f22} mit Leerzeichen", false),
];

#[derive(Serialize)]
struct Task {
    scheme: &'static str,
    session: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    text: String,
}

/// Every scheme with every session and names of many lengths.
fn tasks(schemes: &[Scheme]) -> Vec<Task> {
    let mut names: Vec<String> =
        ["report.pdf", "\u{feff}notes.txt", "inv\u{202e}gpj.exe", " a ", "<img src=x>", "e\u{301}.txt"]
            .map(str::to_owned)
            .into();
    names.push("\u{dc}bersicht_\u{65e5}\u{672c}\u{8a9e}_\u{1f469}\u{200d}\u{1f52c}_\u{5e2}\u{5d1}.txt".to_owned());
    names.extend((1..50).chain([63, 64, 65, 255, 1_023, 1_024]).map(|length| "n".repeat(length)));
    let mut tasks = Vec::new();
    for scheme in schemes {
        let needs_raw = matches!(scheme, Scheme::GcmRaw32 | Scheme::CbcRaw32);
        for (session, _) in SESSIONS.into_iter().filter(|&(_, raw)| raw || !needs_raw) {
            let task =
                |name: &String| Task { scheme: scheme.as_str(), session, name: name.clone(), text: String::new() };
            tasks.extend(names.iter().map(task));
        }
    }
    tasks
}

fn our_text(task: &Task) -> String {
    let mut random = |bytes: &mut [u8]| {
        // Each hasher of the standard library has keys of its own.
        bytes.fill_with(|| RandomState::new().hash_one(1).to_be_bytes()[0]);
        Ok::<_, ()>(())
    };
    let scheme = Scheme::parse(task.scheme).unwrap();
    let names = SessionNames::new(Some(task.session)).unwrap();
    names.write(scheme, &task.name, &NameFields::default(), &mut random).unwrap()
}

fn assert_we_read(peer: &str, task: &Task, text: &str) {
    let read = SessionNames::new(Some(task.session)).unwrap().read(text);
    let read = read.unwrap_or_else(|| panic!("{peer}: {} not read: {text}", task.scheme));
    assert_eq!((read.scheme.as_str(), read.name.as_str()), (task.scheme, task.name.as_str()), "{peer}");
}

/// Both ways with a peer that takes and gives JSON.
fn exchange(peer: &str, schemes: &[Scheme], command: impl Fn(&str) -> Command) {
    let mut tasks = tasks(schemes);
    let texts: Vec<String> = ask(command("write"), &serde_json::to_vec(&tasks).unwrap());
    assert_eq!(texts.len(), tasks.len());
    let mut counts = BTreeMap::new();
    for (task, text) in tasks.iter().zip(&texts) {
        assert_we_read(peer, task, text);
        *counts.entry(task.scheme).or_insert(0) += 1;
    }
    let mut names = Vec::new();
    for task in &mut tasks {
        task.text = our_text(task);
        names.push(std::mem::take(&mut task.name));
    }
    let read: Vec<String> = ask(command("read"), &serde_json::to_vec(&tasks).unwrap());
    assert!(read == names, "{peer} reads otherwise what we write");
    println!("{peer}: {counts:?} names each way");
}

/// Runs a program with this input; a failure shows what it said.
fn run(mut command: Command, input: &[u8]) -> Vec<u8> {
    let what = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{what} cannot be started ({error}): the peers need it on this machine"));
    let mut stdin = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).unwrap());
        let mut out = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut out).unwrap();
        let status = child.wait().unwrap();
        assert!(status.success(), "{what}: {status}");
        out
    })
}

fn ask<T: for<'a> Deserialize<'a>>(command: Command, input: &[u8]) -> T {
    serde_json::from_slice(&run(command, input)).unwrap()
}

fn command<const N: usize>(program: impl AsRef<Path>, arguments: [&str; N]) -> Command {
    let mut command = Command::new(program.as_ref());
    command.args(arguments);
    command
}

/// A folder below `target/`, made by `install` unless it was made before with the same contents.
fn installed(name: &str, contents: &str, install: impl FnOnce(&Path)) -> PathBuf {
    let peers = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers");
    let (folder, made) = (peers.join(name), peers.join(name).join("made-of"));
    fs::create_dir_all(&folder).unwrap();
    // One at a time: tests of this file run at once.
    let lock = File::create(peers.join(format!("{name}.lock"))).unwrap();
    lock.lock().unwrap();
    if fs::read_to_string(&made).ok().as_deref() != Some(contents) {
        install(&folder);
        fs::write(made, contents).unwrap();
    }
    folder
}

/// A Python with the packages.
fn python() -> PathBuf {
    let folder = installed("python", &PYTHON_PACKAGES.join(" "), |folder| {
        run(command("python3", ["-m", "venv", "--clear", folder.to_str().unwrap()]), b"");
        let mut pip =
            command(folder.join("bin/python"), ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.args(PYTHON_PACKAGES);
        run(pip, b"");
    });
    folder.join("bin/python")
}

fn script(name: &str) -> String {
    format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn python_cryptography() {
    let python = python();
    let schemes = [Scheme::Partway, Scheme::CryptoJs, Scheme::GcmSha256, Scheme::GcmRaw32, Scheme::CbcRaw32];
    exchange("Python's cryptography", &schemes, |task| command(&python, [&script("peers.py"), task]));
}

#[test]
fn crypto_js_and_web_crypto_in_node() {
    // Said in words, because a machine without Node.js is likelier than one without Python.
    assert!(
        Command::new("node").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success()),
        "Node.js is not on this machine: crypto-js and its WebCrypto cannot be asked"
    );
    let folder = installed("node", CRYPTO_JS, |folder| {
        let to = folder.to_str().unwrap();
        run(
            command(
                "npm",
                ["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", to, CRYPTO_JS],
            ),
            b"",
        );
    });
    let call = |task: &str| command("node", [&script("peers.mjs"), folder.to_str().unwrap(), task]);
    exchange("crypto-js", &[Scheme::CryptoJs], call);
    exchange("WebCrypto in Node.js", &[Scheme::GcmSha256, Scheme::GcmRaw32, Scheme::CbcRaw32], call);
}

#[test]
fn openssl_enc() {
    let enc = |session: &str, direction: &str| {
        let arguments = ["enc", direction, "-aes-256-cbc", "-md", "md5", "-a", "-A", "-pass", "env:PASSPHRASE"];
        let mut enc = command("openssl", arguments);
        // It calls this way to derive a key deprecated, which it is.
        enc.env("PASSPHRASE", session).stderr(Stdio::null());
        enc
    };
    let tasks = tasks(&[Scheme::CryptoJs]);
    for task in &tasks {
        let theirs = String::from_utf8(run(enc(task.session, "-e"), task.name.as_bytes())).unwrap();
        assert_we_read("openssl enc", task, theirs.trim_end());
        let read = run(enc(task.session, "-d"), our_text(task).as_bytes());
        assert!(read == task.name.as_bytes(), "openssl enc reads otherwise what we write");
    }
    println!("openssl enc: {} names each way", tasks.len());
}

#[derive(Deserialize)]
struct Vectors {
    gcm: Vec<Gcm>,
    hkdf: Vec<BTreeMap<String, String>>,
    cbc: Vec<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Gcm {
    file: String,
    /// Absent where the tag is wrong.
    pt: Option<String>,
    #[serde(flatten)]
    bytes: BTreeMap<String, String>,
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn vectors_of_nist_and_rfc_5869() {
    let Vectors { gcm, hkdf, cbc } = ask(command(python(), [&script("peers.py"), "vectors"]), b"");

    let mut refused = 0;
    let mut files = BTreeMap::new();
    for vector in &gcm {
        let [key, iv, aad, ct, tag] = ["key", "iv", "aad", "ct", "tag"].map(|part| hex(&vector.bytes[part]));
        let cipher = Aes256Gcm::new_from_slice(&key).unwrap();
        let nonce = Nonce::try_from(&iv[..]).unwrap();
        let sealed = [ct, tag].concat();
        let opened = cipher.decrypt(&nonce, Payload { msg: &sealed, aad: &aad }).ok();
        assert_eq!(opened, vector.pt.as_deref().map(hex));
        match opened {
            Some(plain) => assert_eq!(cipher.encrypt(&nonce, Payload { msg: &plain, aad: &aad }).unwrap(), sealed),
            None => refused += 1,
        }
        *files.entry(vector.file.as_str()).or_insert(0) += 1;
    }
    println!("NIST CAVS AES-256-GCM: {files:?}, {refused} of them with a wrong tag");
    assert_eq!(files.into_values().collect::<Vec<_>>(), [375, 375]);
    assert!(refused > 0);

    for vector in &hkdf {
        let [ikm, salt, info, okm] = ["ikm", "salt", "info", "okm"].map(|part| hex(&vector[part]));
        let mut out = vec![0; okm.len()];
        Hkdf::<Sha256>::new(Some(&salt), &ikm).expand(&info, &mut out).unwrap();
        assert_eq!(out, okm);
    }
    println!("RFC 5869 HKDF-SHA-256: {}", hkdf.len());
    assert_eq!(hkdf.len(), 3);

    for vector in &cbc {
        let [key, iv, pt, ct] = ["key", "iv", "pt", "ct"].map(|part| hex(&vector[part]));
        let mut buffer = pt.clone();
        let encryptor = cbc::Encryptor::<Aes256>::new_from_slices(&key, &iv).unwrap();
        assert_eq!(encryptor.encrypt_padded::<NoPadding>(&mut buffer, pt.len()).unwrap(), ct);
        let decryptor = cbc::Decryptor::<Aes256>::new_from_slices(&key, &iv).unwrap();
        assert_eq!(decryptor.decrypt_padded::<NoPadding>(&mut buffer).unwrap(), pt);
    }
    println!("NIST CAVS AES-256-CBC: {}", cbc.len());
    assert!(cbc.len() >= 800, "{}", cbc.len());
}
