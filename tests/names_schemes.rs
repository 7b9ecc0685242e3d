//! Every scheme against fixed texts of other software: what is written, what is read, and which scheme it was.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use partway::names::{NameFields, Scheme, SessionNames};

const SESSION: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

/// A source that gives 0, 1, 2 and so on from `first`.
fn counting(first: u8) -> impl FnMut(&mut [u8]) -> Result<(), ()> {
    move |bytes| {
        bytes.iter_mut().zip(first..).for_each(|(byte, value)| *byte = value);
        Ok(())
    }
}

#[test]
fn texts_of_other_software_go_both_ways() {
    let names = SessionNames::new(Some(SESSION)).unwrap();
    // Made with crypto-js, `openssl enc` and Python's cryptography, which agree.
    for (scheme, first, text) in [
        (Scheme::CryptoJs, 1, "U2FsdGVkX18BAgMEBQYHCPIV58uT/w6rvOSskUmlCPk="),
        (Scheme::GcmSha256, 0, "AAECAwQFBgcICQoLdOFuCezzOkY9XvrR5MWfxRf7LZgh6q6+pho="),
        (Scheme::GcmRaw32, 0, "AAECAwQFBgcICQoLescCaSMV5E2w6UGxaV5Ol2HGXKYFdP3nHvw="),
    ] {
        let written = names.write(scheme, "report.pdf", &NameFields::default(), &mut counting(first));
        assert_eq!(written.unwrap(), text);
        let read = names.read(text).unwrap();
        assert_eq!((read.name.as_str(), read.scheme), ("report.pdf", scheme));
    }
}
