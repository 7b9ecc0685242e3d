//! AES-256-CBC with PKCS#7 padding, as other software writes names. Nothing authenticates it, so what it gives is taken
//! only where it can hardly be chance.

use aes::Aes256;
use aes::cipher::block_padding::{Padding, Pkcs7};
use aes::cipher::{Block, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use cbc::{Decryptor, Encryptor};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::{MAX_NAME, NameError};

/// Bytes of a block and of an initialisation vector.
pub(super) const BLOCK: usize = 16;

/// The most bytes a ciphertext of a name has.
const MOST: usize = MAX_NAME + BLOCK;

/// An AES-256-CBC key. Wiped when dropped.
pub(super) struct CbcKey {
    // Boxed, so that moving it leaves no copy of the key schedule behind.
    cipher: Box<Aes256>,
}

impl CbcKey {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self { cipher: Box::new(Aes256::new(key.into())) }
    }

    /// The ciphertext of a name.
    ///
    /// # Errors
    /// [`NameError::NameCharacters`] for a name that [`CbcKey::decrypt`] would not take.
    pub(super) fn encrypt(&self, iv: &[u8; BLOCK], name: &str) -> Result<Vec<u8>, NameError> {
        if !is_believable(name) {
            return Err(NameError::NameCharacters);
        }
        let mut buffer = Zeroizing::new(Vec::with_capacity(name.len() + BLOCK));
        buffer.extend_from_slice(name.as_bytes());
        buffer.resize(name.len() + BLOCK, 0);
        let encryptor = Encryptor::inner_iv_init(&*self.cipher, iv.into());
        let sealed = encryptor.encrypt_padded::<Pkcs7>(&mut buffer, name.len()).map_err(|_| NameError::Cipher)?;
        Ok(sealed.to_vec())
    }

    /// The name in a ciphertext, if there is a believable one: right padding, UTF-8, at least one character, none of
    /// them a control or a path separator. Of 2·10^7 random ciphertexts none passes.
    pub(super) fn decrypt(&self, iv: &[u8; BLOCK], ciphertext: &[u8]) -> Option<String> {
        if ciphertext.is_empty() || ciphertext.len() > MOST || !ciphertext.len().is_multiple_of(BLOCK) {
            return None;
        }
        // The padding alone refuses 255 of 256 wrong keys, and it is in the last block: a long text costs no more than
        // a short one.
        let (before, last) = ciphertext.split_last_chunk::<BLOCK>()?;
        let chained = before.last_chunk::<BLOCK>().unwrap_or(iv);
        self.decrypt_padded(chained, &mut Zeroizing::new(*last)[..], |_| Some(()))?;

        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        self.decrypt_padded(iv, &mut buffer, |plain| {
            std::str::from_utf8(plain).ok().filter(|name| is_believable(name)).map(str::to_owned)
        })
    }

    fn decrypt_padded<T>(
        &self,
        iv: &[u8; BLOCK],
        buffer: &mut [u8],
        read: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Option<T> {
        let mut decryptor = Decryptor::inner_iv_init(&*self.cipher, iv.into());
        let (blocks, _) = Block::<Aes256>::slice_as_chunks_mut(buffer);
        // One by one: names are short, and decrypting many at once is another AES in the wasm.
        blocks.iter_mut().for_each(|block| decryptor.decrypt_block(block));
        Pkcs7::unpad_blocks(blocks).ok().and_then(read)
    }
}

impl ZeroizeOnDrop for CbcKey {}

/// Compiles only while the cipher wipes itself.
const fn wipes_itself<T: ZeroizeOnDrop>() {}
const _: () = wipes_itself::<Aes256>();

/// What a name without a tag must look like to be believed.
fn is_believable(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && !name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\'))
}
