//! How hard a session ID is to guess, at best.

/// An upper bound of the bits of entropy in a session ID: its length in characters times log2 of its alphabet. Whoever
/// holds sealed names can try IDs offline, so below 80 the names should be called weakly protected.
///
/// The alphabet is the smallest of these that holds every character: digits (10), hexadecimal in one case (16), else
/// the sum of the kinds that occur: lower case (26), upper case (26), digits (10), `-` and `_` (2), the rest of ASCII
/// (64), the rest of Unicode (1,111,936). The dashes of a GUID (8-4-4-4-12 hexadecimal digits) are not counted, so one
/// has 128. An ID that was not drawn at random, such as a word, has less than the bound says; an empty one has 0.
#[must_use]
pub fn strength(session_id: &str) -> f64 {
    if is_guid(session_id) {
        return 128.0;
    }
    let mut kinds = 0;
    let mut characters = 0.0;
    for character in session_id.chars() {
        kinds |= kind(character);
        characters += 1.0;
    }
    if kinds == 0 { 0.0 } else { characters * f64::from(alphabet(kinds)).log2() }
}

const DIGIT: u8 = 1;
const LOWER_HEX: u8 = 1 << 1;
const LOWER: u8 = 1 << 2;
const UPPER_HEX: u8 = 1 << 3;
const UPPER: u8 = 1 << 4;
const DASH: u8 = 1 << 5;
const ASCII: u8 = 1 << 6;
const UNICODE: u8 = 1 << 7;

/// The narrowest kind a character belongs to, as one bit.
fn kind(character: char) -> u8 {
    match character {
        '0'..='9' => DIGIT,
        'a'..='f' => LOWER_HEX,
        'g'..='z' => LOWER,
        'A'..='F' => UPPER_HEX,
        'G'..='Z' => UPPER,
        '-' | '_' => DASH,
        '\0'..='\x7f' => ASCII,
        _ => UNICODE,
    }
}

/// How many characters the smallest alphabet with all these kinds has.
fn alphabet(kinds: u8) -> u32 {
    if kinds == DIGIT {
        return 10;
    }
    if kinds & !(DIGIT | LOWER_HEX) == 0 || kinds & !(DIGIT | UPPER_HEX) == 0 {
        return 16;
    }
    let sizes =
        [(DIGIT, 10), (LOWER_HEX | LOWER, 26), (UPPER_HEX | UPPER, 26), (DASH, 2), (ASCII, 64), (UNICODE, 1_111_936)];
    sizes.into_iter().filter(|&(any, _)| kinds & any != 0).map(|(_, size)| size).sum()
}

/// Whether the text is a GUID in its usual form.
fn is_guid(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
        && text.as_bytes().split(|byte| *byte == b'-').map(<[u8]>::len).eq([8, 4, 4, 4, 12])
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
