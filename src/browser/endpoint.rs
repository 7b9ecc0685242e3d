//! Where the API is.

use web_sys::Url;

/// A base URL, checked.
pub struct Endpoint {
    base: String,
    is_http: bool,
}

impl Endpoint {
    /// Reads a base URL: `https`, or `http` on a loopback host; no user, query or fragment.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::new(text).map_err(|_| "must be an absolute URL")?;
        let is_http = url.protocol() == "http:";
        if url.protocol() != "https:" && !(is_http && is_loopback(&url.hostname())) {
            return Err("must be https, or http on a loopback host");
        }
        if !url.username().is_empty() || !url.password().is_empty() {
            return Err("must not hold a user or password");
        }
        // `search` and `hash` are empty for a lone `?` or `#` too.
        if text.bytes().any(|byte| b"?#".contains(&byte)) {
            return Err("must not have a query or fragment");
        }
        let mut base = [url.origin(), url.pathname()].concat();
        while base.ends_with('/') {
            base.pop();
        }
        Ok(Self { base, is_http })
    }

    /// The base URL: origin and path, without slashes at its end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The URL of a request's path.
    pub fn url(&self, path: &str) -> String {
        [&self.base, path].concat()
    }

    /// Whether a download link may be followed: `https`, or `http` on a loopback host if the API is there too.
    pub fn trusts_link(&self, link: &str) -> bool {
        Url::new(link).is_ok_and(|url| {
            let scheme = url.protocol();
            let plain = scheme == "http:" && self.is_http && is_loopback(&url.hostname());
            (scheme == "https:" || plain) && url.username().is_empty() && url.password().is_empty()
        })
    }
}

fn is_loopback(host: &str) -> bool {
    // A URL parser writes every form of an IPv4 address as four numbers, and no name ends in one.
    let is_v4 = || host.starts_with("127.") && host.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit());
    host == "localhost" || host.ends_with(".localhost") || host == "[::1]" || is_v4()
}
