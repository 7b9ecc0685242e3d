//! Listed texts under attack, in every scheme: every flipped bit, every truncation, and random texts, of which
//! `PARTWAY_CASES` says how many (5,000 unless told).
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use partway::names::{MAX_NAME, MAX_TEXT, NameFields, PREFIX, ReadName, Scheme, SessionNames, identify};
use proptest::prelude::*;

const SESSION: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
const ENCRYPTED: [Scheme; 5] =
    [Scheme::Partway, Scheme::CryptoJs, Scheme::GcmSha256, Scheme::GcmRaw32, Scheme::CbcRaw32];

fn names() -> &'static SessionNames {
    static NAMES: LazyLock<SessionNames> = LazyLock::new(|| SessionNames::new(Some(SESSION)).unwrap());
    &NAMES
}

fn write(scheme: Scheme, name: &str, random: u8) -> String {
    let mut source = |bytes: &mut [u8]| {
        bytes.fill(random);
        Ok::<_, ()>(())
    };
    names().write(scheme, name, &NameFields::default(), &mut source).unwrap()
}

/// The bytes of a text, and how to make such a text of other bytes.
fn decode(scheme: Scheme, text: &str) -> Vec<u8> {
    match scheme {
        Scheme::Partway => Base64UrlUnpadded::decode_vec(text.strip_prefix(PREFIX).unwrap()).unwrap(),
        Scheme::CbcRaw32 => {
            let digits: Vec<char> = text.chars().filter(|&c| c != ':').collect();
            digits.chunks(2).map(|pair| u8::from_str_radix(&String::from_iter(pair), 16).unwrap()).collect()
        }
        _ => Base64::decode_vec(text).unwrap(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn encode(scheme: Scheme, bytes: &[u8]) -> String {
    match scheme {
        Scheme::Partway => format!("{PREFIX}{}", Base64UrlUnpadded::encode_string(bytes)),
        Scheme::CbcRaw32 => {
            let (iv, rest) = bytes.split_at(bytes.len().min(16));
            format!("{}:{}", hex(iv), hex(rest))
        }
        _ => Base64::encode_string(bytes),
    }
}

/// What must hold for whatever is read of whatever text.
fn check(text: &str, read: Option<&ReadName>) {
    let Some(read) = read else { return };
    assert_eq!(read.authenticated, matches!(read.scheme, Scheme::Partway | Scheme::GcmSha256 | Scheme::GcmRaw32));
    assert!(!text.starts_with(PREFIX) || read.scheme == Scheme::Partway, "fell through to {:?}", read.scheme);
    assert!(!text.is_empty() && text.chars().count() <= MAX_TEXT);
    match read.scheme {
        Scheme::Plain => assert_eq!(read.name, text),
        Scheme::CryptoJs | Scheme::CbcRaw32 => {
            assert!((1..=MAX_NAME).contains(&read.name.len()));
            assert!(!read.name.contains(|c: char| c.is_control() || c == '/' || c == '\\'), "{:?}", read.name);
        }
        _ => assert!((1..=MAX_NAME).contains(&read.name.len())),
    }
}

#[test]
fn every_flipped_bit_of_a_text_with_a_tag_is_refused() {
    let names = names();
    let mut flips = 0;
    for scheme in ENCRYPTED.into_iter().filter(|scheme| scheme.authenticates()) {
        // With the third, nonce, ciphertext and tag are whole blocks, so CBC is tried too.
        for name in ["report.pdf", "n", "four", &"\u{65e5}".repeat(80)] {
            let mut bytes = decode(scheme, &write(scheme, name, 0x5a));
            assert_eq!(names.read(&encode(scheme, &bytes)).unwrap().name, name);
            for bit in 0..bytes.len() * 8 {
                bytes[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(names.read(&encode(scheme, &bytes)), None, "{scheme:?}, bit {bit}");
                bytes[bit / 8] ^= 1 << (bit % 8);
                flips += 1;
            }
        }
    }
    assert_eq!(flips, 8 * (3 * 93 + 285 + 2 * (38 + 29 + 32 + 268)));
}

#[test]
fn a_flipped_bit_of_a_text_without_a_tag_is_never_called_proven() {
    let names = names();
    let (mut refused, mut read) = (0, 0);
    for scheme in [Scheme::CryptoJs, Scheme::CbcRaw32] {
        for name in ["report.pdf", "n", "seventeen-byte.tx", &"\u{65e5}".repeat(80)] {
            let mut bytes = decode(scheme, &write(scheme, name, 0x5a));
            // The magic of Salted__ is what tells the scheme.
            let from = if scheme == Scheme::CryptoJs { 8 * 8 } else { 0 };
            for bit in from..bytes.len() * 8 {
                bytes[bit / 8] ^= 1 << (bit % 8);
                let text = encode(scheme, &bytes);
                let got = names.read(&text);
                check(&text, got.as_ref());
                match got {
                    Some(got) => {
                        assert_eq!((got.scheme, got.authenticated), (scheme, false));
                        assert_ne!(got.name, name);
                        read += 1;
                    }
                    None => refused += 1,
                }
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }
    // That CBC cannot tell is why such names are called unproven; most it can.
    assert!(read > 0 && refused > 10 * read, "{refused} refused, {read} read");
}

#[test]
fn every_flipped_bit_of_the_characters_gives_nothing_that_is_proven() {
    let names = names();
    for scheme in ENCRYPTED {
        let mut bytes = write(scheme, "report.pdf", 0x5a).into_bytes();
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            if let Ok(text) = std::str::from_utf8(&bytes) {
                let read = names.read(text);
                check(text, read.as_ref());
                // Flipping bit 5 of a hexadecimal digit changes its case, so the same bytes are read.
                assert!(read.is_none_or(|read| !read.authenticated), "{scheme:?}, bit {bit}");
            }
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

/// Of a part of a text only CBC reads anything: whole blocks from the end of a name, which nothing tells from a name.
fn check_part(scheme: Scheme, name: &str, part: &str) {
    let read = names().read(part);
    check(part, read.as_ref());
    let Some(read) = read.filter(|read| read.scheme != Scheme::Plain) else { return };
    let unproven = matches!(scheme, Scheme::CryptoJs | Scheme::CbcRaw32);
    assert!(unproven && read.scheme == Scheme::CbcRaw32 && name.len() > read.name.len(), "{scheme:?}: {part}");
    assert!(scheme == Scheme::CbcRaw32 && name.ends_with(&read.name), "{part}");
}

#[test]
fn of_a_truncated_text_nothing_is_read_but_blocks_of_cbc() {
    for scheme in ENCRYPTED {
        for name in ["report.pdf", &"\u{65e5}".repeat(80)] {
            let text = write(scheme, name, 0x5a);
            let bytes = decode(scheme, &text);
            for length in 0..bytes.len() {
                check_part(scheme, name, &encode(scheme, &bytes[..length]));
                check_part(scheme, name, &encode(scheme, &bytes[length + 1..]));
            }
            // Base64 may come without its padding: that is no truncation.
            for length in 0..text.trim_end_matches('=').len() {
                check_part(scheme, name, &text[..length]);
                check_part(scheme, name, &text[length + 1..]);
            }
        }
    }
}

#[test]
fn a_text_of_another_session_is_nothing() {
    let other = SessionNames::new(Some("7c9e6679-7425-40de-944b-e07fc1f90ae7")).unwrap();
    for scheme in ENCRYPTED {
        for random in 0..=255 {
            let text = write(scheme, "quarterly figures.xlsx", random);
            assert_eq!(other.read(&text), None, "{scheme:?}");
            assert_eq!(identify("7c9e6679-7425-40de-944b-e07fc1f90ae7", "quarterly figures.xlsx", &text), None);
        }
    }
}

#[test]
fn the_limit_of_the_text_is_exact() {
    let names = names();
    let plain = "a b".repeat(MAX_TEXT);
    assert_eq!(names.read(&plain[..MAX_TEXT]).unwrap().scheme, Scheme::Plain);
    assert_eq!(names.read(&plain[..=MAX_TEXT]), None);
    // The longest names of every scheme but hexadecimal of base64 stay below it.
    for scheme in ENCRYPTED {
        let name = "n".repeat(MAX_NAME);
        let text = write(scheme, &name, 9);
        assert!(text.len() <= MAX_TEXT, "{scheme:?}: {}", text.len());
        assert_eq!(names.read(&text).unwrap().name, name);
    }
}

/// The dearest texts there are cost no more than the longest good ones, and megabytes cost nothing.
#[test]
fn malformed_texts_cost_no_more_than_good_ones() {
    let names = names();
    let fields = NameFields { mime: Some("m".repeat(255)), size: Some(1), modified: Some(2) };
    let mut random = |bytes: &mut [u8]| {
        bytes.fill(7);
        Ok::<_, ()>(())
    };
    let good = names.write(Scheme::Partway, &"n".repeat(MAX_NAME), &fields, &mut random).unwrap();
    let mut noise = 1_u64;
    let mut bytes = |count: usize| -> Vec<u8> {
        std::iter::repeat_with(|| {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            noise.to_be_bytes()[0]
        })
        .take(count)
        .collect()
    };
    let salted = [b"Salted__", &bytes(1_040)[..]].concat();
    let malformed = [
        ("run", Base64::encode_string(&bytes(1_040))),
        ("long run", Base64::encode_string(&bytes(1_648))),
        ("hexadecimal run", hex(&bytes(1_040))),
        ("pair", format!("{}:{}", hex(&bytes(16)), hex(&bytes(1_040)))),
        ("salted", Base64::encode_string(&salted)),
        ("hexadecimal of base64", hex(Base64::encode_string(&salted[..800]).as_bytes())),
        ("pw1.", format!("{PREFIX}{}", Base64UrlUnpadded::encode_string(&[&[1], &bytes(1_372)[..]].concat()))),
        ("a megabyte", "A".repeat(1_000_000)),
    ];
    // The least of many, because the machine has other work.
    let least = |text: &str, expected: bool| {
        let time = |_| {
            let start = Instant::now();
            assert_eq!(names.read(text).is_some(), expected);
            start.elapsed()
        };
        (0..200).map(time).min().unwrap()
    };
    let allowed = least(&good, true);
    for (title, text) in malformed {
        assert!(text.len() <= MAX_TEXT || text.len() == 1_000_000, "{title}: {}", text.len());
        let needed = least(&text, false);
        println!("{title}: {needed:?}; the longest good text: {allowed:?}");
        assert!(needed <= allowed * 2 + Duration::from_micros(20), "{title}: {needed:?} where {allowed:?} is good");
    }
}

/// Texts of every look, most of them one step from a good one.
fn any_text() -> impl Strategy<Value = String> {
    let bytes = || {
        prop_oneof![
            4 => proptest::collection::vec(any::<u8>(), 0..120),
            2 => (0_usize..8).prop_flat_map(|blocks| proptest::collection::vec(any::<u8>(), blocks * 16)),
            1 => proptest::collection::vec(any::<u8>(), 1_000..1_100),
        ]
    };
    let salted = || bytes().prop_map(|bytes| [b"Salted__", &bytes[..]].concat());
    let written = (0..ENCRYPTED.len(), "[a-z.\u{e9}\u{202e}]{1,40}", any::<u8>(), any::<proptest::sample::Index>())
        .prop_map(|(scheme, name, random, at)| {
            let scheme = ENCRYPTED[scheme];
            let mut bytes = decode(scheme, &write(scheme, &name, random));
            let at = at.index(bytes.len());
            if random % 3 != 0 {
                bytes[at] = bytes[at].wrapping_add(random);
            }
            encode(scheme, &bytes)
        });
    prop_oneof![
        2 => "\\PC{0,60}",
        1 => "[ -~]{0,2300}",
        2 => "[A-Za-z0-9+/_-]{0,80}={0,3}",
        1 => "[0-9a-fA-F]{0,80}",
        2 => "[0-9a-fA-F]{31,33}:[0-9a-fA-F]{0,70}",
        2 => "[0-9a-f]{32}:([0-9a-f]{32}){1,4}",
        2 => "pw1\\.[A-Za-z0-9_-]{0,150}",
        1 => "U2FsdGVkX1[A-Za-z0-9+/=. ]{0,80}",
        3 => bytes().prop_map(|bytes| Base64::encode_string(&bytes)),
        2 => bytes().prop_map(|bytes| Base64UrlUnpadded::encode_string(&bytes)),
        2 => bytes().prop_map(|bytes| hex(&bytes)),
        3 => salted().prop_map(|bytes| Base64::encode_string(&bytes)),
        1 => salted().prop_map(|bytes| hex(&bytes)),
        1 => salted().prop_map(|bytes| hex(Base64::encode_string(&bytes).as_bytes())),
        5 => written,
    ]
}

fn cases() -> u32 {
    std::env::var("PARTWAY_CASES").map_or(5_000, |cases| cases.parse().expect("PARTWAY_CASES is a count"))
}

#[test]
fn any_text_is_read_safely() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{Config, RngSeed, TestRunner};
    let seed = std::env::var("PARTWAY_SEED").ok().map(|seed| seed.parse().expect("PARTWAY_SEED is a number"));
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed.unwrap_or(4)),
        ..Config::default()
    });
    let (names, texts) = (names(), any_text());
    let mut counts = [0_u32; 7];
    for _ in 0..cases() {
        let text = texts.new_tree(&mut runner).unwrap().current();
        let read = names.read(&text);
        check(&text, read.as_ref());
        assert_eq!(names.read(&text), read, "read twice");
        let of = read.as_ref().map_or(6, |read| Scheme::ALL.iter().position(|&scheme| scheme == read.scheme).unwrap());
        counts[of] += 1;
    }
    let words = Scheme::ALL.iter().map(|scheme| scheme.as_str()).chain(["nothing"]);
    let told: Vec<_> = words.zip(counts).map(|(word, count)| format!("{count} {word}")).collect();
    println!("{} texts, read as: {}", cases(), told.join(", "));
    // A test of the tests: every outcome was reached.
    assert!(counts.iter().all(|&count| count > cases() / 1_000), "{counts:?}");
}
