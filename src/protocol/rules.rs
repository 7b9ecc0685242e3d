//! What a session allows.

/// The session's rules, as far as they are known (`SessionRules` in `partway.d.ts`).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rules {
    /// Most files in the bucket.
    pub max_files: Option<u64>,
    /// Most bytes in the bucket, in units of 10^6 bytes.
    pub max_total_mega_bytes: Option<f64>,
    /// When the session ends, in milliseconds since 1970.
    pub expiry: Option<f64>,
}
