//! Which answers come from another service than was asked.

/// Whether the answer of `answered` is not the service's that was asked at `asked`, to which alone the file, the token
/// and the API key go: it has another origin. Another address of the same origin is the same service's: no redirect is
/// needed for it, as a page's service worker may ask for any in the place of each request.
///
/// A way of sending that is not told where the answer came from gives no `answered`.
pub fn is_elsewhere(asked: &str, answered: Option<&str>) -> bool {
    answered.is_some_and(|answered| !answered.is_empty() && !origin(asked).eq(origin(answered)))
}

/// Scheme, host and port. Both URLs are as the browser writes them.
fn origin(url: &str) -> impl Iterator<Item = &[u8]> {
    url.as_bytes().split(|byte| b"/?#".contains(byte)).take(3)
}
