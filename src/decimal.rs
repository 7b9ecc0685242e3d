//! Numbers as text.

/// `number` in decimal. One function for numbers of every width: the standard library has another for each.
pub fn decimal(number: impl Into<u64>) -> String {
    number.into().to_string()
}
