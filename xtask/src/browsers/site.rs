//! The test pages and the package, as any static server would serve them.
use axum::{
    Router,
    http::{
        HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY},
    },
};
use tokio::net::TcpListener;
use tower_http::{services::ServeDir, set_header::SetResponseHeaderLayer};

use super::element;
use crate::workspace::Workspace;

/// What the pages below `/strict` may do: no more than the README asks of a page that uses the package.
const STRICT: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    connect-src 'self' http://127.0.0.1:*; require-trusted-types-for 'script'; trusted-types 'none'";

/// Serves the folders `contract`, `matrix`, `element` and `vectors` of `tests/`, `pkg/`, `tests/element/strict` under a
/// strict policy at `/strict/`, and what the element's tests take from npm at `/tools/`, until the runtime ends.
pub async fn serve(listener: TcpListener, workspace: Workspace) {
    let strict = Router::new()
        .fallback_service(ServeDir::new(workspace.path("tests/element/strict")))
        .layer(set(CONTENT_SECURITY_POLICY, STRICT));
    let site = Router::new()
        .nest_service("/contract", ServeDir::new(workspace.path("tests/contract")))
        .nest_service("/matrix", ServeDir::new(workspace.path("tests/matrix")))
        .nest_service("/element", ServeDir::new(workspace.path("tests/element")))
        .nest("/strict", strict)
        .nest_service("/tools", ServeDir::new(element::tools(&workspace).join("node_modules")))
        .nest_service("/vectors", ServeDir::new(workspace.path("tests/vectors")))
        .nest_service("/pkg", ServeDir::new(workspace.path("pkg")))
        .layer(set(CACHE_CONTROL, "no-store"));
    if let Err(error) = axum::serve(listener, site).await {
        eprintln!("the test site stopped: {error}");
    }
}

fn set(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}
