//! Random identifiers and secrets, all from the operating system.

use crate::error::ApiError;

/// `N` random bytes.
///
/// # Errors
/// An internal error where the operating system has none to give.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], ApiError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| ApiError::internal("the system's random numbers", &error))?;
    Ok(bytes)
}

/// Lowercase hexadecimal text of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

/// The bytes that `text` names in lowercase hexadecimal, where it names exactly `N`.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let read = base16ct::lower::decode(text, &mut bytes).ok()?.len();
    (read == N).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_reads_back_and_takes_nothing_else() {
        let bytes: [u8; 16] = bytes().unwrap();
        assert_eq!(from_hex(&hex(&bytes)), Some(bytes));
        for wrong in ["", "0", "0G", "0A", "000", "é", "..", "%0"] {
            assert_eq!(from_hex::<1>(wrong), None, "{wrong}");
        }
        assert_eq!(hex(&[0, 15, 16, 255]), "000f10ff");
    }
}
