//! Which answers come from another service than was asked.

/// Whether the answer of `answered` is not the service's that was asked at `asked`, to which alone the file, the token
/// and the API key go: it has another origin or another path. Another query or fragment is the same service's: no
/// redirect of the service is needed for it, as a page's service worker may add one to each request.
///
/// A way of sending that is not told where the answer came from gives no `answered`.
pub fn is_elsewhere(asked: &str, answered: Option<&str>) -> bool {
    answered.is_some_and(|answered| !answered.is_empty() && place(asked) != place(answered))
}

/// Origin and path. Both URLs are as the browser writes them.
fn place(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}
