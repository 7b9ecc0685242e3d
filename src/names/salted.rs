//! OpenSSL's `Salted__` format, which `CryptoJS.AES.encrypt` with a passphrase writes too.

use md5::{Digest, Md5};
use zeroize::Zeroizing;

use super::NameError;
use super::cbc::{BLOCK, CbcKey};

/// How every such ciphertext begins.
pub(super) const MAGIC: &[u8] = b"Salted__";

/// Bytes of the salt behind the magic.
pub(super) const SALT: usize = 8;

/// Encrypts a name under a passphrase.
pub(super) fn encrypt(passphrase: &[u8], salt: [u8; SALT], name: &str) -> Result<Vec<u8>, NameError> {
    let (key, iv) = derive(passphrase, &salt);
    Ok([MAGIC, &salt, &key.encrypt(&iv, name)?].concat())
}

/// The name in bytes that begin with [`MAGIC`], if there is a believable one.
pub(super) fn decrypt(passphrase: &[u8], bytes: &[u8]) -> Option<String> {
    let (salt, ciphertext) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<SALT>()?;
    let (key, iv) = derive(passphrase, salt);
    key.decrypt(&iv, ciphertext)
}

/// EVP_BytesToKey with MD5 and one round: each digest covers the one before, the passphrase and the salt; the first two
/// are the key, the third is the initialisation vector.
fn derive(passphrase: &[u8], salt: &[u8; SALT]) -> (CbcKey, Zeroizing<[u8; BLOCK]>) {
    let digest = |before: &[u8]| -> Zeroizing<[u8; BLOCK]> {
        Zeroizing::new(Md5::new().chain_update(before).chain_update(passphrase).chain_update(salt).finalize().into())
    };
    let first = digest(&[]);
    let second = digest(&*first);
    let third = digest(&*second);
    let mut key = Zeroizing::new([0; 32]);
    let (low, high) = key.split_at_mut(BLOCK);
    low.copy_from_slice(&*first);
    high.copy_from_slice(&*second);
    (CbcKey::new(&key), third)
}
