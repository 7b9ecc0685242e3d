//! The test pages and the package, as any static server would serve them.
use axum::{
    Router,
    http::{HeaderValue, header::CACHE_CONTROL},
};
use tokio::net::TcpListener;
use tower_http::{services::ServeDir, set_header::SetResponseHeaderLayer};

use crate::workspace::Workspace;

/// Serves `tests/contract/` at `/contract/`, `tests/matrix/` at `/matrix/`, `tests/vectors/` at `/vectors/` and `pkg/` at `/pkg/` until the runtime ends.
pub async fn serve(listener: TcpListener, workspace: Workspace) {
    let site = Router::new()
        .nest_service("/contract", ServeDir::new(workspace.path("tests/contract")))
        .nest_service("/matrix", ServeDir::new(workspace.path("tests/matrix")))
        .nest_service("/vectors", ServeDir::new(workspace.path("tests/vectors")))
        .nest_service("/pkg", ServeDir::new(workspace.path("pkg")))
        .layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, HeaderValue::from_static("no-store")));
    if let Err(error) = axum::serve(listener, site).await {
        eprintln!("the test site stopped: {error}");
    }
}
