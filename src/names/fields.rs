//! What travels inside an envelope beside the name.

use super::NameError;

/// Type of the field that holds the size.
const SIZE: u8 = 0x01;
/// Type of the field that holds the MIME type.
const MIME: u8 = 0x04;
/// Type of the field that holds the last modification.
const MODIFIED: u8 = 0x05;
/// From here on a reader that does not know a type must refuse the envelope.
const CRITICAL: u8 = 0x80;

/// What is known of a file beside its name, sealed with it. Each is optional.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameFields {
    /// Size in bytes.
    pub size: Option<u64>,
    /// MIME type. One that is empty or longer than 255 bytes of UTF-8 is left out when written.
    pub mime: Option<String>,
    /// Last modification, milliseconds since 1970-01-01 UTC.
    pub modified: Option<u64>,
}

impl NameFields {
    /// Appends the fields in the order of their types.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        if let Some(size) = self.size {
            write_field(out, SIZE, &size.to_be_bytes());
        }
        if let Some(mime) = self.mime.as_deref().filter(|mime| !mime.is_empty()) {
            write_field(out, MIME, mime.as_bytes());
        }
        if let Some(modified) = self.modified {
            write_field(out, MODIFIED, &modified.to_be_bytes());
        }
    }

    /// Reads everything after the name: fields in any order, then zero bytes to the end.
    pub(super) fn read(mut rest: &[u8]) -> Result<Self, NameError> {
        let mut fields = Self::default();
        while let Some((&kind, after)) = rest.split_first() {
            if kind == 0 {
                return if after.iter().all(|&byte| byte == 0) { Ok(fields) } else { Err(NameError::Unreadable) };
            }
            let (&length, after) = after.split_first().ok_or(NameError::Unreadable)?;
            let (value, after) = after.split_at_checked(length.into()).ok_or(NameError::Unreadable)?;
            match kind {
                SIZE => set(&mut fields.size, number(value)?)?,
                MIME => set(&mut fields.mime, text(value)?)?,
                MODIFIED => set(&mut fields.modified, number(value)?)?,
                CRITICAL.. => return Err(NameError::Unreadable),
                _ => {}
            }
            rest = after;
        }
        Ok(fields)
    }
}

/// Appends one field, or nothing if the value is longer than its length byte can say.
fn write_field(out: &mut Vec<u8>, kind: u8, value: &[u8]) {
    if let Ok(length) = u8::try_from(value.len()) {
        out.extend_from_slice(&[kind, length]);
        out.extend_from_slice(value);
    }
}

fn number(value: &[u8]) -> Result<u64, NameError> {
    value.try_into().map(u64::from_be_bytes).map_err(|_| NameError::Unreadable)
}

fn text(value: &[u8]) -> Result<String, NameError> {
    match std::str::from_utf8(value) {
        Ok(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(NameError::Unreadable),
    }
}

/// A known type that comes twice is refused: two readers might each believe another one.
fn set<T>(field: &mut Option<T>, value: T) -> Result<(), NameError> {
    match field.replace(value) {
        None => Ok(()),
        Some(_) => Err(NameError::Unreadable),
    }
}
