//! How hard a session ID is to guess, at best.

/// An upper bound of the bits of entropy in a session ID: its length in characters times log2 of its alphabet. Whoever
/// holds sealed names can try IDs offline, so below 80 the names should be called weakly protected.
///
/// The alphabet is the smallest of these that holds every character: digits (10), hexadecimal in one case (16), else the
/// sum of the kinds that occur: lower case (26), upper case (26), digits (10), `-` and `_` (2), the rest of ASCII (64), the
/// rest of Unicode (1,111,936). The dashes of a GUID (8-4-4-4-12 hexadecimal digits) are not counted, so one has 128. An ID
/// that was not drawn at random, such as a word, has less than the bound says; an empty one has 0.
#[must_use]
pub fn strength(session_id: &str) -> f64 {
    if is_guid(session_id) {
        return 128.0;
    }
    let bits = f64::from(alphabet(session_id)).log2();
    session_id.chars().fold(0.0, |sum, _| sum + bits)
}

/// A kind of character, and how many there are of it.
type Kind = (fn(char) -> bool, u32);

/// How many characters the alphabet of this text has.
fn alphabet(text: &str) -> u32 {
    let all = |kind: fn(char) -> bool| text.chars().all(kind);
    if all(|c| c.is_ascii_digit()) {
        return 10;
    }
    if all(|c| matches!(c, '0'..='9' | 'a'..='f')) || all(|c| matches!(c, '0'..='9' | 'A'..='F')) {
        return 16;
    }
    let kinds: [Kind; 6] = [
        (|c| c.is_ascii_lowercase(), 26),
        (|c| c.is_ascii_uppercase(), 26),
        (|c| c.is_ascii_digit(), 10),
        (|c| matches!(c, '-' | '_'), 2),
        (|c| c.is_ascii() && !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_'), 64),
        (|c| !c.is_ascii(), 0x11_0000 - 0x800 - 128),
    ];
    kinds.into_iter().filter(|&(kind, _)| text.chars().any(kind)).map(|(_, size)| size).sum()
}

/// Whether the text is a GUID in its usual form.
fn is_guid(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
        && text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

#[cfg(test)]
mod tests {
    use super::strength;

    #[test]
    fn bounds_of_usual_session_ids() {
        let cases = [
            ("", 0.0),
            ("0f8fad5b-d9cb-469f-a165-70867728950e", 128.0),
            ("0F8FAD5B-D9CB-469F-A165-70867728950E", 128.0),
            ("0f8fad5bd9cb469fa16570867728950e", 128.0),
            ("0f8fad5b-d9cb469f-a165-70867728950e", 35.0 * 38_f64.log2()),
            ("48151623", 8.0 * 10_f64.log2()),
            ("k7q2m9xz", 8.0 * 36_f64.log2()),
            ("K7q2M9xZ", 8.0 * 62_f64.log2()),
            ("V1StGXR8_Z5jdHi6B-myT", 21.0 * 6.0),
            ("two words", 9.0 * 90_f64.log2()),
            ("\u{e9}", 1_111_936_f64.log2()),
        ];
        for (id, bits) in cases {
            assert!((strength(id) - bits).abs() < 1e-9, "{id}: {}", strength(id));
        }
        assert!((41.0..42.0).contains(&strength("k7q2m9xz")));
    }
}
