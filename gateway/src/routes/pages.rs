//! The static pages: the demo and the browser package.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use percent_encoding::percent_decode_str;
use tower_http::services::ServeDir;

use crate::config::Config;
use crate::state::Shared;

/// What a page may do: run its own scripts and WebAssembly, talk to its own origin, nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'";

/// What is no page, however it is opened: it needs no policy. Scripts have none, since that of a worker would be its
/// own.
const STILL: [&str; 13] = [
    "text/javascript",
    "text/css",
    "text/plain",
    "text/markdown",
    "application/json",
    "application/wasm",
    "application/octet-stream",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "font/woff2",
];

/// The folders that `config` names: `--www` at `/` and `--pkg` at `/pkg/`.
pub(super) fn router(config: &Config) -> Router<Shared> {
    let mut router = Router::new();
    if let Some(pkg) = &config.pkg {
        router = router.nest_service("/pkg", folder(pkg));
    }
    router = match &config.www {
        Some(www) => router.fallback_service(folder(www)),
        None => router.fallback(super::nothing_here),
    };
    router.layer(from_fn(page_headers))
}

/// What is in a folder, but for hidden files and for what is there by a link only.
fn folder(root: &Path) -> Router {
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    Router::new().fallback_service(ServeDir::new(&root)).layer(from_fn_with_state(Arc::<Path>::from(root), only_inside))
}

async fn only_inside(State(root): State<Arc<Path>>, request: Request, next: Next) -> Response {
    let path = percent_decode_str(request.uri().path()).decode_utf8_lossy();
    let asked = root.join(path.trim_start_matches('/'));
    let hidden = path.split(['/', '\\']).any(|segment| segment.starts_with('.'));
    // A folder is answered with its index.
    if hidden || leads_out(&root, &asked).await || leads_out(&root, &asked.join("index.html")).await {
        return super::nothing_here().await.into_response();
    }
    next.run(request).await
}

/// Whether a link takes a path out of the folder, or to a hidden file in it. What is not there leads nowhere.
async fn leads_out(root: &Path, path: &Path) -> bool {
    let Ok(real) = tokio::fs::canonicalize(path).await else { return false };
    let hidden = |inside: &Path| inside.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."));
    real.strip_prefix(root).map_or(true, hidden)
}

async fn page_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !STILL.contains(&essence.as_str()) {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    }
    if essence == "text/html" {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    }
    response
}
