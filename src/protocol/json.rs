//! JSON (RFC 8259), read where it lies: a text is checked once, and of it only that is read which is asked for.
//!
//! The answers of the service are small and of fixed shapes. What reads any shape into any type would be a tenth of the
//! wasm.

/// Deepest nesting that is read: what is deeper could overflow the stack.
const DEEPEST: usize = 127;

/// A value: a text that is known to be JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Json<'a>(&'a [u8]);

impl<'a> Json<'a> {
    /// The value that `text` is; `None` where it is not JSON, or is more than one value.
    pub fn new(text: &'a [u8]) -> Option<Self> {
        let text = unpadded(text);
        let behind = skip(text, DEEPEST)?;
        let value = before(text, behind);
        unpadded(behind).is_empty().then_some(Self(value))
    }

    /// The value as it is written.
    pub fn as_written(self) -> &'a [u8] {
        self.0
    }

    pub fn is_null(self) -> bool {
        self.0 == b"null"
    }

    /// An object's fields, in their order; `None` where it is something else.
    pub fn fields(self) -> Option<Fields<'a>> {
        self.0.strip_prefix(b"{").map(Fields)
    }

    /// What a string holds, in UTF-8 where that is possible: half a surrogate pair is written as if it were a letter.
    /// `None` where it is something else.
    fn decoded(self) -> Option<Vec<u8>> {
        let mut rest = self.0.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        let mut text = Vec::with_capacity(rest.len());
        while let Some((&byte, behind)) = rest.split_first() {
            rest = behind;
            if byte != b'\\' {
                text.push(byte);
                continue;
            }
            let (&escape, behind) = rest.split_first()?;
            rest = behind;
            let letter = match escape {
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'u' => {
                    let (unit, behind) = code_unit(rest)?;
                    rest = behind;
                    let low = behind.strip_prefix(b"\\u").and_then(code_unit);
                    let pair =
                        low.and_then(|(low, behind)| Some((char::decode_utf16([unit, low]).next()?.ok()?, behind)));
                    match (char::from_u32(unit.into()), pair) {
                        (Some(letter), _) => letter,
                        (None, Some((letter, behind))) => {
                            rest = behind;
                            letter
                        }
                        (None, None) => {
                            text.extend(
                                [0xe0 | (unit >> 12), 0x80 | (unit >> 6 & 0x3f), 0x80 | (unit & 0x3f)]
                                    .map(|byte| byte as u8),
                            );
                            continue;
                        }
                    }
                }
                other => char::from(other),
            };
            text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Some(text)
    }

    /// A string's text; `None` where it is something else, or no text.
    pub fn text(self) -> Option<String> {
        String::from_utf8(self.decoded()?).ok()
    }

    /// A string's text, with U+FFFD for each byte that is none; `None` where it is something else.
    pub fn text_lossy(self) -> Option<String> {
        Some(String::from_utf8_lossy(&self.decoded()?).into_owned())
    }

    /// A number: exact where it is a whole one that JavaScript holds exactly, else to 13 digits; infinite where it is
    /// too large. `None` where it is something else.
    pub fn number(self) -> Option<f64> {
        let digits = self.0.strip_prefix(b"-").unwrap_or(self.0);
        if !digits.first()?.is_ascii_digit() {
            return None;
        }
        let (mut whole, mut exponent, mut behind_point) = (0_u64, 0_i32, false);
        let mut rest = digits;
        while let Some((&byte, behind)) = rest.split_first() {
            rest = behind;
            match byte {
                b'.' => behind_point = true,
                b'e' | b'E' => {
                    exponent = exponent.saturating_add(written_exponent(rest));
                    break;
                }
                digit => {
                    let longer = whole.checked_mul(10).and_then(|tens| tens.checked_add((digit - b'0').into()));
                    // Digits beyond the 19th only count as such.
                    whole = longer.unwrap_or(whole);
                    exponent = exponent.saturating_add(i32::from(longer.is_none()) - i32::from(behind_point));
                }
            }
        }
        let power = (0..exponent.unsigned_abs().min(400)).fold(1.0, |power, _| power * 10.0);
        let size = match whole {
            0 => 0.0,
            whole if exponent < 0 => whole as f64 / power,
            whole => whole as f64 * power,
        };
        Some(if digits.len() < self.0.len() { -size } else { size })
    }

    /// What is written within a string, or else the value as it is written.
    pub fn unquoted(self) -> &'a [u8] {
        self.0.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(self.0)
    }
}

/// The fields of an object.
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    /// The field's name, and its value.
    type Item = (String, Json<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let text = unpadded(self.0);
        let text = text.strip_prefix(b",").map_or(text, unpadded);
        let behind = skip_string(text)?;
        let name = Json(before(text, behind));
        let text = unpadded(unpadded(behind).strip_prefix(b":")?);
        let behind = skip(text, DEEPEST)?;
        self.0 = behind;
        Some((name.text_lossy()?, Json(before(text, behind))))
    }
}

/// Appends `text` to `json` as a string.
pub(super) fn quote(json: &mut String, text: &str) {
    json.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => json.extend(['\\', letter]),
            '\0'..' ' => {
                json.push_str("\\u00");
                json.extend(
                    [u32::from(letter) / 16, u32::from(letter) % 16]
                        .map(|digit| char::from_digit(digit, 16).unwrap_or_default()),
                );
            }
            letter => json.push(letter),
        }
    }
    json.push('"');
}

/// The text without the blanks in front of it.
fn unpadded(text: &[u8]) -> &[u8] {
    let first = text.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    text.split_at(first.unwrap_or(text.len())).1
}

/// What of `text` is before its end `behind`.
fn before<'a>(text: &'a [u8], behind: &[u8]) -> &'a [u8] {
    text.split_at(text.len() - behind.len()).0
}

/// What is behind the value that `text` begins with.
fn skip(text: &[u8], depth: usize) -> Option<&[u8]> {
    match text.first()? {
        b'"' => skip_string(text),
        b'{' => skip_items(text, b'}', depth.checked_sub(1)?),
        b'[' => skip_items(text, b']', depth.checked_sub(1)?),
        b't' => text.strip_prefix(b"true"),
        b'f' => text.strip_prefix(b"false"),
        b'n' => text.strip_prefix(b"null"),
        _ => skip_number(text),
    }
}

/// The same of an object, or of an array, which ends with `end`.
fn skip_items(text: &[u8], end: u8, depth: usize) -> Option<&[u8]> {
    let mut rest = unpadded(text.split_first()?.1);
    if let Some(behind) = rest.strip_prefix(&[end]) {
        return Some(behind);
    }
    loop {
        if end == b'}' {
            rest = unpadded(unpadded(skip_string(rest)?).strip_prefix(b":")?);
        }
        let (next, behind) = unpadded(skip(rest, depth)?).split_first()?;
        match next {
            b',' => rest = unpadded(behind),
            next if *next == end => return Some(behind),
            _ => return None,
        }
    }
}

fn skip_string(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text.strip_prefix(b"\"")?;
    loop {
        let (byte, behind) = rest.split_first()?;
        rest = behind;
        match byte {
            b'"' => return Some(rest),
            b'\\' => {
                let (escape, behind) = rest.split_first()?;
                rest = match escape {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => behind,
                    b'u' => code_unit(behind)?.1,
                    _ => return None,
                };
            }
            0..0x20 => return None,
            _ => {}
        }
    }
}

/// The UTF-16 code unit that four hexadecimal digits are, and what is behind them.
fn code_unit(text: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, behind) = text.split_at_checked(4)?;
    let add = |unit: u32, byte: &u8| Some(unit * 16 + char::from(*byte).to_digit(16)?);
    let unit = digits.iter().try_fold(0, add)?;
    Some((u16::try_from(unit).ok()?, behind))
}

fn skip_number(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let mut rest = match text.strip_prefix(b"0") {
        Some(behind) => behind,
        None => skip_digits(text)?,
    };
    if let Some(fraction) = rest.strip_prefix(b".") {
        rest = skip_digits(fraction)?;
    }
    if let Some((b'e' | b'E', exponent)) = rest.split_first() {
        let sign = exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-"));
        rest = skip_digits(sign.unwrap_or(exponent))?;
    }
    Some(rest)
}

/// What is behind at least one digit.
fn skip_digits(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    (digits > 0).then(|| text.split_at(digits).1)
}

/// What is behind the `e` of a number.
fn written_exponent(text: &[u8]) -> i32 {
    let is_below = text.first() == Some(&b'-');
    let digits = text.iter().filter(|byte| byte.is_ascii_digit());
    let size = digits.fold(0_i32, |size, digit| size.saturating_mul(10).saturating_add((digit - b'0').into()));
    if is_below { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    /// Whether another reader takes it for JSON.
    fn is_json(text: &[u8]) -> bool {
        serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
    }

    /// The value as serde_json has it, read field by field.
    fn is_read(text: &[u8], value: &Value) {
        let json = Json::new(text).unwrap();
        match value {
            Value::Null => assert!(json.is_null()),
            Value::Bool(flag) => assert_eq!(json.as_written(), flag.to_string().as_bytes()),
            Value::Number(number) => {
                let (read, number) = (json.number().unwrap(), number.as_f64().unwrap());
                assert!((read - number).abs() <= number.abs() * 1e-13 + 1e-290, "{read} {number}");
            }
            Value::String(string) => assert_eq!(json.text().as_ref(), Some(string)),
            Value::Array(_) => assert!(json.fields().is_none() && json.text().is_none() && json.number().is_none()),
            Value::Object(object) => {
                let fields: Vec<_> = json.fields().unwrap().collect();
                assert_eq!(fields.len(), object.len());
                for (name, field) in fields {
                    is_read(field.as_written(), &object[&name]);
                }
            }
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn strings_are_decoded() {
        for (json, text, lossy) in [
            (r#""""#, Some(""), ""),
            (r#""\"\\\/\b\f\n\r\t\u00e4\u20AC""#, Some("\"\\/\u{8}\u{c}\n\r\tä€"), "\"\\/\u{8}\u{c}\n\r\tä€"),
            (r#""\ud83d\ude00""#, Some("😀"), "😀"),
            (r#""a\ud83dz""#, None, "a\u{fffd}\u{fffd}\u{fffd}z"),
            (r#""\ude00\ud83d\ude00""#, None, "\u{fffd}\u{fffd}\u{fffd}😀"),
            (r#""\ud83d\ud83d\ude00""#, None, "\u{fffd}\u{fffd}\u{fffd}😀"),
            (r#""\u0041\u0042""#, Some("AB"), "AB"),
        ] {
            let json = Json::new(json.as_bytes()).unwrap();
            assert_eq!((json.text().as_deref(), json.text_lossy().as_deref()), (text, Some(lossy)), "{json:?}");
        }
        let latin = Json::new(b"\"\xe4\"").unwrap();
        assert_eq!((latin.text(), latin.text_lossy().as_deref()), (None, Some("\u{fffd}")));
    }

    #[test]
    fn numbers_are_read() {
        for (json, number) in [
            ("0", 0.0),
            ("-0.5", -0.5),
            ("9007199254740991", 9_007_199_254_740_991.0),
            ("1.5e3", 1500.0),
            ("12E-1", 1.2),
            ("0e999999999999", 0.0),
            ("1e400", f64::INFINITY),
            ("-1e99999999999999", f64::NEG_INFINITY),
            ("1e-400", 0.0),
            ("100000000000000000000000000000", 1e29),
            ("0.10000000000000000000000000000", 0.1),
        ] {
            assert_eq!(Json::new(json.as_bytes()).unwrap().number(), Some(number), "{json}");
        }
    }

    #[test]
    fn what_is_nested_too_deeply_is_refused() {
        let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        assert!(Json::new(&nested(DEEPEST)).is_some());
        assert!(Json::new(&nested(DEEPEST + 1)).is_none());
        assert!(Json::new(&vec![b'['; 1_000_000]).is_none());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value in values()) {
            is_read(value.to_string().as_bytes(), &value);
            is_read(serde_json::to_string_pretty(&value).unwrap().as_bytes(), &value);
        }

        #[test]
        fn what_is_quoted_is_a_string(text in any::<String>()) {
            let mut json = String::new();
            quote(&mut json, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }

        #[test]
        fn what_is_no_json_is_refused(text in r#"[{}\[\]",:0-9eE+. \\untrfalse\-\x01\x0c]{0,12}"#) {
            prop_assert_eq!(Json::new(text.as_bytes()).is_some(), is_json(text.as_bytes()), "{}", text);
        }

        #[test]
        fn one_wrong_byte_is_noticed(value in values(), place in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut text = value.to_string().into_bytes();
            let place = place.index(text.len());
            text[place] = byte;
            prop_assert_eq!(Json::new(&text).is_some(), is_json(&text), "{}", String::from_utf8_lossy(&text));
        }
    }
}
