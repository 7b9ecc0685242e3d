//! The ciphers and the hash of our names against Project Wycheproof, which nobody here wrote: the same types as in
//! `src/names/`, and how many vectors ran.
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use aes::Aes256;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use hkdf::Hkdf;
use sha2::Sha256;
use wycheproof::{aead, cipher, hkdf as kdf};

#[test]
fn aes_256_gcm() {
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let (mut count, mut invalid) = (0, 0);
    for group in set.test_groups {
        if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
            continue;
        }
        for test in group.tests {
            let gcm = Aes256Gcm::new_from_slice(&test.key).unwrap();
            let nonce = Nonce::try_from(&test.nonce[..]).unwrap();
            let sealed = [&test.ct[..], &test.tag].concat();
            let opened = gcm.decrypt(&nonce, Payload { msg: &sealed, aad: &test.aad });
            if test.result.must_fail() {
                assert!(opened.is_err(), "{}", test.tc_id);
                invalid += 1;
            } else {
                assert_eq!(opened.unwrap(), test.pt[..], "{}", test.tc_id);
                let again = gcm.encrypt(&nonce, Payload { msg: &test.pt, aad: &test.aad });
                assert_eq!(again.unwrap(), sealed, "{}", test.tc_id);
            }
            count += 1;
        }
    }
    println!("Wycheproof AES-256-GCM, 96-bit nonce, 128-bit tag: {count} ({invalid} invalid)");
    assert!(count >= 66 && invalid > 0, "{count}");
}

#[test]
fn hkdf_sha_256() {
    let set = kdf::TestSet::load(kdf::TestName::HkdfSha256).unwrap();
    let (mut count, mut invalid) = (0, 0);
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let mut out = vec![0; test.size];
        let expanded = Hkdf::<Sha256>::new(Some(&test.salt[..]), &test.ikm).expand(&test.info, &mut out);
        if test.result.must_fail() {
            assert!(expanded.is_err(), "{}", test.tc_id);
            invalid += 1;
        } else {
            assert_eq!((expanded.is_ok(), out), (true, test.okm.to_vec()), "{}", test.tc_id);
        }
        count += 1;
    }
    println!("Wycheproof HKDF-SHA-256: {count} ({invalid} invalid)");
    assert!(count >= 86 && invalid > 0, "{count}");
}

#[test]
fn aes_256_cbc_with_pkcs7() {
    let set = cipher::TestSet::load(cipher::TestName::AesCbcPkcs5).unwrap();
    let (mut count, mut invalid) = (0, 0);
    for test in set.test_groups.into_iter().filter(|group| group.key_size == 256).flat_map(|group| group.tests) {
        let decryptor = cbc::Decryptor::<Aes256>::new_from_slices(&test.key, &test.nonce).unwrap();
        let mut buffer = test.ct.to_vec();
        let opened = decryptor.decrypt_padded::<Pkcs7>(&mut buffer);
        if test.result.must_fail() {
            assert!(opened.is_err(), "{}", test.tc_id);
            invalid += 1;
        } else {
            assert_eq!(opened.unwrap(), &test.pt[..], "{}", test.tc_id);
            let encryptor = cbc::Encryptor::<Aes256>::new_from_slices(&test.key, &test.nonce).unwrap();
            let mut buffer = [&test.pt[..], &[0; 16]].concat();
            let sealed = encryptor.encrypt_padded::<Pkcs7>(&mut buffer, test.pt.len()).unwrap();
            assert_eq!(sealed, &test.ct[..], "{}", test.tc_id);
        }
        count += 1;
    }
    println!("Wycheproof AES-256-CBC-PKCS5: {count} ({invalid} invalid)");
    assert!(count >= 72 && invalid > 0, "{count}");
}
