//! The ways a bucket's names can be written.

/// How a name is written. The byte layout of each is in the module's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Our own envelope, `pw1.…`.
    Partway,
    /// What `CryptoJS.AES.encrypt(name, sessionId)` and `openssl enc` write.
    CryptoJs,
    /// AES-256-GCM under SHA-256 of the session ID.
    GcmSha256,
    /// AES-256-GCM under the 32 characters of the session ID.
    GcmRaw32,
    /// AES-256-CBC under the 32 characters of the session ID.
    CbcRaw32,
    /// Not encrypted.
    Plain,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Self; 6] =
        [Self::Partway, Self::CryptoJs, Self::GcmSha256, Self::GcmRaw32, Self::CbcRaw32, Self::Plain];

    /// What the JavaScript API calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Partway => "partway",
            Self::CryptoJs => "cryptojs",
            Self::GcmSha256 => "gcm-sha256",
            Self::GcmRaw32 => "gcm-raw32",
            Self::CbcRaw32 => "cbc-raw32",
            Self::Plain => "plain",
        }
    }

    /// The scheme the JavaScript API calls so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scheme| scheme.as_str() == text)
    }

    /// Whether a name read in it was proven to come from a holder of the session ID.
    #[must_use]
    pub const fn authenticates(self) -> bool {
        matches!(self, Self::Partway | Self::GcmSha256 | Self::GcmRaw32)
    }
}

#[cfg(test)]
mod tests {
    use super::Scheme;

    #[test]
    fn every_scheme_has_a_word_of_its_own() {
        for scheme in Scheme::ALL {
            assert_eq!(Scheme::parse(scheme.as_str()), Some(scheme));
        }
        for word in ["", "Partway", "plain ", "none", "gcm"] {
            assert_eq!(Scheme::parse(word), None, "{word}");
        }
    }
}
