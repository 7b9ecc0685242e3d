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
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| DIGITS.get(usize::from(digit)))
        .map(|digit| char::from(*digit))
        .collect()
}

/// The bytes that `text` names in lowercase hexadecimal, where it names exactly `N`.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().as_chunks::<2>().0) {
        let [high, low] = *pair;
        *byte = digit(high)? << 4 | digit(low)?;
    }
    Some(bytes)
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
