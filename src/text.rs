//! Texts. What the standard library has for these few needs is general, and kilobytes of the shipped wasm.

/// `number` in decimal. One function for numbers of every width: the standard library has another for each.
pub fn decimal(number: impl Into<u64>) -> String {
    number.into().to_string()
}

/// Whether `part` stands somewhere in `text`.
pub fn holds(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window == part.as_bytes())
}

/// What is before and after the first `separator`, an ASCII character.
pub fn split_once(text: &str, separator: u8) -> Option<(&str, &str)> {
    let place = text.bytes().position(|byte| byte == separator)?;
    text.get(..place).zip(text.get(place + 1..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_where_it_stands() {
        for (text, part, found) in [("abc", "bc", true), ("abc", "abcd", false), ("aéb", "é", true), ("", "a", false)]
        {
            assert_eq!(holds(text, part), found, "{text} {part}");
        }
    }

    #[test]
    fn a_text_is_split_as_the_standard_library_does() {
        for text in ["", ":", "a:", ":b", "é:b:c", "ab"] {
            assert_eq!(split_once(text, b':'), text.split_once(':'), "{text}");
        }
    }
}
