//! Which pages of other origins may call the API, and what they may send and see.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, Uri, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::config::Config;

/// The CORS rules of `config` for a gateway that is `own` origin. Headers are allowed by name: the documented ones, no
/// others. No cookies are involved, and the origin `null` never is allowed.
pub(crate) fn layer(config: &Config, own: String) -> CorsLayer {
    let mut origins = vec![own];
    origins.extend(config.public_url.iter().map(|url| url.origin.clone()));
    origins.extend(config.allow_origins.iter().cloned());
    let loopback = config.allow_origins.is_empty();
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin: &HeaderValue, _: &_| {
            let Ok(origin) = origin.to_str() else { return false };
            origins.iter().any(|allowed| allowed == origin) || loopback && is_loopback_origin(origin)
        }))
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("partnumber"),
            HeaderName::from_static("key"),
            HeaderName::from_static("uploadid"),
            HeaderName::from_static("x-api-key"),
        ])
        .expose_headers([
            header::RETRY_AFTER,
            header::CONTENT_RANGE,
            header::CONTENT_LENGTH,
            header::ETAG,
            header::CONTENT_DISPOSITION,
        ])
        .max_age(Duration::from_secs(7200))
}

/// Whether `host`, as a URL spells it, always means this machine.
pub(crate) fn is_loopback_host(host: &str) -> bool {
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| host.eq_ignore_ascii_case(name))
}

fn is_loopback_origin(origin: &str) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else { return false };
    // An origin has no path and no user; `Uri` gives "/" for the former.
    let bare = !origin.ends_with('/') && uri.path() == "/" && uri.query().is_none() && !origin.contains('@');
    bare && matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(is_loopback_host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_origins_are_told_from_lookalikes() {
        for origin in ["http://localhost", "http://localhost:8787", "https://127.0.0.1:1", "http://[::1]:9"] {
            assert!(is_loopback_origin(origin), "{origin}");
        }
        for origin in [
            "null",
            "localhost",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "http://evil.example",
            "http://localhost@evil.example",
            "http://evil@localhost",
            "http://localhost/",
            "http://localhost/x",
            "ftp://localhost",
            "",
        ] {
            assert!(!is_loopback_origin(origin), "{origin}");
        }
    }
}
